"""Source text and places in it."""

from bisect import bisect_right
from itertools import accumulate, count
from operator import add
from typing import ClassVar, NamedTuple

from msgspec.structs import force_setattr

from cpc.compiler.compared import Compared

__all__ = ["SourceFile", "Sources", "Span", "make"]


class Span(NamedTuple):
    """A half-open range of characters in one source file.

    `start` and `end` count characters from 0; `line` and `column` are those of `start`, counted from 1.
    Ordering is (file, start, end); the order of files on the command line is not known here.
    """

    file: str
    start: int
    end: int
    line: int
    column: int

    def to(self, other: "Span") -> "Span":
        """The span from the start of this one to the end of `other`, in the same file."""
        return Span(self.file, self.start, max(self.end, other.end), self.line, self.column)


make = tuple.__new__
"""Makes a named tuple without a call of Python's: a large text has a million spans."""


class SourceFile(Compared, frozen=True):
    """One text as it was read; lines end with `\\n` (`\\r\\n` and `\\r` count as one)."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"_starts"})

    name: str
    text: str
    _starts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        ends = map(add, accumulate(map(len, self.text.split("\n"))), count(1))
        force_setattr(self, "_starts", (0, *ends)[:-1])

    def span(self, start: int, end: int) -> Span:
        """The span of characters [start, end)."""
        line = bisect_right(self._starts, start)
        column = start - self._starts[line - 1] + 1
        return make(Span, (self.name, start, end, line, column))

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its end; empty when there is no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")


Sources = dict[str, SourceFile]
"""Every text read in one run, by the name that spans carry."""
