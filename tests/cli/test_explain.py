"""`cpc explain` for words that it does not know."""

import pytest

from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]


def test_an_unknown_code_keeps_its_spelling(capsys: Captured) -> None:
    assert run(["explain", "nope"]) == 2
    said = capsys.readouterr().err
    assert "there is no code `nope`" in said
    assert "`cpc explain CODE`" in said and "`cpc explain nope FILE...`" in said


def test_a_code_in_lower_case_gets_a_guess(capsys: Captured) -> None:
    assert run(["explain", "cpc0800"]) == 2
    said = capsys.readouterr().err
    assert "there is no code `cpc0800`" in said and "did you mean `CPC080`?" in said
