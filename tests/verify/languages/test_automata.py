"""An automaton accepts what its expression matches, and is the one smallest automaton that does."""

from bisect import bisect_right
from itertools import product

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.expressions import check_expression, whole_match
from cpc.compiler.verify.languages.automaton import Automaton
from cpc.compiler.verify.languages.language import Language, expression_language
from tests.verify.languages.expression_strategies import expressions, plain_expressions, texts

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def language(expression: str) -> Language:
    found = expression_language(expression)
    assert isinstance(found, Language)
    return found


@given(expressions, st.lists(texts, min_size=1, max_size=10))
@example("a$", ["a", "a\n"])
@example(r"(?:^|a)*b", ["b", "ab", "aab"])
@example(r"(?:\b|a)*", ["", "a", "aa"])
@example(r"\B", ["", "a"])
@example(r"a\b/|a\Bb", ["a/", "ab", "a"])
@example(r"(?m)a$\n^b", ["a\nb", "ab"])
@example("(?:a?){3}", ["", "a", "aaa", "aaaa"])
@example("(?:a?b?){2,}", ["", "abab", "ba"])
@settings(max_examples=600)
def test_it_accepts_what_python_and_re2_match(expression: str, samples: list[str]) -> None:
    if check_expression(expression) is not None:
        return
    automaton = language(expression).automaton
    oracle = re2.compile(expression, _OPTIONS)
    for text in samples:
        accepted = automaton.accepts(text)
        assert accepted == whole_match(expression, text), text
        assert accepted == (oracle.fullmatch(text) is not None), text


@given(expressions)
@settings(max_examples=300)
def test_its_shortest_text_and_its_beginning_hold(expression: str) -> None:
    if check_expression(expression) is not None:
        return
    found = language(expression)
    shortest = found.automaton.shortest()
    assert found.is_empty == (shortest is None)
    if shortest is not None:
        assert whole_match(expression, shortest)
        assert shortest.startswith(found.beginning)
        assert len(shortest) == found.automaton.distances[0]


@given(plain_expressions)
@settings(max_examples=200)
def test_no_two_states_accept_the_same_texts(expression: str) -> None:
    """Told apart by texts of up to as many characters as there are states."""
    automaton = language(expression).automaton
    if len(automaton) > 5:
        return
    tails = ["".join(t) for n in range(len(automaton)) for t in product("abcz/\n", repeat=n)]
    told = {
        tuple(_accepts_from(automaton, state, tail) for tail in tails)
        for state in range(len(automaton))
    }
    assert len(told) == len(automaton)


def _accepts_from(automaton: Automaton, state: int, text: str) -> bool:
    for c in text:
        state = automaton.targets[state][bisect_right(automaton.starts[state], ord(c)) - 1]
    return automaton.accepting[state]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(a*)*", "a*"),
        ("a|ab|abb", "a(|b|bb)"),
        ("(a|b)*", "(a*b*)*"),
        ("(?i)get", "[gG][eE][tT]"),
        ("a{2,4}", "aa|aaa|aaaa"),
        ("(a?){3}", "a{0,3}"),
        ("(?s).*", "(.|\n)*"),
        ("a+?", "a+"),
        ("a[^\\x{0}-\\x{10ffff}]", "[^\\x{0}-\\x{10ffff}]"),
        (r"[\x{d800}-\x{dfff}]", r"[^\x{0}-\x{10ffff}]"),
        (r"[\x{0}-\x{d7ff}\x{e000}-\x{10ffff}]", "(?s)."),
        ("^a$", "a"),
        (r"a\bb", r"[^\x{0}-\x{10ffff}]"),
        (r"\ba/\B", "a/"),
        ("a^b|c", "c"),
    ],
)
def test_equal_languages_have_equal_automata(one: str, other: str) -> None:
    assert language(one).automaton == language(other).automaton


def test_what_reads_well_is_preferred() -> None:
    assert language("/api/v[0-9]+/[^/]+").automaton.shortest() == "/api/v0/a"
    assert language(".").automaton.shortest() == "a"
    assert language("[A-Z -~]x").automaton.shortest() == "ax"
    assert language("(?s)[^!-~]").automaton.shortest() == " "
    assert language("[\\x{0}-\\x{1f}]").automaton.shortest() == "\x01"
