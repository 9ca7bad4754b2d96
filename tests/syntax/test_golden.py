"""Good texts, with their trees and their layout beside them; `--update-goldens` rewrites those."""

from pathlib import Path

import pytest

from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from tests.syntax.dump import dump

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
GOOD = [
    *sorted((Path(__file__).parent / "good").glob("*.cil")),
    ROOT / "examples/language/tour.cil",
]


def _compare(path: Path, text: str, update: bool) -> None:
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing: run pytest with --update-goldens"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_tree(path: Path, update_goldens: bool) -> None:
    file, diagnostics = parse(SourceFile(path.name, path.read_text(encoding="utf-8")))
    assert diagnostics == []
    _compare(GOLDEN / f"{path.stem}.tree", dump(file), update_goldens)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_layout(path: Path, update_goldens: bool) -> None:
    file, _ = parse(SourceFile(path.name, path.read_text(encoding="utf-8")))
    text = format_file(file)
    assert parse(SourceFile(path.name, text))[0] == file
    _compare(GOLDEN / f"{path.stem}.formatted", text, update_goldens)
