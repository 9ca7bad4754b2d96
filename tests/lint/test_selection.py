"""Which rules speak."""

import pytest

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.lint.selection import Selection, unknown_word, words_of
from cpc.compiler.lint.settings import Settings
from tests.lint.linting import linted


@pytest.mark.parametrize(
    ("select", "ignore", "code", "speaks"),
    [
        (["all"], [], "CPC202", True),
        (["all"], ["CPC202"], "CPC202", False),
        (["all"], ["cpc2"], "CPC202", False),
        (["all"], ["CPC2"], "CPC314", True),
        (["unused-definition"], [], "CPC202", True),
        (["unused-definition"], [], "CPC203", False),
        (["unused-definition"], ["CPC2"], "CPC202", True),
        (["CPC20"], ["CPC2"], "CPC202", True),
        (["CPC2"], ["CPC20"], "CPC202", False),
        (["CPC202"], ["CPC202"], "CPC202", False),
        (["CPC202"], ["unused-definition"], "CPC202", False),
        ([], [], "CPC202", False),
    ],
)
def test_the_more_exact_word_wins(
    select: list[str], ignore: list[str], code: str, speaks: bool
) -> None:
    assert Selection(tuple(select), tuple(ignore)).takes(code) is speaks


def test_words_that_mean_nothing() -> None:
    assert unknown_word("all") is None
    assert unknown_word("CPC2") is None
    assert unknown_word("shadowed-rule") is None
    assert unknown_word("shadowd-rule") == "did you mean `shadowed-rule`?"
    assert str(unknown_word("CPC3022")).startswith("did you mean `CPC3")
    assert unknown_word("xyzzy") == "`cpc explain` lists the rules and codes"
    assert unknown_word("") is not None


def test_several_words_at_once() -> None:
    assert words_of(["CPC2, dead-rule", "all,"]) == ("CPC2", "dead-rule", "all")


UNUSED = 'endpoints web = { app = "web" }\ndefault deny ingress for all'


def codes(settings: Settings) -> list[str]:
    return [d.code for d in linted(UNUSED, settings=settings)]


def test_what_is_not_selected_does_not_speak() -> None:
    assert codes(Settings()) == ["CPC202"]
    assert codes(Settings(Selection(("dead-rule",)))) == []
    assert codes(Settings(Selection(ignore=("unused-definition",)))) == []


def test_a_severity_is_chosen() -> None:
    (one,) = linted(UNUSED, settings=Settings(severities={"CPC202": Severity.ERROR}))
    assert one.severity is Severity.ERROR


def test_errors_of_the_input_always_speak() -> None:
    from cpc.compiler.lint.run import lint_errors

    told = [Diagnostic("CPC301", Severity.ERROR, "a"), Diagnostic("CPC202", Severity.WARNING, "b")]
    settings = Settings(Selection((), ("CPC3",)))
    assert [d.code for d in lint_errors((), {}, told, settings)] == ["CPC301"]
