"""The layout of one diagnostic for people: place, source lines with marks, facts and help."""

import re
from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.report.cells import cells, plain
from cpc.compiler.source import SourceFile, Sources, Span

__all__ = ["Line", "concise", "pretty"]

Line = list[tuple[str, str]]
"""Pieces of one line: (style name, text); style "" is plain."""

_NAMED = re.compile(r"[a-z][a-z -]{0,24}: ")


class _Mark(Struct, frozen=True):
    """Underlines characters [first, last) of one line; `label` stands behind the underline."""

    line: int
    first: int
    last: int
    primary: bool
    label: str

    @property
    def sign(self) -> str:
        return "^" if self.primary else "-"


def _marks(source: SourceFile, span: Span, label: str, primary: bool) -> tuple[list[_Mark], bool]:
    """The marks of one span, and whether lines between its first and last are left out.

    White space at the end of a span is not marked: parsers of others count it in.
    """
    length = max(1, len(source.text[span.start : span.end].rstrip()))
    end = source.span(span.start + length - 1, span.start + length)
    if end.line == span.line:
        first = span.column - 1
        return [_Mark(span.line, first, first + length, primary, label)], False
    opening = source.line(span.line)
    closing = source.line(end.line)
    indent = len(closing) - len(closing.lstrip())
    begin = _Mark(span.line, span.column - 1, max(span.column, len(opening)), primary, "")
    finish = _Mark(end.line, min(indent, end.column - 1), end.column, primary, label)
    return [begin, finish], end.line - span.line > 1


def _header(diagnostic: Diagnostic) -> Line:
    severity = str(diagnostic.severity)
    return [
        (severity, f"{severity}[{diagnostic.code}]"),
        ("message", f": {plain(diagnostic.message)}"),
    ]


def concise(diagnostic: Diagnostic) -> Line:
    """`file:line:column: error[CODE] message` on one line; `cpc:` where there is no place."""
    severity = str(diagnostic.severity)
    span = diagnostic.span
    place = f"{plain(span.file)}:{span.line}:{span.column}" if span else "cpc"
    return [
        ("", f"{place}: "),
        (severity, f"{severity}[{diagnostic.code}]"),
        ("", f" {plain(diagnostic.message)}"),
    ]


def _source_lines(
    source: SourceFile, marks: list[_Mark], gaps: set[int], gutter: int, room: int, style: str
) -> Iterator[Line]:
    """Each marked line with its underlines; `gaps` are lines after which text is left out."""
    numbers = sorted({mark.line for mark in marks})
    for number in numbers:
        here = sorted(
            (mark for mark in marks if mark.line == number),
            key=lambda mark: (mark.first, mark.last, not mark.primary),
        )
        first = min(mark.first for mark in here)
        last = max(mark.last for mark in here)
        line = cells(source.line(number), first, last, room)
        yield [("gutter", f"{number:>{gutter}} | "), ("", line.text)]
        for mark in here:
            start = line.column(mark.first)
            length = max(1, line.column(mark.last) - start)
            label = f" {plain(mark.label)}" if mark.label else ""
            yield [
                ("gutter", " " * gutter + " | "),
                (style if mark.primary else "second", " " * start + mark.sign * length + label),
            ]
        if number in gaps:
            yield [("gutter", "...")]


def _facts(diagnostic: Diagnostic, gutter: int) -> Iterator[Line]:
    named = [text if _NAMED.match(text) else f"note: {text}" for text in diagnostic.notes]
    named += [f"help: {text}" for text in diagnostic.help]
    for text in named:
        head, *rest = text.splitlines() or [""]
        yield [("gutter", " " * gutter + " = "), ("", plain(head))]
        for more in rest:
            yield [("", " " * (gutter + 3) + plain(more))]


def pretty(diagnostic: Diagnostic, sources: Sources, room: int) -> Iterator[Line]:
    """The lines of one diagnostic; the file of the primary span comes first."""
    yield _header(diagnostic)
    spans: list[tuple[Span, str, bool]] = []
    if diagnostic.span is not None:
        spans.append((diagnostic.span, diagnostic.label, True))
    spans += [(label.span, label.message, False) for label in diagnostic.labels]

    files: dict[str, tuple[Span, list[_Mark], set[int]]] = {}
    for span, label, primary in spans:
        _, marks, gaps = files.setdefault(span.file, (span, [], set()))
        if span.file in sources:
            made, gap = _marks(sources[span.file], span, label, primary)
            marks += made
            if gap:
                gaps.add(made[0].line)
    shown = [mark.line for _, marks, _ in files.values() for mark in marks]
    gutter = len(str(max(shown, default=0)))
    for number, (name, (span, marks, gaps)) in enumerate(files.items()):
        arrow = ":::" if number else "-->"
        place = f"{plain(name)}:{span.line}:{span.column}"
        yield [("gutter", " " * gutter + f"{arrow} "), ("", place)]
        if marks:
            yield [("gutter", " " * gutter + " |")]
            yield from _source_lines(
                sources[name], marks, gaps, gutter, room, str(diagnostic.severity)
            )
    yield from _facts(diagnostic, gutter)
