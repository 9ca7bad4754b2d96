"""Pieces of a known shape parse to what the parser itself makes of them."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import parse as parsing
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.grammar import parser
from cpc.compiler.syntax.parse import parse
from cpc.compiler.syntax.scan import Token
from cpc.compiler.syntax.shapes import Shapes, own_words
from tests.nightly import times
from tests.syntax.strategies import files, keywords

OTHERS = {
    "name": ["a", "dead", "db", "fd00", "x-1", "not-in", "s", "w", "Z", "any1", *keywords],
    "quoted": ["`a`", "`not`", "`tcp`"],
    "string": ['"a"', '"{"', '"x -> y"', '"\\""', '"#"', '""'],
    "number": ["0", "1", "443", "30s", "65536"],
    "ip": ["10.0.0.0/8", "::1", "dead::1", "fd00::/8", "1.2", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"],
}
SIGNS = ["->", "-", "/", ":", ",", "=", "!=", "~", "{", "}", "[", "]", "(", ")"]


class Unshaped:
    """In the place of `Shapes`: the parser is asked about each piece."""

    def branch(self, start: str, text: str, _tokens: Sequence[Token]) -> Any:
        return parsing._nodes(parser().parse(text, start=start))


def fresh() -> Shapes:
    return Shapes(own_words(t.pattern.value for t in parser().terminals), parsing._in_words)


def read(text: str, shapes: object) -> tuple[tree.File, Diagnostics]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "_shapes", lambda: shapes)
        return parse(SourceFile("shapes.cil", text))


def another(text: str, chosen: Random) -> str:
    """A text with other words in some places, mostly of the same kind, and other white space."""
    found, at = "", 0
    for kind, word, start, end in parsing._scanner().scan(SourceFile("", text)).tokens:
        between = text[at:start]
        if "\n" not in between and "#" not in between and chosen.random() < 0.1:
            between = chosen.choice(("", " ", "  ", "\t", " # x\n  "))
        if kind in OTHERS and chosen.random() < 0.4:
            kind = chosen.choice((*OTHERS, kind, kind, kind, kind))
            word = chosen.choice(OTHERS[kind])
        elif kind == "op" and chosen.random() < 0.03:
            word = chosen.choice(SIGNS)
        found += between + word
        at = end
    return found + text[at:]


@given(files, st.integers(0, 1 << 32))
@settings(max_examples=times(150, 5_000))
def test_other_words_in_the_same_places(file: tree.File, seed: int) -> None:
    chosen, shapes = Random(seed), fresh()
    text = format_file(file)
    assert read(text, shapes) == read(text, Unshaped())
    for _ in range(4):
        changed = another(text, chosen)
        assert read(changed, shapes) == read(changed, Unshaped()), changed


def test_the_parser_is_asked_once_about_each_shape() -> None:
    asked: list[str] = []

    def counted(start: str, text: str) -> Any:
        asked.append(text)
        return parsing._in_words(start, text)

    shapes = Shapes(own_words(t.pattern.value for t in parser().terminals), counted)
    rules = [
        'allow a: web -> { app = "db" } tcp/80 http { GET "/a" }',
        'allow b: x1 -> { team = "y" } tcp/8080 http { POST "/b" }',
        'allow b: x1 -> { team = "y" } udp/8080 dns { "b" }',
        "deny not in, 10.0.0.0/8 except [10.1.0.0/16] -> web",
        "deny not in, 10.0.0.0/8  except[ 10.9.0.0/16 ] -> db",
        "deny not in, 10.0.0.0/8 except fd00 -> db",
    ]
    found, _ = read("language 1\n" + "\n".join(rules) + "\n", shapes)
    assert asked == ["language 1", rules[0], rules[2], rules[3], rules[5]]
    assert len(found.statements) == 5
