"""Diagnostics as text: sorted by place, each said once, in the form that was asked for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.report.pretty import Line, concise, pretty
from cpc.compiler.source import Sources

if TYPE_CHECKING:
    from cpc.compiler.codes.page import Page

__all__ = ["DOCUMENTS", "PLAIN", "Format", "Look", "ordered", "render", "summary"]


class Format(StrEnum):
    """Pretty is for people, concise for editors and grep, json for programs, the others for what shows
    findings beside a change.
    """

    PRETTY = "pretty"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    GITLAB = "gitlab"


DOCUMENTS = frozenset({Format.JSON, Format.SARIF, Format.JUNIT, Format.GITLAB})
"""Formats that are one document, even when there is nothing to say."""

PLAIN = frozenset({Format.PRETTY, Format.CONCISE, Format.JSON})
"""Formats that every command has."""


class Look(Struct, frozen=True):
    """How to render: `width` is the room for one line of source text, in terminal columns.

    `fail_level`: from there on a diagnostic makes the run fail. `pages` describe codes, where a format
    has room for it.
    """

    format: Format = Format.PRETTY
    color: bool = False
    width: int = 120
    fail_level: Severity = Severity.WARNING
    pages: "Mapping[str, Page]" = field(default_factory=dict)


_COLORS = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "message": "bold",
    "gutter": "blue",
    "second": "blue",
}


def ordered(diagnostics: Iterable[Diagnostic], sources: Sources) -> tuple[Diagnostic, ...]:
    """Without repeats, by place; files in the order in which they were read, no place first."""
    files = {name: number for number, name in enumerate(sources)}

    def key(diagnostic: Diagnostic) -> tuple[int, str, int, int, str, str]:
        span = diagnostic.span
        if span is None:
            return (-1, "", 0, 0, diagnostic.code, diagnostic.message)
        order = files.get(span.file, len(files))
        return (order, span.file, span.start, span.end, diagnostic.code, diagnostic.message)

    return tuple(sorted(dict.fromkeys(diagnostics), key=key))


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`; empty when there is nothing to count."""
    counts = Counter(diagnostic.severity for diagnostic in set(diagnostics))
    parts = [
        f"{counts[severity]} {severity}{'s' if counts[severity] > 1 else ''}"
        for severity in Severity
        if counts[severity]
    ]
    return ", ".join(parts)


def _text(lines: Iterable[Line], color: bool) -> str:
    if not color:
        return "\n".join("".join(text for _, text in line).rstrip() for line in lines)
    from rich.style import Style

    styles = {name: Style.parse(look) for name, look in _COLORS.items()}
    return "\n".join(
        "".join(styles[style].render(text) if style in styles else text for style, text in line)
        for line in lines
    )


def render(diagnostics: Iterable[Diagnostic], sources: Sources, look: Look) -> str:
    """All diagnostics as one text without a final line end."""
    found = ordered(diagnostics, sources)
    match look.format:
        case Format.JSON:
            from cpc.compiler.report.document import document

            return document(found, sources)
        case Format.SARIF:
            from cpc.compiler.report.sarif import sarif

            return sarif(found, sources, look.pages)
        case Format.JUNIT:
            from cpc.compiler.report.junit import junit

            return junit(found, sources, look.fail_level)
        case Format.GITHUB:
            from cpc.compiler.report.github import github

            return github(found, sources)
        case Format.GITLAB:
            from cpc.compiler.report.gitlab import gitlab

            return gitlab(found, sources)
        case Format.CONCISE:
            return _text((concise(diagnostic) for diagnostic in found), look.color)
        case Format.PRETTY:
            blocks = (_text(pretty(d, sources, look.width), look.color) for d in found)
            return "\n\n".join(blocks)
        case _:
            assert_never(look.format)
