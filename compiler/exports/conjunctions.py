"""Label expressions as selectors say them: alternatives, each a list of requirements on labels."""

from enum import StrEnum
from typing import TypeAlias, assert_never

from msgspec import Struct

from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Everything,
    Has,
    In,
    LabelExpr,
    LabelKey,
    Not,
)

__all__ = [
    "MAX_ALTERNATIVES",
    "Atom",
    "Conjunction",
    "Operator",
    "alternatives",
    "disjoint",
    "expression",
]

MAX_ALTERNATIVES = 64
"""Alternatives of one expression: selectors have no `or`, so each becomes an object or peer of its own."""


class Operator(StrEnum):
    """The operators of Kubernetes' label selectors."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    ABSENT = "DoesNotExist"


class Atom(Struct, frozen=True):
    """One requirement on a label; `values` are sorted, and not empty for In and NotIn alone."""

    key: LabelKey
    op: Operator
    values: tuple[str, ...] = ()

    @property
    def positive(self) -> bool:
        """Whether it only holds where the label is there."""
        return self.op in (Operator.IN, Operator.EXISTS)


Conjunction: TypeAlias = tuple[Atom, ...]
"""All hold; none: every endpoint. Each once, in written order."""


class _TooMany(Exception):
    pass


def alternatives(expr: LabelExpr) -> tuple[Conjunction, ...] | None:
    """The expression as a union of conjunctions, none: it never holds; None: there are too many."""
    try:
        return _union(_alternatives(expr, True))
    except _TooMany:
        return None


def _alternatives(expr: LabelExpr, wanted: bool) -> list[Conjunction]:
    """Where `expr` is `wanted`."""
    match expr:
        case Everything():
            return [()] if wanted else []
        case Has(key):
            return [(Atom(key, Operator.EXISTS if wanted else Operator.ABSENT),)]
        case In(_, ()):
            return [] if wanted else [()]
        case In(key, values):
            return [(Atom(key, Operator.IN if wanted else Operator.NOT_IN, values),)]
        case Not(operand):
            return _alternatives(operand, not wanted)
        case AllOf(operands):
            parts = [_alternatives(o, wanted) for o in operands]
            return _every(parts) if wanted else _some(parts)
        case AnyOf(operands):
            parts = [_alternatives(o, wanted) for o in operands]
            return _some(parts) if wanted else _every(parts)
        case _:
            assert_never(expr)


def _some(parts: list[list[Conjunction]]) -> list[Conjunction]:
    return list(_union([c for part in parts for c in part]))


def _every(parts: list[list[Conjunction]]) -> list[Conjunction]:
    found: list[Conjunction] = [()]
    for part in parts:
        both = [tuple(dict.fromkeys((*left, *right))) for left in found for right in part]
        found = list(_union(both))
    return found


def _union(found: list[Conjunction]) -> tuple[Conjunction, ...]:
    """Without what never holds, and without what another alternative says already."""
    possible = [c for c in dict.fromkeys(found) if not disjoint(c, c)]
    sets = [frozenset(c) for c in possible]
    kept = tuple(c for c, own in zip(possible, sets, strict=True) if not any(s < own for s in sets))
    if len(kept) > MAX_ALTERNATIVES:
        raise _TooMany
    return kept


def disjoint(left: Conjunction, right: Conjunction) -> bool:
    """Whether no endpoint is in both, as far as two of their requirements show it."""
    return any(_contradict(a, b) for a in left for b in right)


def _contradict(left: Atom, right: Atom) -> bool:
    """A label of one source and key has one value; of `any` source there may be several."""
    if left.key != right.key:
        return False
    if right.op is Operator.IN or left.op is Operator.ABSENT:
        left, right = right, left
    match left.op, right.op:
        case Operator.IN, Operator.NOT_IN:
            return set(left.values) <= set(right.values)
        case Operator.IN, Operator.IN:
            return left.key.source != "any" and set(left.values).isdisjoint(right.values)
        case ((Operator.IN | Operator.EXISTS), Operator.ABSENT):
            return True
        case _:
            return False


def expression(conjunction: Conjunction) -> LabelExpr:
    """The conjunction as an expression, flat."""
    match tuple(map(_atom_expression, conjunction)):
        case ():
            return Everything()
        case (one,):
            return one
        case parts:
            return AllOf(parts)


def _atom_expression(atom: Atom) -> LabelExpr:
    match atom.op:
        case Operator.IN:
            return In(atom.key, atom.values)
        case Operator.NOT_IN:
            return Not(In(atom.key, atom.values))
        case Operator.EXISTS:
            return Has(atom.key)
        case Operator.ABSENT:
            return Not(Has(atom.key))
        case _:
            assert_never(atom.op)
