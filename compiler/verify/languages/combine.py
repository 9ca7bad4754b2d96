"""Automata made of other automata, as tables that are not the smallest yet."""

from bisect import bisect_right

from cpc.compiler.verify.languages.alphabet import number
from cpc.compiler.verify.languages.automaton import DEAD, Automaton
from cpc.compiler.verify.languages.limits import Allowance
from cpc.compiler.verify.languages.minimise import Table

__all__ = ["meet", "with_anything_after"]


def meet(first: Table | Automaton, second: Table | Automaton, limit: int) -> Table | None:
    """The texts that are in both; None: over `limit` states, or too much in them."""
    allowance = Allowance(limit)
    numbers = {(0, 0): 0}
    table = Table()
    for a, b in (queue := [(0, 0)]):
        a_starts, a_targets = first.starts[a], first.targets[a]
        b_starts, b_targets = second.starts[b], second.targets[b]
        starts, targets = list[int](), list[int]()
        for start in sorted({*a_starts, *b_starts}):
            pair = (
                a_targets[bisect_right(a_starts, start) - 1],
                b_targets[bisect_right(b_starts, start) - 1],
            )
            if DEAD in pair:
                target = DEAD
            elif (target := numbers.get(pair, DEAD)) == DEAD:
                target = numbers[pair] = len(queue)
                queue.append(pair)
            if not targets or target != targets[-1]:
                starts.append(start)
                targets.append(target)
        table.add(starts, targets, first.accepting[a] and second.accepting[b])
        if len(queue) > limit or not allowance.spend(len(starts)):
            return None
    return table


def with_anything_after(mark: str, table: Table) -> Table:
    """The texts of which the part before the first `mark`, a character, is in the table's."""
    at = number(mark)
    assert at is not None, "a mark is no surrogate"
    found = Table()
    full = len(table.accepting)
    for old_starts, old_targets, accepting in zip(
        table.starts, table.targets, table.accepting, strict=True
    ):
        starts = sorted({*old_starts, at, at + 1})
        targets = [old_targets[bisect_right(old_starts, start) - 1] for start in starts]
        targets[starts.index(at)] = full if accepting else DEAD
        found.add(starts, targets, accepting)
    found.add((0,), (full,), True)
    return found
