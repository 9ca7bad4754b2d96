"""Bitmaps of boxes by atom: which boxes meet a box, which hold it, which hold a point."""

from collections.abc import Sequence

from cpc.compiler.verify.engine.space import Box, Space

__all__ = ["Index", "Point", "atoms"]

Point = dict[int, int]
"""One atom for each field, by its number; a field that is missing has any atom."""


class Index:
    """Bitmaps over the numbered boxes of one direction.

    `by_atom[f][a]` are the boxes narrowed in field f that hold its atom a; `free[f]` are those that are
    not narrowed there, `narrowed[f]` the others.
    """

    def __init__(self, space: Space, boxes: Sequence[Box]) -> None:
        self.space = space
        self.everything = (1 << len(boxes)) - 1
        narrowed: dict[int, int] = {}
        changes: dict[int, dict[int, int]] = {}
        for number, box in enumerate(boxes):
            bit = 1 << number
            for at, mask in box.items():
                narrowed[at] = narrowed.get(at, 0) | bit
                toggles = changes.setdefault(at, {})
                for edge in _edges(mask):
                    toggles[edge] = toggles.get(edge, 0) ^ bit
        self.fields = tuple(sorted(narrowed))
        self.free = {at: self.everything & ~bits for at, bits in narrowed.items()}
        self.narrowed = narrowed
        self.by_atom = {at: _running(toggles, space.full[at]) for at, toggles in changes.items()}
        self._meeting: dict[tuple[int, int], int] = {}
        self._holding: dict[tuple[int, int], int] = {}

    def meeting(self, box: Box) -> int:
        """The boxes that share a point with a box."""
        found = self.everything
        for at, mask in box.items():
            if at in self.free:
                found &= self._meet(at, mask)
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

    def at(self, point: Point) -> int:
        """The boxes that hold a point; every field that some box narrows has its atom."""
        found = self.everything
        for at in self.fields:
            found &= self.by_atom[at][point[at]] | self.free[at]
        return found

    def _meet(self, at: int, mask: int) -> int:
        key = (at, mask)
        if key not in self._meeting:
            found = self.free[at]
            by_atom = self.by_atom[at]
            for atom in atoms(mask):
                found |= by_atom[atom]
            self._meeting[key] = found
        return self._meeting[key]

    def _hold(self, at: int, mask: int) -> int:
        key = (at, mask)
        if key not in self._holding:
            found = self.everything
            by_atom = self.by_atom[at]
            for atom in atoms(mask):
                found &= by_atom[atom]
            self._holding[key] = found | self.free[at]
        return self._holding[key]


def atoms(mask: int) -> list[int]:
    """The numbers of the bits of a mask, ascending."""
    found: list[int] = []
    base = 0
    while mask:
        low = (mask & -mask).bit_length() - 1
        run = mask >> low
        length = (~run & (run + 1)).bit_length() - 1
        found += range(base + low, base + low + length)
        mask = run >> length
        base += low + length
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
