"""Diagnostics as a JSON document whose schema is published and versioned.

`python -m cpc.compiler.report.document` prints the schema: `docs/schema/diagnostics.schema.json` is its
output. A field may be added within a version; the version changes when one is removed or changed.
"""

import json
from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticSerializationError

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.source import SourceFile, Sources, Span

__all__ = ["SCHEMA", "Document", "document", "schema"]

SCHEMA: Final = "cpc.diagnostics/1"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Position(_Model):
    """A place in a text: `line` and `column` from 1, `offset` in characters from 0."""

    line: int = Field(ge=1)
    column: int = Field(ge=1)
    offset: int = Field(ge=0)


class Place(_Model):
    """The characters from `start` up to, but not including, `end`."""

    file: str
    start: Position
    end: Position


class Marked(_Model):
    """A further place that explains the first."""

    place: Place
    message: str


class Finding(_Model):
    """One diagnostic."""

    code: str = Field(pattern=r"^CPC[0-9]{3}$")
    severity: Literal["error", "warning", "note"]
    message: str
    place: Place | None = Field(description="null: it is about no place in a text")
    label: str
    labels: tuple[Marked, ...]
    notes: tuple[str, ...]
    help: tuple[str, ...]


class Summary(_Model):
    """How many there are of each severity."""

    errors: int = Field(ge=0)
    warnings: int = Field(ge=0)
    notes: int = Field(ge=0)


class Document(_Model):
    """Everything that one run of cpc has to say."""

    schema_: Literal["cpc.diagnostics/1"] = Field(alias="schema")
    diagnostics: tuple[Finding, ...] = Field(description="sorted by place, without repeats")
    summary: Summary


def _place(span: Span, sources: Sources) -> Place:
    start = Position(line=span.line, column=span.column, offset=span.start)
    source = sources.get(span.file)
    if source is None:
        width = span.end - span.start
        end = Position(line=span.line, column=span.column + width, offset=span.end)
    else:
        end = _position(source, span.end)
    return Place(file=span.file, start=start, end=end)


def _position(source: SourceFile, offset: int) -> Position:
    at = source.span(offset, offset)
    return Position(line=at.line, column=at.column, offset=offset)


def _finding(diagnostic: Diagnostic, sources: Sources) -> Finding:
    return Finding(
        code=diagnostic.code,
        severity=diagnostic.severity.value,
        message=diagnostic.message,
        place=None if diagnostic.span is None else _place(diagnostic.span, sources),
        label=diagnostic.label,
        labels=tuple(
            Marked(place=_place(label.span, sources), message=label.message)
            for label in diagnostic.labels
        ),
        notes=diagnostic.notes,
        help=diagnostic.help,
    )


def document(diagnostics: Iterable[Diagnostic], sources: Sources) -> str:
    """The JSON text of diagnostics that are already sorted; ASCII only, so any terminal shows it."""
    found = tuple(diagnostics)
    severities = [diagnostic.severity for diagnostic in found]
    whole = Document(
        schema=SCHEMA,
        diagnostics=tuple(_finding(diagnostic, sources) for diagnostic in found),
        summary=Summary(
            errors=severities.count(Severity.ERROR),
            warnings=severities.count(Severity.WARNING),
            notes=severities.count(Severity.NOTE),
        ),
    )
    try:
        text = whole.model_dump_json(by_alias=True, indent=2)
    except PydanticSerializationError:  # half of a surrogate pair, in the name of a file
        text = ""
    if text and text.isascii() and "\x7f" not in text:
        return text
    return json.dumps(whole.model_dump(by_alias=True), indent=2)


def schema() -> str:
    """The JSON schema (draft 2020-12) of `document`, as it is published."""
    made = Document.model_json_schema(by_alias=True)
    made |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA}
    return json.dumps(made, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
