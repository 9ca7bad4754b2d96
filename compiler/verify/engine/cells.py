"""Cells: disjoint boxes, taken apart and put together again."""

from collections.abc import Hashable, Iterable, Sequence

from cpc.compiler.verify.engine.space import PEER, SUBJECT, Box, Kind, Side, Space

__all__ = ["apart", "joined"]


def apart(cell: Box, box: Box, space: Space) -> tuple[list[Box], Box | None]:
    """The parts of a cell outside of a box, disjoint, and the part inside; None: it is all outside.

    Kinds of parties come first: so a cell is narrowed in fields of labels only where parties have them.
    """
    met = {at: cell.get(at, space.full[at]) & mask for at, mask in box.items()}
    if not all(met.values()):
        return [cell], None
    outside: list[Box] = []
    inside = cell
    for at in sorted(met):
        have = inside.get(at, space.full[at])
        if have & ~met[at]:
            outside.append({**inside, at: have & ~met[at]})
            inside = {**inside, at: met[at]}
    return outside, inside


def joined(cells: Iterable[tuple[Hashable, Box]], space: Space) -> list[tuple[Hashable, Box]]:
    """As few boxes as it takes to say the same: two of one key that differ in one field become one."""
    found = [(key, _plain(box, space)) for key, box in cells]
    while True:
        before = len(found)
        for at in sorted({at for _, box in found for at in box}):
            found = _joined_in(at, found, space)
        found = _with_unlabelled(found, space)
        if len(found) == before:
            return found


def _plain(box: Box, space: Space) -> Box:
    return {at: mask for at, mask in sorted(box.items()) if mask != space.full[at]}


def _joined_in(
    at: int, cells: Sequence[tuple[Hashable, Box]], space: Space
) -> list[tuple[Hashable, Box]]:
    """Cells that are alike in all fields but one, as one."""
    full = space.full[at]
    groups: dict[tuple[Hashable, frozenset[tuple[int, int]]], int] = {}
    for key, box in cells:
        rest = frozenset(item for item in box.items() if item[0] != at)
        groups[key, rest] = groups.get((key, rest), 0) | box.get(at, full)
    return [(key, _plain({**dict(rest), at: mask}, space)) for (key, rest), mask in groups.items()]


def _with_unlabelled(
    cells: Sequence[tuple[Hashable, Box]], space: Space
) -> list[tuple[Hashable, Box]]:
    """Endpoints without labels, and those whose labels are narrowed so that none would do, as one.

    An endpoint without labels has none of any key, so its cells need not be narrowed there.
    """
    for side, kind in ((Side.SUBJECT, SUBJECT), (Side.PEER, PEER)):
        labels = {at for at, (where, _) in space.key_of.items() if where is side}
        lone = {
            (key, frozenset(box.items()) - {(kind, 1 << Kind.INIT)}): n
            for n, (key, box) in enumerate(cells)
            if box.get(kind) == 1 << Kind.INIT and not labels & box.keys()
        }
        gone: set[int] = set()
        kept: list[tuple[Hashable, Box]] = []
        for key, box in cells:
            narrowed = labels & box.keys()
            rest = frozenset(i for i in box.items() if i[0] != kind and i[0] not in narrowed)
            mate = lone.get((key, rest))
            fits = narrowed and all(box[at] & 1 for at in narrowed)
            if mate is not None and mate not in gone and fits:
                gone.add(mate)
                box = {**box, kind: box.get(kind, space.full[kind]) | 1 << Kind.INIT}
            kept.append((key, box))
        mates = {id(cells[n]) for n in gone}
        cells = [k for k, c in zip(kept, cells, strict=True) if id(c) not in mates]
    return list(cells)
