"""Pieces of one shape parse alike, so the parser is asked about each shape once.

A shape is what stands in a piece: signs and the grammar's own words as they are; of other names, strings, numbers
and addresses only that there is one. The grammar's patterns tell no more than that apart where the parser's words
are the scanner's; a piece in which they might has no shape.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.syntax.places import Branch, Child, Leaf, is_leaf
from cpc.compiler.syntax.scan import Token

__all__ = ["Shapes", "own_words"]

_LONGEST = 128
"""Words of a piece beyond which its shape is hardly another's."""

_KEPT = 2048
"""Shapes that are kept, a few kB each."""

_Shape: TypeAlias = tuple[str, ...]
_Place: TypeAlias = tuple[int, int]


class _At(Struct, frozen=True):
    """A leaf of a shape: the words from one to another of the piece."""

    type: str
    first: int
    last: int


class _Made(Struct, frozen=True):
    """A branch of a shape."""

    data: str
    children: tuple["_At | _Made | None", ...]


def own_words(patterns: Iterable[str]) -> frozenset[str]:
    """Every word that the patterns of a grammar's terminals speak of, and perhaps others."""
    return frozenset(word for p in patterns for word in re.findall(r"[A-Za-z][A-Za-z0-9-]*", p))


class Shapes:
    """What pieces of each shape parse to.

    `words` are the grammar's own; `parse` gives the node of a text by a start rule, and the places (start, end) of
    the words that the parser made of it, those that the node leaves out too.
    """

    def __init__(
        self, words: frozenset[str], parse: Callable[[str, str], tuple[Branch, Sequence[_Place]]]
    ) -> None:
        self._words = words
        self._parse = parse
        self._known: dict[tuple[str, _Shape], _Made] = {}

    def branch(self, start: str, text: str, tokens: Sequence[Token]) -> Branch:
        """The node of a piece that consists of some words. Raises what `parse` raises."""
        shape = self._shape(tokens) if len(tokens) <= _LONGEST else None
        made = None if shape is None else self._known.get((start, shape))
        if made is not None:
            return _grown(made, tokens, tokens[0].start)
        branch, parsed = self._parse(start, text)
        if shape is not None and len(self._known) < _KEPT:
            places = _places(parsed, tokens)
            if places is not None:
                self._known[start, shape] = _made(branch, places)
        return branch

    def _shape(self, tokens: Sequence[Token]) -> _Shape | None:
        words = self._words
        shape: list[str] = []
        for kind, text, _, _ in tokens:
            if kind == "op":
                shape.append(text)
            elif kind == "name":
                shape.append(text if text in words else "NAME")
            elif kind == "string":
                shape.append("STRING")
            elif kind == "number" and text.isdecimal():
                shape.append("NUMBER")
            elif kind == "ip":  # patterns that look ahead tell how it starts
                first = text[0]
                shape.append("::" if first == ":" else "IP4" if first.isdecimal() else "IP6")
            else:
                return None
        if "except" in shape and _odd_except(shape):
            return None
        return tuple(shape)


def _odd_except(shape: Sequence[str]) -> bool:
    """Whether an `except` is followed by a word that its patterns might take for an address."""
    after = {shape[at + 1] for at, word in enumerate(shape[:-1]) if word == "except"}
    return not after <= {"[", "::", "IP4", "IP6"}


def _places(parsed: Sequence[_Place], tokens: Sequence[Token]) -> dict[int, tuple[int, int]] | None:
    """The first and last of the scanner's words in each of the parser's, by its start.

    None where one cuts a word, or a word is in none.
    """
    base = tokens[0].start
    starts = {token.start - base: n for n, token in enumerate(tokens)}
    ends = {token.end - base: n for n, token in enumerate(tokens)}
    found: dict[int, tuple[int, int]] = {}
    due = 0
    for start, end in parsed:
        first, last = starts.get(start), ends.get(end)
        if first != due or last is None:
            return None
        found[start] = first, last
        due = last + 1
    return found if due == len(tokens) else None


def _made(branch: Branch, places: dict[int, tuple[int, int]]) -> _Made:
    children: list[_At | _Made | None] = []
    for child in branch.children:
        if child is None:
            children.append(None)
        elif is_leaf(child):
            children.append(_At(child.type, *places[child.start_pos]))
        else:
            children.append(_made(child, places))
    return _Made(branch.data, tuple(children))


def _grown(made: _Made, tokens: Sequence[Token], base: int) -> Branch:
    """The node of a shape with the words of a piece."""
    children: list[Child] = []
    for child in made.children:
        if child is None:
            children.append(None)
        elif isinstance(child, _At):
            first, last = child.first, child.last
            _, text, start, end = tokens[first]
            if last != first:
                text, end = " ".join(t.text for t in tokens[first : last + 1]), tokens[last].end
            children.append(Leaf(child.type, text, start - base, end - base))
        else:
            children.append(_grown(child, tokens, base))
    return Branch(made.data, children)
