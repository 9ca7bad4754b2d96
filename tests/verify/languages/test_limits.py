"""Expressions made to be slow: few states, or a clear answer within the limit; never a hang.

Counted are states, and the steps that bound the time; no clock is asked.
"""

import pytest

from cpc.compiler.policy.expressions import check_expression
from cpc.compiler.verify.languages.language import Language, expression_language
from cpc.compiler.verify.languages.limits import Allowance, TooLarge
from cpc.compiler.verify.languages.search import cells, witness

SMALL = 1_000


@pytest.mark.parametrize(
    ("expression", "states"),
    [
        ("(x+x+)+y", 4),
        ("(a|a)*", 1),
        ("(a|aa)+", 2),
        ("((a*)*)*b", 2),
        ("(.*a){20}", 21),
        (".*a.*b.*c.*d.*e.*f.*", 7),
        ("(a?){1000}", 1001),
        ("a{1000}", 1001),
        ("[a-z]{1,1000}", 1001),
        ("(.|..|...|....){100,200}", 801),
        ("(?s).*(a|b|c).{8}", 512),
        ("([a-c]|[b-d]|[c-e]){200}", 201),
        (r"[^\x{100}-\x{3000}]{300}", 301),
        (r"(\b.\B.|..){50}", 101),
        (r"(?i)(select|insert|update|delete)\b.*", 20),
        ("(^a|b$|^$)*", 3),
        ("|".join(f"(.*{c}.*)" for c in "abcdefghijklmnop"), 2),
        ("(" * 99 + "a" + "?)" * 99, 2),
        ("|".join(chr(c) for c in range(0x4E00, 0x4E00 + 2000)), 2),
        ("|".join(f"[^{chr(c)}]" for c in range(0x4E00, 0x4E00 + 500)), 2),
    ],
)
def test_small_in_the_end(expression: str, states: int) -> None:
    assert check_expression(expression) is None
    found = expression_language(expression)
    assert isinstance(found, Language)
    assert len(found.automaton) == states


@pytest.mark.parametrize(
    "expression",
    [
        ".*x.{20}",
        "(?s).*(a|b).{14}",
        "(ab?|b){500}",
        "(?:a*b*c*d*e*f*g*h*i*j*){400}",
        "(a?b?c?d?e?f?g?h?i?j?){400}",
        "|".join(f"[^{chr(c)}]" for c in range(0x4E00, 0x4E00 + 2000)),
        "(.*a.*b|.*b.*c|.*c.*d|.*d.*a.{10}){10}",
    ],
)
def test_too_large_says_which_expression(expression: str) -> None:
    assert check_expression(expression) is None
    found = expression_language(expression, SMALL)
    assert found == TooLarge((expression,), SMALL)
    assert str(found) == f"`{expression}` needs more than {SMALL} states"


def _containing(letters: str) -> list[Language]:
    found = [expression_language(f".*{c}.*") for c in letters]
    return [one for one in found if isinstance(one, Language)]


def test_a_text_outside_many_is_found_at_once() -> None:
    everything = expression_language(".*")
    assert isinstance(everything, Language)
    assert witness(everything, _containing("abcdefghijklmnopqrst"), Allowance(SMALL)) == ""
    some = expression_language(".*0")
    assert isinstance(some, Language)
    assert witness(some, _containing("abcdefghijklmnopqrst"), Allowance(SMALL)) == "0"


def test_a_product_that_is_too_large_names_its_expressions() -> None:
    ends = [expression_language(f".*{c}.{{6}}") for c in "abcd"]
    inside = expression_language(".*z.{7}")
    assert isinstance(inside, Language)
    found = cells(inside, [e for e in ends if isinstance(e, Language)], Allowance(SMALL))
    assert isinstance(found, TooLarge)
    assert found.expressions[0] == ".*z.{7}"
    assert str(found) == (
        "`.*z.{7}`, `.*a.{6}`, `.*b.{6}` and 2 more need together more than 1000 states"
    )
