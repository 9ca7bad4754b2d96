"""Every malformed text in `cases/` has exactly the diagnostics that it names."""

from pathlib import Path

import pytest

from cpc.compiler.codes.syntax import SYNTAX
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse
from tests.case_runner import cases, check, expected

CASES = cases(Path(__file__).parent / "cases")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    _, diagnostics = parse(SourceFile(path.name, path.read_text(encoding="utf-8")))
    check(path, diagnostics)


def test_every_syntax_code_has_a_case() -> None:
    covered = {one.code for path in CASES for one in expected(path)}
    assert covered == {page.code for page in SYNTAX}
