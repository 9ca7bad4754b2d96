"""Expressions of paths that take any query match what the paths without it match."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpc.compiler.exports.paths import literal, with_any_query
from cpc.compiler.policy.expressions import check_expression, whole_match

TEXTS = ["".join(letters) for n in range(5) for letters in product("/ab?\n", repeat=n)]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "", "/a|/b", "/a.*", ".*", "/a$", "^/a$", "/a\\?b", "/[^b]*", "(?i)/AB", "/a{2,3}"),
        *("(/a|/b)+", "(/|a)b?", "/a\\b", "/\\Ba", ".?", "a|", "[\\s\\S]*", "(?:/a)*", "/[?ab]"),
        *("(?s:.)a", "(?m:^)a", "[^?]*", "/a{2}", "(?:a|b){0,1}"),
    ],
)
def test_queries_change_nothing(path: str) -> None:
    assert check_expression(path) is None
    found = with_any_query(path)
    assert found is not None and check_expression(found) is None
    for text in TEXTS:
        before = text.split("?", 1)[0]
        assert whole_match(found, text) == whole_match(path, before), (path, found, text)


@pytest.mark.parametrize("path", ["(/a$|/b)c?", "/a(?m:$)", "(?:a$)*"])
def test_an_end_in_the_middle_is_none(path: str) -> None:
    assert check_expression(path) is None
    assert with_any_query(path) is None


@given(st.text(max_size=8), st.text(max_size=8))
def test_a_literal_matches_itself_alone(text: str, other: str) -> None:
    assert check_expression(literal(text)) is None
    assert whole_match(literal(text), text)
    assert whole_match(literal(text), other) is (text == other)
