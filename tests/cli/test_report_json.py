"""The published JSON form."""

import json
from pathlib import Path

from cpc.compiler.diagnostics import Label, error, note, warning
from cpc.compiler.report import Format, Look, render, summary
from cpc.compiler.report.document import SCHEMA, Document, schema
from cpc.compiler.source import SourceFile

PUBLISHED = Path(__file__).parents[2] / "docs/schema/diagnostics.schema.json"
SOURCE = SourceFile("a.cil", "one\ntwo\n")


def test_the_published_schema_is_the_one_in_use() -> None:
    assert PUBLISHED.read_text() == schema(), (
        "run `python -m cpc.compiler.report.document > docs/schema/diagnostics.schema.json`"
    )


def test_a_diagnostic_with_everything() -> None:
    found = error(
        "CPC203",
        "m",
        SOURCE.span(0, 5),
        label="l",
        labels=(Label(SOURCE.span(4, 7), "there"),),
        notes=("n",),
        help="h",
    )
    document = json.loads(render([found], {"a.cil": SOURCE}, Look(Format.JSON)))
    two = {
        "file": "a.cil",
        "start": {"line": 2, "column": 1, "offset": 4},
        "end": {"line": 2, "column": 4, "offset": 7},
    }
    assert document == {
        "schema": SCHEMA,
        "diagnostics": [
            {
                "code": "CPC203",
                "severity": "error",
                "message": "m",
                "place": {
                    "file": "a.cil",
                    "start": {"line": 1, "column": 1, "offset": 0},
                    "end": {"line": 2, "column": 2, "offset": 5},
                },
                "label": "l",
                "labels": [{"place": two, "message": "there"}],
                "notes": ["n"],
                "help": ["h"],
            }
        ],
        "summary": {"errors": 1, "warnings": 0, "notes": 0},
    }


def test_nothing_to_say_is_a_document_too() -> None:
    document = Document.model_validate_json(render([], {}, Look(Format.JSON)))
    assert document.diagnostics == ()


def test_text_outside_ascii_survives() -> None:
    found = warning("CPC300", "`\N{SNOWMAN}\udcff`")
    text = render([found], {}, Look(Format.JSON))
    assert text.isascii()
    assert json.loads(text)["diagnostics"][0]["message"] == found.message


def test_the_summary_counts_each_diagnostic_once() -> None:
    one = error("CPC300", "a")
    assert summary(
        [one, one, error("CPC300", "b"), warning("CPC300", "c"), note("CPC300", "d")]
    ) == ("2 errors, 1 warning, 1 note")
    assert summary([]) == ""
