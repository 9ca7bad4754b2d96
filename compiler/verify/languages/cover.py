"""Boxes against boxes: a point that two share, or a point of one that no other has."""

from collections.abc import Sequence
from typing import TypeAlias

from cpc.compiler.verify.languages.boxes import Box, expressions_of
from cpc.compiler.verify.languages.limits import Allowance, LimitReached, TooLarge
from cpc.compiler.verify.languages.parts import Part, Value, Where, values

__all__ = ["Point", "cut", "shared_point", "some_point", "uncovered_point"]

Point: TypeAlias = dict[Where, Value]
"""What is in the parts of a request; parts that are not said are free."""

_MOST_PARTS = 300
"""Parts of one question; more are many headers in one, and too large."""


def some_point(box: Box, limit: int) -> Point:
    """A point of a box. LimitReached."""
    return {
        where: values(where, part, (), Allowance(limit))[0] for where, part in box.parts.items()
    }


def shared_point(first: Box, second: Box, limit: int) -> Point | None:
    """A point of both; None: they share none. LimitReached."""
    if first.protocol is not second.protocol:
        return None
    point: Point = {}
    for where in sorted({*first.parts, *second.parts}):
        mine, others = first.parts.get(where), second.parts.get(where)
        found = values(where, mine, () if others is None else (others,), Allowance(limit))
        wanted = 0 if others is None else 1
        if wanted not in found:
            return None
        point[where] = found[wanted]
    return point


def cut(box: Box, by: Box, limit: int) -> Box | None:
    """`by` as far as it narrows `box`; without parts: it holds all of it; None: none of it. LimitReached."""
    if box.protocol is not by.protocol:
        return None
    narrower: dict[Where, Part] = {}
    for where, part in by.parts.items():
        found = values(where, box.parts.get(where), (part,), Allowance(limit))
        if 1 not in found:
            return None
        if 0 in found:
            narrower[where] = part
    return Box(box.protocol, narrower)


def uncovered_point(box: Box, by: Sequence[Box], limit: int) -> Point | None:
    """A point of `box` in none of `by`, each as `cut` gives it; None: they cover it. LimitReached."""
    return _Cover(box, by, limit).point()


class _Cover:
    """Part for part, values in fewest of the boxes: what no value avoids is covered."""

    def __init__(self, box: Box, by: Sequence[Box], limit: int) -> None:
        self._box = box
        self._by = by
        self._allowance = Allowance(limit)
        self._wheres = sorted({where for other in by for where in other.parts})
        places = {where: place for place, where in enumerate(self._wheres)}
        self._last = [max((places[w] for w in other.parts), default=-1) for other in by]
        self._covered: set[tuple[int, frozenset[int]]] = set()

    def point(self) -> Point | None:
        if len(self._wheres) > _MOST_PARTS:
            raise self._too_large()
        return self._search(0, frozenset(range(len(self._by))))

    def _search(self, place: int, live: frozenset[int]) -> Point | None:
        """A point outside `live`, boxes that hold the values of the parts before `place`."""
        if not live:
            return {}
        if any(self._last[n] < place for n in live) or (place, live) in self._covered:
            return None
        if not self._allowance.spend(len(live)):
            raise self._too_large()
        where = self._wheres[place]
        asking = [n for n in sorted(live) if where in self._by[n].parts]
        if not asking:
            return self._search(place + 1, live)
        found = values(
            where,
            self._box.parts.get(where),
            [self._by[n].parts[where] for n in asking],
            self._allowance,
            bare=all(self._last[n] == place for n in live),
        )
        for some, value in found.items():
            inside = {n for at, n in enumerate(asking) if some >> at & 1}
            point = self._search(place + 1, live.difference(asking) | inside)
            if point is not None:
                return {where: value, **point}
        self._covered.add((place, live))
        return None

    def _too_large(self) -> LimitReached:
        names = expressions_of((self._box, *self._by))
        return LimitReached(TooLarge(names, self._allowance.limit))
