"""The names that are written in trees."""

from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["names_in"]


def names_in(node: object) -> Iterator[str]:
    """Every name that is written in a tree, or in several in a tuple."""
    if isinstance(node, tree.Name):
        yield node.text
    elif isinstance(node, tuple) and not isinstance(node, Span):
        for part in node:
            yield from names_in(part)
    elif isinstance(node, Struct):
        for name in node.__struct_fields__:
            yield from names_in(getattr(node, name))
