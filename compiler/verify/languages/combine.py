"""Languages made of other languages."""

from bisect import bisect_right

from cpc.compiler.verify.languages.alphabet import number
from cpc.compiler.verify.languages.automaton import DEAD
from cpc.compiler.verify.languages.language import Language, named
from cpc.compiler.verify.languages.limits import STATE_LIMIT, TooLarge
from cpc.compiler.verify.languages.minimise import Table

__all__ = ["meet", "with_anything_after"]


def meet(first: Language, second: Language, limit: int = STATE_LIMIT) -> Language | TooLarge:
    """The texts that are in both, under the first one's name."""
    one, two = first.automaton, second.automaton
    numbers = {(0, 0): 0}
    table = Table()
    for a, b in (queue := [(0, 0)]):
        starts, targets = list[int](), list[int]()
        for start in sorted({*one.starts[a], *two.starts[b]}):
            pair = (
                one.targets[a][bisect_right(one.starts[a], start) - 1],
                two.targets[b][bisect_right(two.starts[b], start) - 1],
            )
            if DEAD in pair:
                target = DEAD
            elif (target := numbers.get(pair, DEAD)) == DEAD:
                target = numbers[pair] = len(queue)
                queue.append(pair)
            if not targets or target != targets[-1]:
                starts.append(start)
                targets.append(target)
        table.starts.append(tuple(starts))
        table.targets.append(tuple(targets))
        table.accepting.append(one.accepting[a] and two.accepting[b])
        if len(queue) > limit:
            return TooLarge((first.name, second.name), limit)
    return named(first.name, table)


def with_anything_after(mark: str, language: Language) -> Language:
    """The texts of which the part before the first `mark`, a character, is in the language."""
    low = number(mark)
    assert low is not None, "a mark is no surrogate"
    old = language.automaton
    full = len(old)
    table = Table()
    for state in range(full):
        starts, targets = list[int](), list[int]()
        marked = full if old.accepting[state] else DEAD
        for start in sorted({*old.starts[state], low, low + 1}):
            place = bisect_right(old.starts[state], start) - 1
            starts.append(start)
            targets.append(marked if start == low else old.targets[state][place])
        table.starts.append(tuple(starts))
        table.targets.append(tuple(targets))
        table.accepting.append(old.accepting[state])
    table.starts.append((0,))
    table.targets.append((full,))
    table.accepting.append(True)
    return named(language.name, table)
