"""What the verifier finds out about a policy: each finding is data, with its rules and its witness."""

from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.policy.flow import Flow, Request
from cpc.compiler.policy.model import Isolation, Rule

__all__ = ["OVERLAPS", "WITHOUT_EFFECT", "Finding", "FindingKind", "Statement", "in_order"]

Statement: TypeAlias = Rule | Isolation


class FindingKind(StrEnum):
    """What can be wrong with a half of a rule. M(r) are the flows that it matches, Eff(r) those of them
    that nothing before it decides.
    """

    DEAD = "dead-rule"
    """M(r) is empty, whatever endpoints there are."""
    IRRELEVANT = "irrelevant-rule"
    """M(r) is empty under the inventory."""
    SHADOWED = "shadowed-rule"
    """Eff(r) is empty, and some flow of M(r) is decided otherwise."""
    DUPLICATE = "masked-duplicate"
    """Eff(r) is empty, and all of M(r) is decided as r would."""
    REDUNDANT = "redundant-rule"
    """Eff(r) is not empty, and without r every flow is decided the same."""
    PARTIAL = "partial-shadow"
    """Some of M(r) is decided otherwise by a narrower rule before it."""
    GENERALISATION = "generalisation"
    """All of an earlier rule that decides otherwise is inside M(r)."""
    CORRELATION = "correlation"
    """Two rules that decide otherwise overlap, and neither is inside the other."""
    AMBIGUOUS = "ambiguous-priority"
    """Blocks of one priority match one flow with different actions."""
    L7_BYPASS = "l7-bypass"
    """r is an allow without a request part, and some flow of it is one of an allow that has one."""
    L7_OVERLAP = "l7-overlap"
    """Two allows with request parts of different protocols match one flow."""
    HALF_OPEN = "half-open"
    """r is an allow, and no flow that it decides is allowed by the other side of its connection."""

    EXPOSED = "world-exposed"
    """r lets any external address reach ports that are for few, and decides so for some."""


WITHOUT_EFFECT = frozenset(
    {FindingKind.DEAD, FindingKind.SHADOWED, FindingKind.DUPLICATE, FindingKind.REDUNDANT}
)
"""Kinds that say that a rule does nothing."""

OVERLAPS = frozenset({FindingKind.PARTIAL, FindingKind.GENERALISATION, FindingKind.CORRELATION})
"""Kinds that say how rules lie to each other; no rule is wrong for them."""


class Finding(Struct, frozen=True):
    """One finding about `rule`.

    `others` are the rules that make it so, in the order of rules: minimal blockers, what it repeats, or
    what it is at odds with. `witness` is a flow of M(r) that shows it (None where there is none: a dead
    rule), `request` the request where the rule has a request part. `undecided` says why the answer is
    unknown: then nothing is claimed. `known`: it is so among those whom an inventory knows, not of everybody.
    """

    kind: FindingKind
    rule: Statement
    others: tuple[Statement, ...] = ()
    witness: Flow | None = None
    request: Request | None = None
    undecided: str = ""
    known: bool = False


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of the statements that they are about."""
    return tuple(sorted(found, key=attrgetter("rule.origin.order", "rule.direction")))
