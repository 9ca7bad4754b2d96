"""One part of requests: the sets that matchers ask of it, and values that tell those sets apart."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.verify.languages.carried import (
    LAST_KAFKA_NUMBER,
    OPTIONAL,
    PREFERRED,
    What,
    carried,
)
from cpc.compiler.verify.languages.combine import meet
from cpc.compiler.verify.languages.language import Language
from cpc.compiler.verify.languages.limits import Allowance, LimitReached, TooLarge
from cpc.compiler.verify.languages.search import cells, smallest, split, witness

__all__ = [
    "ABSENT",
    "Absent",
    "Numbers",
    "Part",
    "Value",
    "Where",
    "common_language",
    "common_part",
    "values",
]


class Where(Struct, frozen=True, order=True):
    """A part of requests; `header` is the name of a header, lower case."""

    what: What
    header: str = ""


class Numbers(Struct, frozen=True):
    """The numbers in `values`, or with `others` all numbers but those."""

    values: frozenset[int]
    others: bool = False

    def and_in(self, other: "Numbers") -> "Numbers":
        """The numbers that are in both."""
        match self.others, other.others:
            case False, _:
                return Numbers(frozenset(n for n in self.values if n in other))
            case True, False:
                return other.and_in(self)
            case _:
                return Numbers(self.values | other.values, others=True)

    def __contains__(self, number: int) -> bool:
        return (number in self.values) is not self.others


class Absent(Struct, frozen=True):
    """The part is not there."""


ABSENT = Absent()

Part: TypeAlias = Language | Numbers | Absent


def common_part(first: Part, second: Part, limit: int) -> Part | None:
    """What is in both; None: nothing is. LimitReached."""
    match first, second:
        case Absent(), Absent():
            return first
        case Numbers(), Numbers():
            both = first.and_in(second)
            return both if both.values or both.others else None
        case Language(), Language():
            both_texts = common_language(first, second, limit)
            return None if both_texts.is_empty else both_texts
        case _:
            return None


@lru_cache(maxsize=1 << 16)
def common_language(first: Language, second: Language, limit: int) -> Language:
    """The texts of both; LimitReached. Kept."""
    if first is second:
        return first
    names = tuple(dict.fromkeys(first.names + second.names))
    table = meet(first.automaton, second.automaton, limit)
    if table is None:
        raise LimitReached(TooLarge(names, limit))
    return Language.of(names, table)


Value: TypeAlias = str | int | None
"""What is in a part; None: it is absent."""


def values(
    where: Where,
    inside: Part | None,
    others: Sequence[Part],
    allowance: Allowance,
    *,
    bare: bool = False,
) -> dict[int, Value]:
    """The smallest sets of `others` that a value of `inside` is in, each with such a value; LimitReached.

    A set is an integer, bit `i` for `others[i]`. `inside` None: whatever can be carried, absence too where it
    can be. With at most one other, all sets are there, not the smallest only. `bare`: only the empty set matters.
    """
    found: dict[int, Value] = {}
    if inside is ABSENT or (inside is None and where.what in OPTIONAL):
        found[_those(other is ABSENT for other in others)] = None
    if where.what in (What.KEY, What.VERSION):
        for number in _numbers([p for p in (inside, *others) if isinstance(p, Numbers)]):
            if not isinstance(inside, Numbers) or number in inside:
                found.setdefault(
                    _those(isinstance(o, Numbers) and number in o for o in others), number
                )
    elif not isinstance(inside, Absent):
        language = inside if isinstance(inside, Language) else carried(where.what)
        for some, text in _texts(where.what, language, others, allowance, bare).items():
            found.setdefault(some, text)
    return found if len(others) < 2 else smallest(found)


def _those(holds: Iterable[bool]) -> int:
    """The set of those that hold."""
    return sum(1 << n for n, each in enumerate(holds) if each)


def _numbers(sets: Sequence[Numbers]) -> list[int]:
    """Every number that a set speaks of, and one that none does."""
    spoken = frozenset[int]().union(*(s.values for s in sets))
    other = next((n for n in range(LAST_KAFKA_NUMBER + 1) if n not in spoken), None)
    return sorted(spoken if other is None else spoken | {other})


def _texts(
    what: What, inside: Language, others: Sequence[Part], allowance: Allowance, bare: bool
) -> dict[int, str]:
    numbers = [n for n, other in enumerate(others) if isinstance(other, Language)]
    languages = [other for other in others if isinstance(other, Language)]
    found: Mapping[int, str] | TooLarge
    match languages:
        case []:
            shortest = inside.automaton.shortest()
            found = {} if shortest is None else {0: shortest}
        case [only]:
            found = split(inside, only, allowance.limit)
        case _ if bare:
            outside = witness(inside, languages, allowance)
            if isinstance(outside, TooLarge):
                raise LimitReached(outside)
            found = {} if outside is None else {0: outside}
        case _:
            found = cells(inside, languages, allowance)
    if isinstance(found, TooLarge):
        raise LimitReached(found)
    readable = dict(found)
    for text in reversed(PREFERRED.get(what, ())):
        if inside.automaton.accepts(text):
            some = _those(language.automaton.accepts(text) for language in languages)
            if some in readable:
                readable[some] = text
    return {_those_at(numbers, some): text for some, text in readable.items()}


def _those_at(numbers: Sequence[int], some: int) -> int:
    """The set whose members have these numbers in a longer list."""
    return sum(1 << n for place, n in enumerate(numbers) if some >> place & 1)
