"""The program `cpc`: parses the command line, runs the job, and ends every failure in one place."""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from itertools import zip_longest
from types import FrameType
from typing import NoReturn

import typer

from cpc.compiler.commands.app import app, command_names
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.job import Job
from cpc.compiler.commands.terminal import OutputError, Terminal, flush_answer
from cpc.compiler.commands.usage import usage_error
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.report import Format

__all__ = ["main", "run"]

_SIGNALLED = 128
"""A shell's exit code for a process that a signal ended is this plus the signal's number."""


def _asked_format(words: Sequence[str]) -> Format:
    """The format that an unparsed command line asks for, so that its own errors have it too."""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        value = following if word == "--format" else word.removeprefix("--format=")
        if word.startswith("--format") and value in list(Format):
            return Format(value)
    return Format.PRETTY


def _discard_output() -> None:
    """Points standard output nowhere, so that the interpreter's last flush cannot fail."""
    if sys.stdout is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _parse(words: Sequence[str]) -> Job | int:
    """The job that the words ask for; an exit code where help or a version was all of it."""
    asked: Job | int = app(args=list(words), prog_name="cpc", standalone_mode=False)
    if isinstance(asked, int):
        flush_answer()
    return asked


def _perform(job: Job) -> int:
    code = job.body(job.terminal)
    flush_answer()
    if job.terminal.show_timings:
        job.terminal.say(job.terminal.timings.table())
    return code


def _internal(failure: Exception, terminal: Terminal) -> None:
    what = f"internal error: {type(failure).__name__}: {failure}"
    if terminal.verbose:
        terminal.say("".join(traceback.format_exception(failure)).rstrip())
        hints = ("report this with the traceback above, `cpc version`, and the policy",)
    else:
        hints = ("run it again with `-v` and report what it prints, `cpc version`, and the policy",)
    terminal.report([error("CPC099", what, help=hints)])


def _guarded(terminal: Terminal, work: Callable[[], Job | int]) -> Job | int:
    """Does the work; every way in which it can fail becomes an exit code and a short message."""
    try:
        return work()
    except typer.TyperException as problem:
        terminal.report([usage_error(problem, command_names())])
        return Exit.INPUT
    except InputError as failure:
        terminal.report(failure.diagnostics)
        return Exit.INPUT
    except OutputError as failure:
        _discard_output()
        terminal.report([error("CPC081", f"cannot write the answer: {failure}")])
        return Exit.INPUT
    except BrokenPipeError:
        _discard_output()
        return _SIGNALLED + signal.SIGPIPE
    except (KeyboardInterrupt, typer.Abort):
        return _SIGNALLED + signal.SIGINT
    except Exception as failure:  # noqa: BLE001 - the last boundary: no user sees a bare traceback
        _internal(failure, terminal)
        return Exit.INTERNAL


def run(words: Sequence[str]) -> int:
    """Runs one command line, given without the program's name, and returns its exit code."""
    terminal = Terminal(format=_asked_format(words))
    job = _guarded(terminal, lambda: _parse(words))
    if isinstance(job, int):
        return job
    ended = _guarded(job.terminal, lambda: _perform(job))
    assert isinstance(ended, int)
    return ended


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(_SIGNALLED + signal.SIGTERM)


_COLLECT_AFTER = 10_000_000
"""New objects after which Python looks for cycles. Trees are large and have none: looking after every
700 of them, as Python would, takes half the time of a large policy, after every 2,000,000 a tenth.
"""


def _leave(code: int) -> NoReturn:
    """Ends without taking everything apart first, which takes a tenth of the time of a large policy."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # nobody's answer: that was flushed before
            stream.flush()
    os._exit(code)


def main() -> NoReturn:
    """The console script. SIGTERM ends it like an exception does, so that `with` blocks clean up."""
    gc.set_threshold(_COLLECT_AFTER)
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    _leave(run(sys.argv[1:]))
