"""Automata: one state after each beginning of a text, and where each next character leads."""

from bisect import bisect_right

from msgspec import Struct
from msgspec.structs import force_setattr

from cpc.compiler.verify.languages.alphabet import LAST_NUMBER, character, number, readable

__all__ = ["DEAD", "Automaton"]

DEAD = -1
"""The state from which nothing is accepted."""


class Automaton(Struct, frozen=True):
    """The smallest automaton of its texts, so equal sets of texts have equal automata.

    State 0 is the first. From state `s` the characters numbered `starts[s][i]` up to before
    `starts[s][i + 1]` lead to `targets[s][i]`; starts ascend from 0, and neighbours lead to different
    states. The last row is that of `DEAD`. States are numbered as a walk in breadth meets them; from each
    but state 0 something is accepted.
    """

    starts: tuple[tuple[int, ...], ...]
    targets: tuple[tuple[int, ...], ...]
    accepting: tuple[bool, ...]
    distances: tuple[int, ...]
    """For each state the length of the shortest text that it accepts; DEAD: it accepts none."""
    full: int | None = None
    """The state from which everything is accepted."""

    def __post_init__(self) -> None:
        full = (s for s, t in enumerate(self.targets[:-1]) if self.accepting[s] and t == (s,))
        force_setattr(self, "full", next(full, None))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def accepts(self, text: str) -> bool:
        """Whether a text is in the set; one with a lone surrogate never is."""
        state = 0
        for c in text:
            n = number(c)
            if n is None:
                return False
            state = self.targets[state][bisect_right(self.starts[state], n) - 1]
        return self.accepting[state]

    def beginning(self) -> str:
        """The longest text that each text of the set begins with; of the empty set, some text."""
        state, found, seen = 0, "", set[int]()
        while not self.accepting[state] and state not in seen:
            seen.add(state)
            live = [i for i, t in enumerate(self.targets[state]) if t != DEAD]
            ends = (*self.starts[state][1:], LAST_NUMBER + 1)
            if len(live) != 1 or ends[live[0]] - self.starts[state][live[0]] != 1:
                break
            low = self.starts[state][live[0]]
            found += character(low)
            state = self.targets[state][live[0]]
        return found

    def shortest(self, state: int = 0) -> str | None:
        """A shortest text that leads from a state to acceptance, one that reads well; None: none does."""
        if self.distances[state] == DEAD:
            return None
        found = ""
        while self.distances[state]:
            ends = (*self.starts[state][1:], LAST_NUMBER + 1)
            (_, best), state = min(
                (readable(low, end - 1), target)
                for low, end, target in zip(
                    self.starts[state], ends, self.targets[state], strict=True
                )
                if self.distances[target] == self.distances[state] - 1
            )
            found += character(best)
        return found
