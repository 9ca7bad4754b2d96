"""Searches over several languages: against brute force, against z3, and each text that they show replayed."""

from itertools import product

import pytest
import z3
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import (
    Characters,
    Choice,
    Expression,
    Position,
    Repeat,
    Sequence,
)
from cpc.compiler.policy.expressions import check_expression, whole_match
from cpc.compiler.verify.languages.language import Language, expression_language
from cpc.compiler.verify.languages.limits import TooLarge
from cpc.compiler.verify.languages.search import Comparison, cells, compare, equivalent, witness
from tests.verify.languages.expression_strategies import expressions, plain_expressions

SHORT = ["".join(t) for n in range(4) for t in product("abcd/\n", repeat=n)]
"""All texts up to three characters; `d` stands for all that plain expressions do not speak of."""


def language(expression: str) -> Language:
    found = expression_language(expression)
    assert isinstance(found, Language)
    return found


def matching(expression: str) -> list[str]:
    return [text for text in SHORT if whole_match(expression, text)]


def shortest(texts: list[str]) -> int | None:
    return min(map(len, texts), default=None)


def length(text: str | None) -> int | None:
    return None if text is None else len(text)


@given(plain_expressions, plain_expressions)
@settings(max_examples=300)
def test_a_comparison_shows_shortest_texts_that_really_differ(first: str, second: str) -> None:
    one, two = language(first), language(second)
    found = compare(one, two)
    assert isinstance(found, Comparison)
    shown = {
        (True, True): found.both,
        (True, False): found.first_alone,
        (False, True): found.second_alone,
    }
    for sides, text in shown.items():
        if text is not None:
            assert (whole_match(first, text), whole_match(second, text)) == sides
        small = [t for t in SHORT if (whole_match(first, t), whole_match(second, t)) == sides]
        if small:
            assert length(text) == shortest(small)
    assert equivalent(one, two) == (found.first_alone is found.second_alone is None)


@given(expressions, st.lists(expressions, max_size=4))
@settings(max_examples=300)
def test_a_witness_is_in_one_and_in_none_of_the_others(inside: str, outside: list[str]) -> None:
    assume(all(check_expression(e) is None for e in (inside, *outside)))
    text = witness(language(inside), [language(e) for e in outside])
    assert not isinstance(text, TooLarge)
    small = [t for t in matching(inside) if not any(whole_match(e, t) for e in outside)]
    if text is None:
        assert not small
    else:
        assert whole_match(inside, text)
        assert not any(whole_match(e, text) for e in outside)
        assert not small or len(text) <= min(map(len, small))


@given(plain_expressions, st.lists(plain_expressions, min_size=1, max_size=4))
@settings(max_examples=300)
def test_cells_are_the_smallest_sets_that_a_text_lies_in(inside: str, others: list[str]) -> None:
    def those(text: str) -> int:
        return sum(1 << n for n, e in enumerate(others) if whole_match(e, text))

    found = cells(language(inside), [language(e) for e in others])
    assert not isinstance(found, TooLarge)
    for some, text in found.items():
        assert whole_match(inside, text)
        assert those(text) == some
        assert not any(other != some and not other & ~some for other in found)
    for text in matching(inside):
        assert any(not some & ~those(text) for some in found)


@pytest.mark.parametrize(
    ("first", "second", "both", "first_alone", "second_alone"),
    [
        (
            "/api/v[0-9]+/items(/.*)?",
            "/api/v1/[^/]+",
            "/api/v1/items",
            "/api/v0/items",
            "/api/v1/a",
        ),
        ("/public/.*", "/private/.*", None, "/public/", "/private/"),
        ("/a/.*", "/.*", "/a/", None, "/"),
        ("GET|HEAD", "(GET|HEAD)", "GET", None, None),
        (".*", "(?s).*", "", None, "\n"),
    ],
)
def test_everyday_paths(
    first: str, second: str, both: str | None, first_alone: str | None, second_alone: str | None
) -> None:
    found = compare(language(first), language(second))
    assert found == Comparison(both, first_alone, second_alone)


# --- against z3 --------------------------------------------------------------------------------

_Z3_LAST = 0x2FFFF
"""The last character of z3's strings."""


def solver_expression(tree: Expression) -> z3.ReRef:
    """The tree in z3's regular expressions; without positions."""
    empty = z3.Empty(z3.ReSort(z3.StringSort()))
    match tree:
        case Characters(ranges):
            parts = [
                z3.Range(z3.StringVal(chr(low)), z3.StringVal(chr(min(high, _Z3_LAST))))
                for low, high in ranges
                if low <= _Z3_LAST
            ]
            return empty if not parts else parts[0] if len(parts) == 1 else z3.Union(*parts)
        case Sequence(parts):
            inner = [solver_expression(p) for p in parts]
            if len(inner) < 2:
                return inner[0] if inner else z3.Re("")
            return z3.Concat(*inner)
        case Choice(options):
            return z3.Union(*(solver_expression(o) for o in options))
        case Repeat(_, _, 0):
            return z3.Re("")
        case Repeat(part, low, None):
            one = solver_expression(part)
            return z3.Star(one) if low == 0 else z3.Concat(z3.Loop(one, low, low), z3.Star(one))
        case Repeat(part, low, high):
            return z3.Loop(solver_expression(part), low, high)
        case Position():
            raise AssertionError("z3 has no positions")


def solver_says(inside: str, outside: list[str]) -> z3.CheckSatResult:
    text = z3.String("text")
    solver = z3.Solver()
    solver.set("rlimit", 2_000_000)
    solver.add(z3.InRe(text, solver_expression(parse_expression(inside))))
    for e in outside:
        solver.add(z3.Not(z3.InRe(text, solver_expression(parse_expression(e)))))
    return solver.check()


@given(plain_expressions, st.lists(plain_expressions, max_size=2))
@settings(max_examples=150)
def test_z3_finds_a_text_exactly_where_there_is_a_witness(inside: str, outside: list[str]) -> None:
    said = solver_says(inside, outside)
    if said != z3.unknown:
        found = witness(language(inside), [language(e) for e in outside])
        assert (found is not None) == (said == z3.sat)


def test_z3_mostly_answers() -> None:
    """So that the comparison above is one."""
    assert solver_says("a(b|c)*", ["a.*"]) == z3.unsat
    assert solver_says("/api/v[0-9]+", ["/api/v1"]) == z3.sat
