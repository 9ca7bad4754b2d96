"""No text makes the parser fail: it answers with a tree and diagnostics that can be shown."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.pages import PAGES
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse

TOUR = (Path(__file__).parents[2] / "examples/language/tour.cil").read_text(encoding="utf-8")
WORDS = sorted(set(re.findall(r'"[^"\n]*"|[\w-]+|->|\S', TOUR)) | {"\n", "  "})
LINES = [f"{line}\n" for line in TOUR.splitlines()]


def survives(text: str) -> None:
    """The laws that hold of every text."""
    file, found = parse(SourceFile("fuzz.cil", text))
    for one in found:
        assert one.code in PAGES and "\n" not in one.message
        spans = [label.span for label in one.labels] + ([one.span] if one.span else [])
        assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    if any(one.severity is Severity.ERROR for one in found):
        return
    formatted = format_file(file)
    again, _ = parse(SourceFile("fuzz.cil", formatted))
    assert again == file
    assert format_file(again) == formatted


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_bytes(data: bytes) -> None:
    survives(data.decode("utf-8", "replace"))


@given(st.lists(st.sampled_from(WORDS), max_size=40))
@settings(max_examples=300)
def test_words_in_any_order(words: list[str]) -> None:
    survives(" ".join(words))


@given(st.lists(st.sampled_from(LINES), max_size=12))
@settings(max_examples=150)
def test_lines_in_any_order(lines: list[str]) -> None:
    survives("".join(lines))


@given(
    st.integers(0, len(TOUR)),
    st.integers(0, 900),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 3), st.sampled_from(WORDS)), max_size=4),
)
@settings(max_examples=200)
def test_pieces_with_small_changes(
    start: int, size: int, edits: list[tuple[int, int, str]]
) -> None:
    text = TOUR[start : start + size]
    for place, removed, word in edits:
        text = text[:place] + word + text[place + removed :]
    survives(text)


MANY = 20_000
HOSTILE = {
    "parentheses": f"allow {'(' * MANY}a{')' * MANY} -> b",
    "open brackets": "{" * MANY,
    "closers": "}" * MANY,
    "policies": "policy a {" * MANY,
    "negations": f"allow {'not ' * MANY}a -> b",
    "conjunctions": f"endpoints x = {'a and ' * MANY}a",
    "digits": f"allow a -> b tcp/{'9' * MANY}",
    "colons": f"allow {'a:' * MANY} -> b",
    "dots": "1." * MANY,
    "dashes": "a-" * MANY,
    "quotes": '"' * MANY,
    "backslashes": '"' + "\\" * MANY,
    "statements": "allow " * MANY,
    "spaces": f"allow not{' ' * MANY}x",
    "long list": f"cidr x = [{'10.0.0.0/8, ' * MANY}a]",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile(text: str) -> None:
    survives(text)
