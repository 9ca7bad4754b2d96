"""Expressions: what is accepted means in Python what it means in RE2."""

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.expressions import check_expression, whole_match

_TOKENS = [
    *"abkKsSiIzZ09_- /.?*+|()[]{}^$,:-\n\\",
    *("(?i)", "(?s)", "(?m)", "(?U)", "(?i:", "(?-i)", "(?s-i:", "(?:", "(?P<n>", "(?<n>", "(?="),
    *(r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", r"\b", r"\B", r"\A", r"\z", r"\Z", r"\n", r"\v"),
    *(r"\x41", r"\x{17f}", r"\x{212a}", r"\x{e9}", "é", "ſ", r"\]", r"\-", r"\_", r"\Q", r"\E"),
    *(r"\C", r"\pL", r"\1", r"\01", r"\a", "{2}", "{1,3}", "{,2}", "{2,}", "{0}", "{02}", "{2,1}"),
    *("[a-z]", "[^a]", "[[:alpha:]]", "[[:^digit:]]", "[:", r"[\w-]", "[a-", "[]", "[^]", "*?"),
    *("+?", "??", "(a|", "(|a)", "(a*)*", ")*"),
]
_TEXT = st.text("abkKsSiIzZ09_- /.\n\v\t\r\\éÉſ\u212aİıＫ٣\x1c\x85\u2028[]{},:^$*", max_size=4)

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


@given(st.lists(st.sampled_from(_TOKENS), max_size=7).map("".join), st.lists(_TEXT, max_size=8))
@example("a$", ["a\n", "a"])
@example(r"\s", ["\v", "\x1c", " "])
@example(r"\d", ["٣", "3"])
@example(r"(?i)[ks]", ["\u212a", "ſ", "K"])
@example("(?i)i", ["İ", "ı", "I"])
@example("a{,2}", ["", "aa", "a{,2}"])
@example("(|a)*", ["", "aa"])
@example(r"\B", ["", "a"])
@example("a|ab", ["ab"])
@example("a(?i)b|c", ["aB", "C", "AB"])
@example("[^a]", ["\n"])
@example(".", ["\n"])
@settings(max_examples=1500)
def test_what_is_accepted_means_the_same_in_re2(expression: str, texts: list[str]) -> None:
    if check_expression(expression) is not None:
        return
    oracle = re2.compile(expression, _OPTIONS)
    for text in texts:
        assert whole_match(expression, text) == (oracle.fullmatch(text) is not None), text


@pytest.mark.parametrize(
    "expression",
    [
        "/api/v[0-9]+/items(/.*)?",
        "GET|HEAD",
        "(?i)shop-[a-z]{1,16}",
        r"/files/[^/]+\.(png|jpe?g)",
        "(?P<version>v[12])/(?:a|b)",
        "/{id}",
        "",
    ],
)
def test_everyday_expressions_are_accepted(expression: str) -> None:
    assert check_expression(expression) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a++", "a repetition cannot be repeated; put it in `(?:` `)`"),
        ("a**", "a repetition cannot be repeated; put it in `(?:` `)`"),
        ("*a", "`*` has nothing to repeat"),
        ("a|{2}", "`{` has nothing to repeat"),
        ("^*", "a position such as `^` or `$` cannot be repeated"),
        ("(a", "`(` without `)`"),
        ("a)", "`)` without `(`"),
        ("[a", "`[a` has no `]`"),
        ("[a-", "`[a-` has no `]`"),
        ("[b-a]", "a range of characters is the wrong way round"),
        ("[[:letter:]]", "`[:letter:]` is not a class of characters"),
        ("(?=a)", "`(?=a` is not supported: RE2 has no such group"),
        ("(?)", "`(?)` sets no flag"),
        (r"(a)\1", r"`\1` is not supported"),
        (r"a\Z", r"`\Z` is not supported"),
        (r"\pL", r"`\p` is not supported"),
        ("\\", "a `\\` at the end escapes nothing"),
        (r"\x{110000}", r"`\x{110000}` is beyond the last character"),
        ("a{2,1}", "`{2,1}`: the bounds are the wrong way round"),
        ("a{1001}", "a repetition of more than 1000"),
        ("(a{500}){3}", "repetitions of repetitions exceed 1000"),
        ("(?i)é", "`(?i)` is only supported on ASCII characters"),
        ("(?P<n>a)(?P<n>b)", "two groups are named `n`"),
        ("(" * 101 + ")" * 101, "over 100 groups inside each other"),
        ("a" * 20_000, "the expression is too large: over 10000 steps when spelled out"),
    ],
)
def test_what_engines_read_differently_is_refused_with_its_reason(
    expression: str, message: str
) -> None:
    assert check_expression(expression) == message
