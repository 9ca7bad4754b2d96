"""The laws of `format`: it keeps the tree and every comment, and does nothing twice."""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Severity
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from tests.syntax.strategies import files

WIDTH = 100


def parsed(text: str) -> tree.File:
    """The tree of a text that must have no error."""
    file, found = parse(SourceFile("generated", text))
    errors = [(d.code, d.message, d.span) for d in found if d.severity is Severity.ERROR]
    assert not errors, f"{errors}\n{text}"
    return file


@given(files)
@settings(max_examples=150)
def test_formatting_keeps_the_tree_and_is_idempotent(file: tree.File) -> None:
    text = format_file(file)
    again = parsed(text)
    assert again == file, text
    assert format_file(again) == text


WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|///[^\n]*|[,{}()\[\]]|[^\s",{}()\[\]]+')


@st.composite
def commented(draw: st.DrawFn) -> tuple[tree.File, str]:
    """A tree, and its text with comments, line ends and blank lines between any of its words."""
    file = draw(files)
    text = format_file(file)
    gaps = draw(
        st.lists(st.sampled_from([*"       ", "\n", "\n\n\n", "#", "\n#", "\n\n#"]), min_size=1)
    )
    parts: list[str] = []
    position = 0
    for number, word in enumerate(WORD.finditer(text)):
        gap = gaps[number % len(gaps)].replace("#", f" # note {number}\n")
        parts += [text[position : word.start()], gap if gap.strip(" ") else "", word.group()]
        position = word.end()
    return file, "".join(parts) + text[position:]


def comments(file: tree.File) -> Counter[str]:
    return Counter(comment.text for comment in file.comments)


@given(commented())
@settings(max_examples=150)
def test_formatting_keeps_every_comment(drawn: tuple[tree.File, str]) -> None:
    original, text = drawn
    file = parsed(text)
    assert file == original, text
    formatted = format_file(file)
    again = parsed(formatted)
    assert again == file, formatted
    assert comments(again) == comments(file), formatted
    assert format_file(again) == formatted
    assert "\n\n\n" not in formatted
    assert all(line == line.rstrip() for line in formatted.splitlines())
