"""Where a command's words go: the answer to standard output, everything else to standard error."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TextIO

from msgspec import Struct, field
from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.report import DOCUMENTS, Format, Look, render, summary
from cpc.compiler.source import Sources
from cpc.compiler.timings import Timings

__all__ = ["Color", "OutputError", "Terminal", "flush_answer"]


class Color(StrEnum):
    """`auto`: when writing to a terminal, and neither NO_COLOR nor TERM=dumb says otherwise."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class OutputError(Exception):
    """The answer could not be written; the message says why."""


@contextmanager
def _output() -> Iterator[None]:
    """Failures of standard output as OutputError; a reader that left stays a BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as failure:
        raise OutputError((failure.strerror or str(failure)).lower()) from failure


def flush_answer() -> None:
    """Writes out what is buffered; here a full disk or a reader that left is noticed."""
    if sys.stdout is not None:
        with _output():
            sys.stdout.flush()


class Terminal(Struct):
    """The options that every command has, and the two streams.

    `sources` collects every text read, so that whoever reports can show its lines. `fail_level`: from
    there on a diagnostic makes the run fail, for the formats that say so.
    """

    format: Format = Format.PRETTY
    color: Color = Color.AUTO
    verbose: bool = False
    show_timings: bool = False
    timings: Timings = field(default_factory=Timings)
    sources: Sources = field(default_factory=dict)
    fail_level: Severity = Severity.WARNING

    def colored(self, stream: TextIO | None) -> bool:
        """Whether to colour what goes to `stream`."""
        match self.color:
            case Color.ALWAYS:
                return True
            case Color.NEVER:
                return False
            case Color.AUTO:
                return (
                    stream is not None
                    and stream.isatty()
                    and not os.environ.get("NO_COLOR")
                    and os.environ.get("TERM") != "dumb"
                )

    def answer(self, text: str, look: str = "") -> None:
        """Writes to standard output at once, in a colour where there are colours.

        Raises OutputError where that cannot be. Flushed, so that what is said after it comes after it.
        """
        if sys.stdout is None:
            raise OutputError("standard output is closed")
        if look and self.colored(sys.stdout):
            from rich.style import Style

            text = Style.parse(look).render(text)
        with _output():
            sys.stdout.write(text)
            sys.stdout.flush()

    def answer_bytes(self, data: bytes) -> None:
        """Writes bytes to standard output as they are."""
        if sys.stdout is None:
            raise OutputError("standard output is closed")
        with _output():
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def say(self, text: str) -> None:
        """Writes one line for people to standard error, if there is one."""
        if sys.stderr is not None:
            print(text, file=sys.stderr)

    def _look(self, stream: TextIO | None) -> Look:
        wide = stream is not None and stream.isatty()
        width = shutil.get_terminal_size().columns - 8 if wide else 120
        look = Look(self.format, self.colored(stream), width, self.fail_level)
        if self.format is Format.SARIF:
            from cpc.compiler.lint.pages import PAGES

            return replace(look, pages=PAGES)
        return look

    def report(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Diagnostics beside an answer: to standard error, with a line that counts them."""
        found = tuple(diagnostics)
        if found:
            self.say(render(found, self.sources, self._look(sys.stderr)))
        self._count(found)

    def answer_report(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Diagnostics that are the answer; the line that counts them goes to standard error."""
        found = tuple(diagnostics)
        if found or self.format in DOCUMENTS:
            self.answer(render(found, self.sources, self._look(sys.stdout)) + "\n")
        self._count(found)

    def _count(self, found: tuple[Diagnostic, ...]) -> None:
        if found and self.format not in DOCUMENTS:
            self.say(f"cpc: {summary(found)}")

    @contextmanager
    def progress(self, words: str) -> Iterator[Callable[[str], None]]:
        """Shows that something is going on while the block runs, where a person is looking.

        The block may say how far it is.
        """
        if self.format is not Format.PRETTY or sys.stderr is None or not sys.stderr.isatty():
            yield lambda words: None
            return
        from rich.console import Console

        with Console(stderr=True, no_color=not self.colored(sys.stderr)).status(words) as status:
            yield status.update
