"""Diagnostics as workflow commands of GitHub Actions: annotations at the lines of a pull request."""

from collections.abc import Sequence

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.report.places import facts, path_of, region
from cpc.compiler.source import Sources

__all__ = ["github"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(found: Sequence[Diagnostic], sources: Sources) -> str:
    """One command a line."""
    return "\n".join(_command(diagnostic, sources) for diagnostic in found)


def _command(diagnostic: Diagnostic, sources: Sources) -> str:
    properties: list[tuple[str, str | int]] = []
    if diagnostic.span is not None:
        at = region(diagnostic.span, sources)
        properties += [("file", path_of(diagnostic.span, sources)), ("line", at.line)]
        properties.append(("endLine", at.end_line))
        if at.line == at.end_line:  # GitHub refuses columns over several lines
            properties += [("col", at.column), ("endColumn", at.end_column)]
    properties.append(("title", diagnostic.code))
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties)
    command = _COMMANDS[diagnostic.severity]
    return f"::{command} {said}::{_data(chr(10).join(facts(diagnostic)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
