"""A large policy in parts that have nothing to do with each other.

Rules whose subjects need different values of one label never meet, nor do rules whose peers need them. So
the rules of each value, with those that speak of no value, are a small policy of their own: its grid is small,
and so is its bitmaps' work.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.model import (
    AllOf,
    Direction,
    EndpointTerm,
    In,
    LabelExpr,
    NamedPort,
    Policy,
    Rule,
    Selector,
    Term,
)

__all__ = ["Needs", "Part", "part_of", "parts"]

_SMALL = 400
"""Statements of one direction that are not worth being parted."""

_PACKED = 100
"""Rules of one part, where each of its values is needed by fewer: a part has its costs too."""

_GROWTH = 8
"""How many times all statements may be counted again as those that are in every part."""

_Values = frozenset[str]
_Needed = Mapping[str, _Values]
_NOTHING: _Needed = {}
_Column = Sequence[_Needed]
"""What the subject of each statement needs, or its peer."""


class Part(Struct, frozen=True):
    """A policy of one direction, and those of its rules that it is about: what they meet is all in it."""

    policy: Policy
    home: tuple[Rule, ...]


class Needs:
    """The values, by label key, of which whoever a selector selects must have one; each found once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Selector, _Needed]] = {}

    def column(self, selectors: Iterable[Selector]) -> "_Column":
        """What each of some selectors needs."""
        known = self._known
        return [(known.get(id(selector)) or self._find(selector))[1] for selector in selectors]

    def _find(self, selector: Selector) -> tuple[Selector, _Needed]:
        """It is kept, so that no other has its `id`."""
        found = self._known[id(selector)] = (selector, _selected(selector))
        return found


def part_of(policy: Policy, direction: Direction) -> Part:
    """All of one direction."""
    rules = tuple([rule for rule in policy.rules if rule.direction is direction])
    isolations = tuple([i for i in policy.isolations if i.direction is direction])
    whole = replace(policy, rules=rules, isolations=isolations, open_defaults=())
    return Part(whole, rules)


def parts(whole: Part, needs: Needs) -> Iterator[Part]:
    """The parts of a direction; each of its rules is at home in one of them."""
    policy = whole.policy
    rules, isolations = policy.rules, policy.isolations
    subjects = [*(rule.subject for rule in rules), *(i.subject for i in isolations)]
    size = len(subjects)
    column: Sequence[_Values | None] = ()
    if size > _SMALL:
        peers = [*needs.column(rule.peers for rule in rules), *[_NOTHING] * len(isolations)]
        column = _best_column((needs.column(subjects), peers))
    if not column:
        yield whole
        return
    homes: dict[_Values | None, list[int]] = {}
    by_value: dict[str, list[int]] = {}
    anywhere: list[int] = []
    for number, values in enumerate(column):
        if number < len(rules):
            homes.setdefault(values, []).append(number)
        for value in values or ():
            by_value.setdefault(value, []).append(number)
        if values is None:
            anywhere.append(number)
    for values, home in _packed(homes):
        met: Iterable[int] = range(size)
        if values is not None:
            met = sorted({*anywhere, *home, *(n for value in values for n in by_value[value])})
        inside = replace(
            policy,
            rules=tuple([rules[n] for n in met if n < len(rules)]),
            isolations=tuple([isolations[n - len(rules)] for n in met if n >= len(rules)]),
        )
        yield Part(inside, tuple([rules[n] for n in home]))


def _packed(
    homes: Mapping[_Values | None, Sequence[int]],
) -> Iterator[tuple[_Values | None, Sequence[int]]]:
    """Rules by the values that they need, a few values together where few rules need each.

    Which ones hangs on the values alone: a rule more or less changes the parts that it is in, no others.
    """
    if None in homes:
        yield None, homes[None]
    bound = {needs: home for needs, home in homes.items() if needs is not None}
    number = 1 << (sum(map(len, bound.values())) // _PACKED).bit_length()
    together: dict[int, dict[_Values, Sequence[int]]] = {}
    for needs, home in bound.items():
        together.setdefault(crc32(min(needs, default="").encode()) % number, {})[needs] = home
    for _, packed in sorted(together.items()):
        yield frozenset().union(*packed), [n for home in packed.values() for n in home]


def _best_column(columns: Sequence[_Column]) -> Sequence[_Values | None]:
    """What statements need of the label key that parts them best; empty where no key is worth it.

    A statement costs what it may meet: the statements of its part.
    """
    total = len(columns[0])
    found = [(number, key, column) for column in columns for key, number in _bound(column).items()]
    best: Sequence[_Values | None] = ()
    least = total**2 // 2
    for number, key, column in sorted(found, key=itemgetter(0), reverse=True)[:4]:
        values = [needed.get(key) for needed in column]
        groups = Counter(values)
        free = groups.pop(None, 0)
        sizes: Counter[str] = Counter()
        for group, count in groups.items():
            for value in group or ():
                sizes[value] += count
        if free * min(len(groups), number // _PACKED) > _GROWTH * total:
            continue
        cost = free * total + sum(
            count * (free + max(_PACKED, sum(sizes[v] for v in group or ())))
            for group, count in groups.items()
        )
        if cost < least:
            best, least = values, cost
    return best


def _bound(column: _Column) -> Counter[str]:
    """How many need a value, by label key."""
    known = {id(needed): needed for needed in column}
    bound: Counter[str] = Counter()
    for needed, count in Counter(map(id, column)).items():
        for key in known[needed]:
            bound[key] += count
    return bound


def _selected(selector: Selector) -> dict[str, _Values]:
    found: dict[str, _Values] | None = None
    for term in selector:
        here = _term(term)
        if found is None:
            found = here
        else:
            found = {key: values | here[key] for key, values in found.items() if key in here}
    return found or {}


def _term(term: Term) -> dict[str, _Values]:
    if isinstance(term, NamedPort):
        return _term(term.term)
    return _expr(term.expr) if isinstance(term, EndpointTerm) else {}


def _expr(expr: LabelExpr) -> dict[str, _Values]:
    match expr:
        case In(key, values):
            return {key.key: frozenset(values)}
        case AllOf(operands):
            found: dict[str, _Values] = {}
            for operand in operands:
                for name, needed in _expr(operand).items():
                    found[name] = found.get(name, needed) & needed
            return found
        case _:
            return {}
