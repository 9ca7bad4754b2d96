"""What a YAML or JSON document holds: scalars, lists and mappings, each with its place.

Nodes are named tuples, the cheapest of what cannot be changed: a large text has a million of them.
"""

import re
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from cpc.compiler.source import SourceFile, Span

__all__ = ["Kind", "Mapping", "Node", "Scalar", "Sequence", "is_null"]


class Kind(StrEnum):
    """What YAML, as Kubernetes reads it, takes a scalar for."""

    STRING = "a string"
    NULL = "nothing"
    BOOL = "a truth value"
    INT = "a number"
    OTHER = "no string"
    """A number with a point or an exponent, binary data and the like."""


_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_TRUE = frozenset({"true", "yes", "on", "y"})


class Scalar(NamedTuple):
    """Characters [start, end) of `source`: `text` as written, without quotes and with escapes undone."""

    source: SourceFile
    start: int
    end: int
    text: str
    kind: Kind

    @property
    def span(self) -> Span:
        """The place."""
        return self.source.span(self.start, self.end)

    @property
    def is_string(self) -> bool:
        """Whether YAML reads it as a string."""
        return self.kind is Kind.STRING

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as nothing."""
        return self.kind is Kind.NULL

    @property
    def number(self) -> int | None:
        """The number, where it is a decimal one."""
        if self.kind is Kind.INT and _DECIMAL.fullmatch(self.text):
            return int(self.text)
        return None

    @property
    def truth(self) -> bool | None:
        """The truth value, where it is one."""
        return self.text.lower() in _TRUE if self.kind is Kind.BOOL else None


class Sequence(NamedTuple):
    """A list, in characters [start, end) of `source`."""

    source: SourceFile
    start: int
    end: int
    items: "tuple[Node, ...]"

    @property
    def span(self) -> Span:
        """The place."""
        return self.source.span(self.start, self.end)


class Mapping(NamedTuple):
    """Keys in written order, duplicates included; what `<<` merges comes after them."""

    source: SourceFile
    start: int
    end: int
    entries: "tuple[tuple[Scalar, Node], ...]"

    @property
    def span(self) -> Span:
        """The place."""
        return self.source.span(self.start, self.end)

    def get(self, key: str) -> "Node | None":
        """The first value of a key."""
        return next((value for word, value in self.entries if word.text == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def is_null(node: Node) -> bool:
    """Whether YAML reads a node as nothing."""
    return isinstance(node, Scalar) and node.is_null
