"""YAML and JSON as nodes: kinds of scalars, many documents, merged keys, aliases, places."""

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
        ("0o17", Kind.STRING),
        ("017", Kind.INT),
        ("1.5", Kind.OTHER),
        ("2024-01-01", Kind.OTHER),
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


_data = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abc"), _data, min_size=1))
def test_what_yaml_writes_is_read_back(data: dict[str, object]) -> None:
    assert plain(one(yaml.safe_dump(data, allow_unicode=True))) == data
