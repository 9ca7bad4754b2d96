"""YAML and JSON as nodes: kinds of scalars, many documents, merged keys, aliases, places."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.documents.compose import documents
from cpc.compiler.documents.nodes import Kind, Mapping, Node, Scalar, Sequence
from cpc.compiler.documents.reader import Reader
from cpc.compiler.source import SourceFile


def nodes(text: str) -> list[Node | Diagnostic]:
    return list(documents(SourceFile("a.yaml", text)))


def one(text: str) -> Node:
    [found] = nodes(text)
    assert not isinstance(found, Diagnostic), found
    return found


def plain(node: Node) -> object:
    """A node as plain data, every scalar as its text."""
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("web", Kind.STRING),
        ("'1'", Kind.STRING),
        ('"true"', Kind.STRING),
        ("!!str 1", Kind.STRING),
        ("1", Kind.INT),
        ("0o17", Kind.INT),
        ("0o80", Kind.STRING),
        ("017", Kind.INT),
        ("080", Kind.OTHER),
        ("0x50", Kind.INT),
        ("8_0", Kind.INT),
        ("1.5", Kind.OTHER),
        ("1.", Kind.OTHER),
        (".5", Kind.OTHER),
        ("-.inf", Kind.OTHER),
        ("-.nan", Kind.STRING),
        ("1e3", Kind.OTHER),
        ("12e4", Kind.OTHER),
        ("12e4567", Kind.STRING),
        ("1.2.3", Kind.STRING),
        ("1:20", Kind.STRING),
        ("2024-01-01", Kind.STRING),
        ("y", Kind.BOOL),
        ("N", Kind.BOOL),
        ("yES", Kind.STRING),
        ("yes", Kind.BOOL),
        ("Off", Kind.BOOL),
        ("~", Kind.NULL),
        ("null", Kind.NULL),
        ("", Kind.NULL),
    ],
)
def test_what_a_scalar_is(text: str, kind: Kind) -> None:
    node = one(f"a: {text}")
    assert isinstance(node, Mapping)
    value = node.get("a")
    assert isinstance(value, Scalar) and value.kind is kind


def test_only_decimal_numbers_are_numbers() -> None:
    node = one("[80, 080, 0x50, -1, '80', 12345678901234567890]")
    assert isinstance(node, Sequence)
    numbers = [item.number for item in node.items if isinstance(item, Scalar)]
    assert numbers == [80, None, None, -1, None, None]


def test_many_documents_and_those_of_nothing() -> None:
    found = nodes("---\n# only a comment\n---\na: 1\n---\n---\nb: 2\n...\n")
    assert [plain(n) for n in found if not isinstance(n, Diagnostic)] == [{"a": "1"}, {"b": "2"}]


def test_what_comes_before_a_mistake_is_there() -> None:
    first, second = nodes("a: 1\n---\nb: [\n")
    assert not isinstance(first, Diagnostic) and plain(first) == {"a": "1"}
    assert isinstance(second, Diagnostic) and second.code == "CPC701"


def test_merged_keys_never_replace_written_ones() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nall: {<<: [*b, *m], x: 0}\n"
    node = one(text)
    assert isinstance(node, Mapping)
    merged = node.get("all")
    assert merged is not None and plain(merged) == {"x": "0", "y": "2", "z": "4"}


def test_an_anchor_is_known_in_its_document_only() -> None:
    found = nodes("a: &x 1\n---\nb: *x\n")
    assert isinstance(found[-1], Diagnostic) and "names nothing" in found[-1].message


def test_places_are_those_of_the_text() -> None:
    text = "a:\n  - b: wörter\n"
    node = one(text)
    assert isinstance(node, Mapping)
    items = node.get("a")
    assert isinstance(items, Sequence) and isinstance(items.items[0], Mapping)
    value = items.items[0].get("b")
    assert value is not None and (value.span.line, value.span.column) == (2, 8)
    assert text[value.start : value.end] == "wörter"


def test_a_reader_names_the_first_of_two_equal_keys() -> None:
    reader = Reader()
    node = one("{a: 1, b: 2, a: 3}")
    fields = reader.mapping(node, "this", ("a", "b"))
    assert [d.code for d in reader.diagnostics] == ["CPC704"]
    assert reader.diagnostics[0].labels[0].span.column == 2
    assert isinstance(fields["a"][1], Scalar) and fields["a"][1].text == "1"


@pytest.mark.parametrize(
    "text",
    [
        r'["\ud83d\ude00", {"a\uD83D\uDE00": "b"}, "c"]',
        r'["\\ud83d", "\\\ud83d\ude00", "\/\b\f\n\r\t\u0041\"", "\u2028"]',
        '["\x7f\x85\u2028 \ufeff\uffff", "\U0001f600", "d"]',
        '[{"\u2029": "e"}]',
    ],
)
def test_json_means_what_it_says(text: str) -> None:
    node = one(text)
    assert plain(node) == json.loads(text)
    assert isinstance(node, Sequence) and node.end == len(text)
    last = node.items[-1]
    assert json.loads(text[last.start : last.end]) == plain(last)


def test_half_a_character_of_json_is_the_replacement_character() -> None:
    assert plain(one(r'["a\ud83d", "\ude00b"]')) == ["a\ufffd", "\ufffdb"]


def test_only_json_is_rewritten() -> None:
    [found] = nodes(r'{a: "\ud83d\ude00"}')
    assert isinstance(found, Diagnostic) and found.code == "CPC701"
    assert plain(one(r"['\ud83d\ude00', a]")) == [r"\ud83d\ude00", "a"]


@pytest.mark.parametrize(("before", "column"), [("", 5), ("é", 6), ("\U0001f600é", 7)])
def test_a_forbidden_character_stands_at_its_place(before: str, column: int) -> None:
    [found] = nodes(f'# {"é" * 9000}\na: "{before}\x07"')
    assert isinstance(found, Diagnostic) and found.code == "CPC701"
    assert found.span is not None and (found.span.line, found.span.column) == (2, column)
    assert "U+0007" in found.message


def test_numbers_that_are_not_decimal_say_so() -> None:
    reader = Reader()
    node = one("[010, 0x50, 1e3, 8_0, 080, '80', 0, null]")
    assert isinstance(node, Sequence)
    for item in node.items:
        assert reader.number(item, "it", 1, 99) is None
    number = "write a number from 1 to 99"
    assert [d.help[0] for d in reader.diagnostics] == [
        f"`010` is octal, for 8: {number} without leading zeros",
        *[f"{number} in decimal digits"] * 4,
        f"{number}, without quotes",
        number,
        number,
    ]


def test_messages_quote_the_beginning_of_what_is_long() -> None:
    reader = Reader()
    reader.mapping(one(f"{'x' * 900}: 1"), "`this`", ("a",))
    assert f"`{'x' * 80}...` is not a key of `this`" == reader.diagnostics[0].message


_data = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abc"), _data, min_size=1))
def test_what_yaml_writes_is_read_back(data: dict[str, object]) -> None:
    assert plain(one(yaml.safe_dump(data, allow_unicode=True))) == data
