"""Places of diagnostics as other programs count them, and names for diagnostics that outlive line moves."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.source import Sources, Span
from cpc.compiler.text import STDIN

__all__ = ["Region", "facts", "fingerprints", "path_of", "region"]


class Region(Struct, frozen=True):
    """A span by lines and columns, both from 1; the end column is the one behind the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


def region(span: Span, sources: Sources) -> Region:
    """Where a span begins and ends; white space at its end is not counted in."""
    source = sources.get(span.file)
    if source is None:
        width = max(1, span.end - span.start)
        return Region(span.line, span.column, span.line, span.column + width)
    length = max(1, len(source.text[span.start : span.end].rstrip()))
    last = source.span(span.start + length - 1, span.start + length)
    return Region(span.line, span.column, last.line, last.column + 1)


def path_of(span: Span | None, sources: Sources) -> str:
    """The file of a span as a relative path; of no span, the first file that was read."""
    name = span.file if span is not None else next(iter(sources), "")
    return "stdin" if name == STDIN else name.removeprefix("./") or "."


def facts(diagnostic: Diagnostic) -> tuple[str, ...]:
    """The message, and each further thing that a diagnostic says, one a line."""
    named = [f"{label.span.line}: {label.message}" for label in diagnostic.labels]
    return (
        diagnostic.message,
        *([diagnostic.label] if diagnostic.label else []),
        *(f"line {text}" for text in named),
        *diagnostic.notes,
        *(f"help: {text}" for text in diagnostic.help),
    )


def fingerprints(found: Sequence[Diagnostic], sources: Sources) -> Iterator[str]:
    """A name for each, in order: of its code, file, and the text it is about, wherever that moves to.

    Equal ones are numbered.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for diagnostic in found:
        key = (diagnostic.code, path_of(diagnostic.span, sources), _text(diagnostic, sources))
        seen[key] += 1
        whole = "\0".join((*key, str(seen[key])))
        yield hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _text(diagnostic: Diagnostic, sources: Sources) -> str:
    span = diagnostic.span
    if span is None or span.file not in sources:
        return diagnostic.message
    return " ".join(sources[span.file].text[span.start : span.end].split())
