"""Leaves of the parser's nodes, and where in the whole text they stand."""

from typing import Any, TypeAlias, TypeGuard

from msgspec import Struct

from cpc.compiler.source import SourceFile, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.strings import unquote

__all__ = ["Branch", "Child", "Leaf", "Places", "is_leaf"]


class Leaf(Struct, frozen=True):
    """A terminal: its name, its text, and its place [start_pos, end_pos) in the piece that was parsed."""

    type: str
    value: str
    start_pos: int
    end_pos: int


class Branch(Struct, frozen=True):
    """A node: the grammar's name for it, and its leaves and branches (None: left out)."""

    data: str
    children: list[Any]


Child: TypeAlias = Any
"""A leaf or a branch; which one, the grammar says at each place."""


def is_leaf(node: Child) -> TypeGuard[Leaf]:
    """Whether a node is a leaf."""
    return isinstance(node, Leaf)


class Places:
    """Turns leaves of a piece that starts at character `base` of a text into nodes with spans."""

    def __init__(self, source: SourceFile, piece: str, base: int) -> None:
        self._source = source
        self._base = base
        first = source.span(base, base)
        self._name, self._line, self._column = source.name, first.line, first.column
        self._break = piece.find("\n")

    def span(self, start: int, end: int) -> Span:
        """The span of characters [start, end) of the piece."""
        base = self._base
        if self._break < 0 or start <= self._break:
            return Span(self._name, base + start, base + end, self._line, self._column + start)
        return self._source.span(base + start, base + end)

    def of(self, leaf: Leaf) -> Span:
        """The span of one leaf."""
        return self.span(leaf.start_pos, leaf.end_pos)

    def over(self, first: Leaf, last: Leaf) -> Span:
        """The span from one leaf to another."""
        return self.span(first.start_pos, last.end_pos)

    def name(self, leaf: Leaf) -> tree.Name:
        """A name, without its backticks."""
        return tree.Name(leaf.value.strip("`"), self.of(leaf))

    def text(self, leaf: Leaf) -> tree.Text:
        """A string's value."""
        return tree.Text(unquote(leaf.value), self.of(leaf))

    def literal(self, leaf: Leaf) -> tree.Text:
        """A text as it stands: an address or prefix."""
        return tree.Text(leaf.value, self.of(leaf))

    def number(self, leaf: Leaf) -> tree.Number:
        """A number's value."""
        return tree.Number(int(leaf.value), self.of(leaf))

    def value(self, leaf: Leaf) -> tree.Value:
        """A string, a number, or a name."""
        match leaf.type:
            case "STRING":
                return self.text(leaf)
            case "NUMBER":
                return self.number(leaf)
            case _:
                return self.name(leaf)

    def named(self, leaf: "Leaf | None") -> tree.Name | None:
        """A name that may be left out."""
        return None if leaf is None else self.name(leaf)
