"""The smallest automaton of a table: states that accept the same texts become one.

Blocks of states are split until all states of a block lead to the same blocks. When a block is split, its
largest part keeps the block's number, so a state changes its number a logarithmic number of times, and
only states that lead to changed ones are looked at again (J. Jacobs, T. Wissmann, "Fast Coalgebraic
Bisimilarity Minimization", POPL 2023). The first blocks are by the length of the shortest text
that is accepted, which already tells most states of an everyday expression apart.
"""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct, field

from cpc.compiler.verify.languages.automaton import DEAD, Automaton

__all__ = ["Table", "minimised"]

_Signature = tuple[int, ...]


class Table(Struct):
    """An automaton in the making, rows as in `Automaton` but none for `DEAD`; neighbours may lead to one state."""

    starts: list[tuple[int, ...]] = field(default_factory=list)
    targets: list[tuple[int, ...]] = field(default_factory=list)
    accepting: list[bool] = field(default_factory=list)

    def add(self, starts: Iterable[int], targets: Iterable[int], accepting: bool) -> None:
        """Adds a state."""
        self.starts.append(tuple(starts))
        self.targets.append(tuple(targets))
        self.accepting.append(accepting)


def minimised(table: Table) -> Automaton:
    """The smallest automaton that accepts the same texts."""
    before: list[list[int]] = [[] for _ in table.starts]
    for state, targets in enumerate(table.targets):
        for target in targets:
            if target != DEAD:
                before[target].append(state)
    distances = _distances(table, before)
    blocks = distances.copy()
    _split(table, before, blocks)
    return _numbered(table, blocks, distances)


def _distances(table: Table, before: list[list[int]]) -> list[int]:
    """The length of the shortest text that each state accepts; DEAD: it accepts none."""
    found = [DEAD] * len(before)
    queue = [s for s, accepting in enumerate(table.accepting) if accepting]
    for state in queue:
        found[state] = 0
    for state in queue:
        for previous in before[state]:
            if found[previous] == DEAD:
                found[previous] = found[state] + 1
                queue.append(previous)
    return found


def _signature(table: Table, blocks: list[int], state: int) -> _Signature:
    """The blocks that the state leads to, and by which characters."""
    signature: list[int] = []
    last = None
    for start, target in zip(table.starts[state], table.targets[state], strict=True):
        block = DEAD if target == DEAD else blocks[target]
        if block != last:
            signature += (start, block)
            last = block
    return tuple(signature)


def _split(table: Table, before: list[list[int]], blocks: list[int]) -> None:
    """Splits `blocks`, in place, until each is of states that accept the same texts."""
    members: defaultdict[int, set[int]] = defaultdict(set)
    for state, block in enumerate(blocks):
        if block != DEAD:
            members[block].add(state)
    fresh = max(members, default=0) + 1
    dirty = {block: set(states) for block, states in members.items() if len(states) > 1}
    while dirty:
        block, states = dirty.popitem()
        parts: defaultdict[_Signature, set[int]] = defaultdict(set)
        for state in states:
            parts[_signature(table, blocks, state)].add(state)
        clean = members[block] - states
        if clean:
            parts[_signature(table, blocks, next(iter(clean)))] |= clean
        if len(parts) == 1:
            continue
        largest = max(parts.values(), key=len)
        members[block] = largest
        for part in parts.values():
            if part is largest:
                continue
            members[fresh] = part
            for state in part:
                blocks[state] = fresh
            fresh += 1
        for part in parts.values():
            if part is not largest:
                for previous in {p for state in part for p in before[state]}:
                    if len(members[blocks[previous]]) > 1:
                        dirty.setdefault(blocks[previous], set()).add(previous)


def _numbered(table: Table, blocks: list[int], distances: list[int]) -> Automaton:
    """One state for each block, as a walk in breadth from the first meets them."""
    some = {block: state for state, block in enumerate(blocks)}
    numbers = {DEAD: DEAD, blocks[0]: 0}
    smallest = Table()
    for block in (queue := [blocks[0]]):
        signature = _signature(table, blocks, some[block])
        for target in signature[1::2]:
            if target not in numbers:
                numbers[target] = len(queue)
                queue.append(target)
        smallest.add(
            signature[::2],
            (numbers[t] for t in signature[1::2]),
            table.accepting[some[block]],
        )
    return Automaton(
        (*smallest.starts, (0,)),
        (*smallest.targets, (DEAD,)),
        (*smallest.accepting, False),
        tuple(distances[some[block]] for block in queue) + (DEAD,),
    )
