"""A large policy in parts that have nothing to do with each other.

Rules whose subjects need different values of one label never meet. So the rules of each value, with those
that speak of no value, are a small policy of their own: its grid is small, and so is its bitmaps' work.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cpc.compiler.policy.model import (
    AllOf,
    Direction,
    EndpointTerm,
    In,
    Isolation,
    LabelExpr,
    NamedPort,
    Policy,
    Rule,
    Selector,
    Term,
)

__all__ = ["Part", "parts"]

_SMALL = 400
"""Statements of one direction that are not worth being parted."""

_GROWTH = 8
"""How many times the statements may be counted in all parts together."""

_Values = frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A policy of one direction, and those of its rules that it is about: what they meet is all in it."""

    policy: Policy
    home: tuple[Rule, ...]


def parts(policy: Policy, direction: Direction) -> Iterator[Part]:
    """The parts of a policy in one direction; each of its rules is at home in one of them."""
    rules = [r for r in policy.rules if r.direction is direction]
    isolations = [i for i in policy.isolations if i.direction is direction]
    key = _best_key(rules, isolations) if len(rules) + len(isolations) > _SMALL else None
    if key is None:
        yield Part(_of(policy, rules, isolations), tuple(rules))
        return
    homes: dict[_Values | None, list[Rule]] = {}
    values: dict[int, _Values | None] = {}
    by_value: dict[str, list[int]] = {}
    anywhere: list[int] = []
    statements: list[Rule | Isolation] = [*rules, *isolations]
    for number, statement in enumerate(statements):
        needs = values[number] = _needs(statement.subject).get(key)
        if isinstance(statement, Rule):
            homes.setdefault(needs, []).append(statement)
        for value in needs or ():
            by_value.setdefault(value, []).append(number)
        if needs is None:
            anywhere.append(number)
    for needs, home in homes.items():
        met: Iterable[int] = range(len(statements))
        if needs is not None:
            met = sorted({*anywhere, *(n for value in needs for n in by_value[value])})
        inside = [statements[n] for n in met]
        yield Part(
            _of(
                policy,
                [s for s in inside if isinstance(s, Rule)],
                [s for s in inside if isinstance(s, Isolation)],
            ),
            tuple(home),
        )


def _of(policy: Policy, rules: Sequence[Rule], isolations: Sequence[Isolation]) -> Policy:
    return replace(policy, rules=tuple(rules), isolations=tuple(isolations), open_defaults=())


def _best_key(rules: Sequence[Rule], isolations: Sequence[Isolation]) -> str | None:
    """The label key that parts the statements best; None where no key is worth it."""
    needs = [_needs(r.subject) for r in rules] + [_needs(i.subject) for i in isolations]
    bound: Counter[str] = Counter(key for one in needs for key in one)
    best: tuple[int, str] | None = None
    for key, number in bound.most_common(4):
        sizes: Counter[str] = Counter(value for one in needs for value in one.get(key, ()))
        free = len(needs) - number
        groups = {one[key] for one in needs if key in one}
        total = free + sum(free + sum(sizes[v] for v in group) for group in groups)
        if free:
            total += len(needs)  # the rules that are free meet everything
        if best is None or total < best[0]:
            best = (total, key)
    if best is None or best[0] > _GROWTH * len(needs):
        return None
    return best[1]


def _needs(subject: Selector) -> dict[str, _Values]:
    """The values of which a subject must have one, by label key."""
    found: dict[str, _Values] | None = None
    for term in subject:
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
