"""Every example of the reference parses, or has just the error that it is shown for; the tour is clean."""

import re
from pathlib import Path

import pytest

from cpc.compiler.pipeline import Options, front
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from cpc.compiler.syntax.stretches import trees
from cpc.compiler.timings import Timings

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/language.md").read_text(encoding="utf-8")
BLOCKS = [
    (DOCUMENT.count("\n", 0, found.start()) + 1, found[1], found[2])
    for found in re.finditer(
        r"^```cil(?: error=(CPC\d{3}))?\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL
    )
]

NOT_ENFORCED = re.compile(r"CPC4\d\d")
"""Notes of what this version does not enforce: the tour has all of the language."""


def test_the_document_has_examples() -> None:
    assert len(BLOCKS) > 20
    assert DOCUMENT.count("```cil") == len(BLOCKS)


@pytest.mark.parametrize(("line", "code", "text"), BLOCKS, ids=[f"line{b[0]}" for b in BLOCKS])
def test_example(line: int, code: str | None, text: str) -> None:
    start = "" if text.startswith("language") else "language 1\n"
    file, found = parse(SourceFile(f"language.md:{line}", start + text))
    assert [d.code for d in found] == ([code] if code else [])
    if not code:
        again, problems = parse(SourceFile(file.name, format_file(file)))
        assert problems == [] and again == file


def test_the_tour_is_right_and_formatted() -> None:
    path = ROOT / "examples/language/tour.cil"
    found = front([str(path)], Options(), Timings())
    assert not found.failed
    assert [d for d in found.diagnostics if not NOT_ENFORCED.fullmatch(d.code)] == []
    for file in trees(found.written):
        assert format_file(file) == found.sources[file.name].text
