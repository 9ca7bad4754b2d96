"""Bitmaps of boxes by atom: which boxes meet a box, which hold it, which hold a point."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import and_, or_

from cpc.compiler.verify.engine.space import Box, Space

__all__ = ["Index", "Point", "atoms", "lowest"]

Point = dict[int, int]
"""One atom for each field, by its number; a field that is missing has any atom."""


class Index:
    """Bitmaps over the numbered boxes of one direction.

    `by_atom[f][a]` are the boxes narrowed in field f that hold its atom a; `free[f]` are those that are
    not narrowed there, `narrowed[f]` the others. `unheld` are the first atoms that no narrowed box holds, of
    the fields that have one.
    """

    def __init__(self, space: Space, boxes: Sequence[Box]) -> None:
        self.space = space
        self.everything = (1 << len(boxes)) - 1
        narrowed: dict[int, int] = {}
        changes: dict[int, dict[int, int]] = {}
        alike: dict[tuple[int, int], int] = {}
        for number, box in enumerate(boxes):
            bit = 1 << number
            for item in box.items():
                alike[item] = alike.get(item, 0) | bit
        for (at, mask), bits in alike.items():
            narrowed[at] = narrowed.get(at, 0) | bits
            toggles = changes.setdefault(at, {})
            for edge in _edges(mask):
                toggles[edge] = toggles.get(edge, 0) ^ bits
        self.fields = tuple(sorted(narrowed))
        self.free = {at: self.everything & ~bits for at, bits in narrowed.items()}
        self.narrowed = narrowed
        self.by_atom = {at: _running(toggles, space.full[at]) for at, toggles in changes.items()}
        self.unheld = {at: a.index(0) for at, a in sorted(self.by_atom.items()) if 0 in a}
        self._place = {at: place for place, at in enumerate(self.unheld)}
        self._somewhere = _Runs([narrowed[at] for at in self.unheld], or_)
        self._beside: dict[int, int] = {}
        self._either: dict[int, _Runs] = {}
        self._all_of: dict[int, _Runs] = {}
        self._meeting: dict[tuple[int, int], int] = {}
        self._holding: dict[tuple[int, int], int] = {}

    def meeting(self, box: Box) -> int:
        """The boxes that share a point with a box."""
        found = self.everything
        known = self._meeting
        for narrowed in box.items():
            met = known.get(narrowed)
            found &= self._meet(*narrowed) if met is None else met
            if not found:
                break
        return found

    def holding(self, box: Box) -> int:
        """The boxes that hold all of a box."""
        found = self.everything
        for at in self.fields:
            mask = box.get(at)
            found &= self.free[at] if mask is None else self._hold(at, mask)
            if not found:
                break
        return found

    def inside(self, box: Box) -> int:
        """The boxes that lie all inside a box."""
        found = self.everything
        for at, mask in box.items():
            if at in self.free:
                rest = self.space.full[at] & ~mask
                if rest:
                    found &= ~self._meet(at, rest)
        return found

    def narrowed_beside(self, fields: Iterable[int]) -> int:
        """The boxes that are narrowed in some field with an `unheld` atom, and that is none of these."""
        own = sum(1 << self._place[at] for at in fields if at in self._place)
        found = self._beside.get(own)
        if found is None:
            others = (1 << len(self._place)) - 1 & ~own
            found = self._beside[own] = self._somewhere.over(others, 0)
        return found

    def at(self, point: Point) -> int:
        """The boxes that hold a point; every field that some box narrows has its atom."""
        held = dict(point.items() - self.unheld.items())
        found = self.everything & ~self.narrowed_beside(held)
        for at, atom in held.items():
            if at in self.free:
                found &= self.by_atom[at][atom] | self.free[at]
        return found

    def _meet(self, at: int, mask: int) -> int:
        if at not in self.free:
            return self.everything
        found = self._meeting.get((at, mask))
        if found is None:
            either = self._either.setdefault(at, _Runs(self.by_atom[at], or_))
            found = self._meeting[at, mask] = either.over(mask, self.free[at])
        return found

    def _hold(self, at: int, mask: int) -> int:
        found = self._holding.get((at, mask))
        if found is None:
            all_of = self._all_of.setdefault(at, _Runs(self.by_atom[at], and_))
            found = all_of.over(mask, self.everything) | self.free[at]
            self._holding[at, mask] = found
        return found


class _Runs:
    """The bitmaps of a field's atoms, put together over runs of atoms: by pairs, pairs of pairs and so on.

    The larger ones are made when they are first asked for.
    """

    def __init__(self, by_atom: list[int], together: Callable[[int, int], int]) -> None:
        self._levels = [by_atom]
        self._together = together

    def over(self, mask: int, found: int) -> int:
        """What the bitmaps of a mask's atoms come to, together with `found`."""
        together = self._together
        for start, end in _runs(mask):
            level = 0
            while start < end:
                bitmaps = self._level(level)
                if start & 1:
                    found = together(found, bitmaps[start])
                    start += 1
                if end & 1:
                    end -= 1
                    found = together(found, bitmaps[end])
                start, end, level = start >> 1, end >> 1, level + 1
        return found

    def _level(self, number: int) -> list[int]:
        if number == len(self._levels):
            below = self._levels[-1]
            self._levels.append(list(map(self._together, below[:-1:2], below[1::2])))
        return self._levels[number]


def _runs(mask: int) -> Iterator[tuple[int, int]]:
    """The runs of a mask's bits: where each starts, and where it has ended."""
    base = 0
    while mask:
        low = (mask & -mask).bit_length() - 1
        run = mask >> low
        length = (~run & (run + 1)).bit_length() - 1
        yield base + low, base + low + length
        mask = run >> length
        base += low + length


def atoms(mask: int) -> list[int]:
    """The numbers of the bits of a mask, ascending."""
    found: list[int] = []
    for start, end in _runs(mask):
        found += range(start, end)
    return found


def lowest(mask: int, count: int) -> list[int]:
    """The numbers of the first bits of a mask, at most so many, ascending."""
    found: list[int] = []
    for start, end in _runs(mask):
        found += range(start, min(end, start + count - len(found)))
        if len(found) == count:
            break
    return found


def _edges(mask: int) -> list[int]:
    """Where the runs of a mask's bits start and end."""
    edges = mask ^ (mask << 1)
    found: list[int] = []
    while edges:
        low = edges & -edges
        found.append(low.bit_length() - 1)
        edges ^= low
    return found


def _running(toggles: dict[int, int], full: int) -> list[int]:
    """The boxes of each atom, from the boxes whose runs start or end there."""
    found: list[int] = []
    current = 0
    for atom in range(full.bit_length()):
        current ^= toggles.get(atom, 0)
        found.append(current)
    return found
