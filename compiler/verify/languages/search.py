"""Searches over several languages at once; products of automata grow only as far as a search goes."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import TypeAlias, TypeVar

from msgspec import Struct

from cpc.compiler.verify.languages.alphabet import LAST_NUMBER, character, readable
from cpc.compiler.verify.languages.automaton import DEAD
from cpc.compiler.verify.languages.language import Language
from cpc.compiler.verify.languages.limits import STATE_LIMIT, Allowance, TooLarge

__all__ = [
    "Comparison",
    "cells",
    "compare",
    "equivalent",
    "smallest",
    "split",
    "witness",
]

T = TypeVar("T")


class Comparison(Struct, frozen=True):
    """A shortest text in both languages, in the first alone, in the second alone; None: there is none."""

    both: str | None
    first_alone: str | None
    second_alone: str | None


def compare(first: Language, second: Language, limit: int = STATE_LIMIT) -> Comparison | TooLarge:
    """How two languages relate; equal sets of texts leave nothing alone."""
    here, there = split(first, second, limit), split(second, first, limit)
    if isinstance(here, TooLarge):
        return here
    if isinstance(there, TooLarge):
        return there
    return Comparison(here.get(1), here.get(0), there.get(0))


def equivalent(first: Language, second: Language) -> bool:
    """Whether they are the same set of texts."""
    return first.automaton == second.automaton


@lru_cache(maxsize=1 << 18)
def split(
    language: Language, by: Language, limit: int = STATE_LIMIT
) -> Mapping[int, str] | TooLarge:
    """A shortest text of `language` that is in `by` (at 1) and that is not (at 0), where there is one. Kept."""
    shorter = min(len(language.beginning), len(by.beginning))
    if language.beginning[:shorter] != by.beginning[:shorter]:
        shortest = language.automaton.shortest()
        return {} if shortest is None else {0: shortest}
    return _Search(language, (by,), Allowance(limit), _Wanted.ALL).cells()


def witness(
    inside: Language, outside: Sequence[Language], allowance: Allowance | None = None
) -> str | TooLarge | None:
    """A shortest text of `inside` that is in no language of `outside`; None: there is none."""
    found = _Search(inside, outside, allowance, _Wanted.EMPTY).cells()
    return found if isinstance(found, TooLarge) else found.get(0)


def cells(
    inside: Language, others: Sequence[Language], allowance: Allowance | None = None
) -> dict[int, str] | TooLarge:
    """The smallest sets of `others` that a text of `inside` lies in, each with a shortest such text.

    A set is an integer, bit `i` for `others[i]`. For every text of `inside` one of the answer's sets is
    part of the set that the text lies in.
    """
    found = _Search(inside, others, allowance, _Wanted.SMALLEST).cells()
    return found if isinstance(found, TooLarge) else smallest(found)


def smallest(found: Mapping[int, T]) -> dict[int, T]:
    """Without the sets that another one is part of."""
    return {
        some: shown
        for some, shown in found.items()
        if not any(other != some and not other & ~some for other in found)
    }


_State: TypeAlias = tuple[int, tuple[tuple[int, int], ...]]
"""The state of `inside`, and (number, state) of each other language that is not out of the question."""


class _Wanted(Enum):
    """The sets that matter: the empty one, the smallest, or all."""

    EMPTY = auto()
    SMALLEST = auto()
    ALL = auto()


class _Search:
    """A walk in breadth over what all languages make of one text."""

    def __init__(
        self,
        inside: Language,
        others: Sequence[Language],
        allowance: Allowance | None,
        wanted: _Wanted,
    ) -> None:
        self._inside = inside.automaton
        self._others = [other.automaton for other in others]
        every = (name for language in (inside, *others) for name in language.names)
        self._names = tuple(dict.fromkeys(every))
        self._allowance = allowance or Allowance(STATE_LIMIT)
        self._wanted = wanted
        self._steps = 0
        self._found: dict[int, str] = {}
        self._before: dict[_State, tuple[_State, int] | None] = {}

    def cells(self) -> dict[int, str] | TooLarge:
        """Sets of languages, all the smallest among them, each with a shortest text that is in just those."""
        if self._inside.distances[0] == DEAD:
            return {}
        layer: list[_State] = [(0, tuple((n, 0) for n in range(len(self._others))))]
        self._before[layer[0]] = None
        depth = 0
        while layer:
            following: list[_State] = []
            for state in layer:
                if self._goes_on(state, depth):
                    following += self._new_after(state)
                enough = self._allowance.spend(self._steps)
                self._steps = 0
                if len(self._before) > self._allowance.limit or not enough:
                    return TooLarge(self._names, self._allowance.limit)
            layer = following
            depth += 1
        return self._found

    def _goes_on(self, state: _State, depth: int) -> bool:
        """Notes what the state shows; whether longer texts may show more."""
        own, others = state
        sure = 0
        accepted = 0
        for number, other in others:
            automaton = self._others[number]
            if automaton.accepting[other]:
                accepted |= 1 << number
                if other == automaton.full:
                    sure |= 1 << number
        if self._tells_nothing(sure, len(others), depth):
            return False
        if not others:
            self._note(0, state, depth + self._inside.distances[own])
            return False
        if self._inside.accepting[own]:
            self._note(accepted, state, depth)
        return True

    def _tells_nothing(self, sure: int, alive: int, depth: int) -> bool:
        """Whether every set that texts of this depth and of more can lie in is known or does not matter.

        All texts from here on lie in the languages of `sure`, and in no others than `alive` ones.
        """
        if not self._found:
            return bool(sure) and self._wanted is _Wanted.EMPTY
        self._steps += len(self._found)
        short = {some for some, text in self._found.items() if len(text) <= depth}
        match self._wanted:
            case _Wanted.EMPTY:
                return bool(sure) or 0 in short
            case _Wanted.SMALLEST:
                return any(not some & ~sure for some in short)
            case _Wanted.ALL:
                return len(short) == 1 << len(self._others) or (
                    alive == sure.bit_count() and sure in short
                )

    def _note(self, accepted: int, state: _State, length: int) -> None:
        known = self._found.get(accepted)
        if known is None or len(known) > length:
            rest = "" if accepted else self._inside.shortest(state[0]) or ""
            self._found[accepted] = self._text(state) + rest

    def _text(self, state: _State) -> str:
        """The text that led to a state."""
        reversed_text: list[str] = []
        at = self._before[state]
        while at is not None:
            reversed_text.append(character(at[1]))
            at = self._before[at[0]]
        return "".join(reversed(reversed_text))

    def _new_after(self, state: _State) -> list[_State]:
        """The successors that were not met before, those of characters that read better first."""
        own, others = state
        own_starts, own_targets = self._inside.starts[own], self._inside.targets[own]
        rows = [
            (n, self._others[n].starts[other], self._others[n].targets[other])
            for n, other in others
        ]
        starts = sorted(set(own_starts).union(*(row[1] for row in rows)))
        self._steps += len(starts) * (len(rows) + 1)
        best: dict[_State, tuple[int, int]] = {}
        for start, end in zip(starts, (*starts[1:], LAST_NUMBER + 1), strict=True):
            target = own_targets[bisect_right(own_starts, start) - 1]
            if target == DEAD:
                continue
            successor = (
                target,
                tuple(
                    (n, t)
                    for n, other_starts, targets in rows
                    if (t := targets[bisect_right(other_starts, start) - 1]) != DEAD
                ),
            )
            if successor not in self._before:
                rank = readable(start, end - 1)
                best[successor] = min(rank, best.get(successor, rank))
        found = sorted(best, key=best.__getitem__)
        for successor in found:
            self._before[successor] = (state, best[successor][1])
        return found
