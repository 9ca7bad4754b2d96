"""Points of a box with a property: a greedy look first, then an exact search that splits the box."""

from collections.abc import Callable, Sequence

from cpc.compiler.verify.engine.index import Index, Point, atoms
from cpc.compiler.verify.engine.space import Box

__all__ = ["OutOfSteps", "Search"]

_MAX_STEPS = 20_000
_TRIED_ATOMS = 256
"""Atoms of one field that the greedy look tries."""

_MANY = 16
"""Boxes that are looked at one by one; which of more than these meet or hold a cell, bitmaps say."""


class OutOfSteps(Exception):
    """The exact search was stopped: the answer is not known."""


class Search:
    """Looks for points among the boxes of one direction."""

    def __init__(self, index: Index, boxes: Sequence[Box]) -> None:
        self._index = index
        self._boxes = boxes
        self._full = index.space.full

    def plain(self, cell: Box, avoid: int) -> Point:
        """A point of `cell` in few boxes of `avoid`, chosen field by field."""
        index = self._index
        may = index.meeting(cell) & avoid
        point: Point = {}
        for at in index.fields:
            mask = cell.get(at) or self._full[at]
            if not may & index.narrowed[at]:
                point[at] = (mask & -mask).bit_length() - 1
                continue
            if at in index.unheld and at not in cell:
                point[at] = index.unheld[at]
                may &= index.free[at]
                continue
            free, by_atom = index.free[at], index.by_atom[at]
            least = (may & free).bit_count()
            chosen, fewest = -1, 1 << 62
            for atom in _some(mask):
                left = may & (by_atom[atom] | free)
                count = left.bit_count()
                if count < fewest:
                    chosen, fewest, best = atom, count, left
                    if count == least:
                        break
            point[at] = chosen
            may = best
        return point

    def find(
        self,
        cell: Box,
        relevant: int,
        good: Callable[[int], bool],
        hopeless: Callable[[int], bool],
        fits: Callable[[Box], bool] = lambda cell: True,
        matter: Callable[[int], int] = lambda must: -1,
    ) -> Box | None:
        """A part of `cell` in which exactly the same `relevant` boxes match, and are good; None: none is.

        `good` is asked about those boxes; `hopeless` about some that surely match: it says that no point
        in all of them is good. `fits` says whether some point of a cell can be; `matter` which boxes still
        count beside some that surely match: whether others match is not looked for. OutOfSteps where the
        search is too long.
        """
        stack = [(cell, relevant, 0)]
        steps = 0
        while stack:
            steps += 1
            if steps > _MAX_STEPS:
                raise OutOfSteps
            cell, may, must = stack.pop()
            many = may.bit_count() > _MANY
            if many:
                may &= self._index.meeting(cell)
                must |= may & self._index.holding(cell)
                may &= ~must & matter(must)
                if hopeless(must):
                    continue
            partial, must = self._partial(cell, atoms(may), must, only_first=many)
            if hopeless(must):
                continue
            live = matter(must)
            partial = [one for one in partial if live >> one[1] & 1]
            if not partial:
                if fits(cell) and good(must):
                    return cell
                continue
            _, number, splits = min(partial)
            rest = may if many else sum(1 << n for _, n, _ in partial)
            inside, box = cell, self._boxes[number]
            outside: list[Box] = []
            for at in splits:
                have = inside.get(at) or self._full[at]
                outside.append({**inside, at: have & ~box[at]})
                inside = {**inside, at: have & box[at]}
            stack.append((inside, rest, must))
            stack += [(part, rest, must) for part in outside]
        return None

    def _partial(
        self, cell: Box, may: Sequence[int], must: int, only_first: bool
    ) -> tuple[list[tuple[int, int, list[int]]], int]:
        """The boxes that hold a part of a cell, with the fields in which they do; and those that hold all.

        With `only_first` no more of them than needed to know the first of those with fewest fields.
        """
        partial: list[tuple[int, int, list[int]]] = []
        full = self._full
        for number in may:
            splits: list[int] = []
            for at, mask in self._boxes[number].items():
                have = cell.get(at) or full[at]
                if not have & mask:
                    break
                if have & ~mask:
                    splits.append(at)
            else:
                if splits:
                    partial.append((len(splits), number, splits))
                    if only_first and len(splits) == 1:
                        break
                else:
                    must |= 1 << number
        return partial, must

    def point(self, cell: Box) -> Point:
        """The first point of a cell."""
        found: Point = {}
        for at in self._index.fields:
            mask = cell.get(at) or self._full[at]
            found[at] = (mask & -mask).bit_length() - 1
        return found


def _some(mask: int) -> Sequence[int]:
    """The atoms of a mask, or as many of them as are tried."""
    if mask.bit_count() <= _TRIED_ATOMS:
        return atoms(mask)
    found = atoms(mask)
    step = len(found) // (_TRIED_ATOMS - 16) + 1
    return [*found[:8], *found[-8:], *found[8:-8:step]]
