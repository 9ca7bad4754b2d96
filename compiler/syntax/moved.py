"""Where a stretch of a file lies, and what was read from it by itself as a part of that file."""

from typing import TypeVar

from msgspec import Struct

from cpc.compiler.source import Span, make

__all__ = ["HERE", "Place"]

T = TypeVar("T")

HERE = ""
"""The name of the file in spans of a stretch that was read by itself."""


class Place(Struct, frozen=True):
    """`start` characters and `lines` lines of the file come before; a stretch begins with a line."""

    file: str
    start: int
    lines: int

    def seen_from(self, other: "Place") -> "Place":
        """How much further it lies than another place."""
        return Place(self.file, self.start - other.start, self.lines - other.lines)

    def span(self, span: Span) -> Span:
        """A span of the stretch as one of the file."""
        _, start, end, line, column = span
        moved = (self.file, self.start + start, self.start + end, self.lines + line, column)
        return make(Span, moved)

    def tree(self, node: T) -> T:
        """A tree of the stretch, or several in a tuple, with the places that they have in the file."""
        moved = self._moved(node)
        assert isinstance(moved, type(node))
        return moved

    def _moved(self, node: object) -> object:
        match node:
            case Span():
                return self.span(node)
            case tuple():
                return tuple(map(self._moved, node))
            case Struct():
                kind = type(node)
                return kind(*[self._moved(getattr(node, name)) for name in kind.__struct_fields__])
            case _:
                return node
