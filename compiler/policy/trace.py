"""How a decision came about: every statement that was considered, and what of it did not hold."""

from collections.abc import Iterator
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.policy.connections import Connection, Outcome, decide_connection
from cpc.compiler.policy.decide import CONCRETE, EveryRequest, FlowReading, decide
from cpc.compiler.policy.flow import OPAQUE, Flow, KafkaRequest, Request
from cpc.compiler.policy.model import (
    Action,
    Direction,
    Isolation,
    Mode,
    Policy,
    Requirement,
    Rule,
    Tier,
)
from cpc.compiler.policy.semantics import (
    Decision,
    Part,
    Reason,
    Verdict,
    isolation_parts,
    meets_requirement,
    rule_parts,
    without_staged,
)

__all__ = ["Considered", "SideTrace", "Standing", "Statement", "Trace", "trace"]

Statement: TypeAlias = Rule | Isolation


class Standing(StrEnum):
    """What became of a statement in one decision."""

    DECIDES = "decides"
    AGREES = "agrees"
    """It matches and says the same; the one that decides comes first."""
    OVERRULED = "overruled"
    """It matches, but another statement of its tier goes first."""
    LATER = "later"
    """It matches, but an earlier tier has decided."""
    PASSES = "passes"
    """A `pass` that matches: the next tier is asked."""
    PASSED = "passed"
    """It matches, but a `pass` goes first."""
    STAGED = "staged"
    """It matches, but is not enforced."""
    MISSES = "misses"


class Considered(Struct, frozen=True):
    """A statement, what became of it, and the parts of it that do not hold (none: it matches).

    A rule without a half in the side's direction misses `direction`; its other parts are then read at its
    own side. `unmet` are the requirements that the peer does not meet, where that is a part.
    """

    statement: Statement
    standing: Standing
    missed: tuple[Part, ...] = ()
    unmet: tuple[Requirement, ...] = ()


class SideTrace(Struct, frozen=True):
    """One side's decision with all that was considered, in the order of asking.

    Nothing was where the endpoint has no side, talks to itself, is reached by its host, or `mode never`
    holds.
    """

    flow: Flow
    decision: Decision
    considered: tuple[Considered, ...]


class Trace(Struct, frozen=True):
    """A connection, perhaps one request on it, and how both sides decide."""

    connection: Connection
    request: Request | None
    outcome: Outcome
    egress: SideTrace
    ingress: SideTrace

    @property
    def sides(self) -> tuple[SideTrace, SideTrace]:
        """Egress of the client, then ingress of the server."""
        return (self.egress, self.ingress)


def trace(policy: Policy, connection: Connection, request: Request | None = None) -> Trace:
    """How both sides decide a connection, or one request on it.

    Without a request a request part counts as matching, since some request does, unless the side allows
    even bytes that are no request. Of a Kafka request with several elements, each side shows the one that
    decides.
    """
    outcome = decide_connection(policy, connection, request)
    return Trace(
        connection,
        request,
        outcome,
        _side(policy, connection.flow(Direction.EGRESS), outcome.egress, request),
        _side(policy, connection.flow(Direction.INGRESS), outcome.ingress, request),
    )


def _side(policy: Policy, flow: Flow, decision: Decision, request: Request | None) -> SideTrace:
    unasked = (Reason.UNMANAGED, Reason.SELF, Reason.HOST)
    if decision.reason in unasked or policy.mode is Mode.NEVER:
        return SideTrace(flow, decision, ())
    if request is None and decision.verdict is Verdict.ALLOW:
        request = OPAQUE
    if isinstance(request, KafkaRequest):
        request = _deciding_element(policy, flow, request)
    return SideTrace(flow, decision, tuple(_considered(policy, flow, decision, request)))


def _deciding_element(policy: Policy, flow: Flow, request: KafkaRequest) -> KafkaRequest:
    """The first element that is denied, else the first: `decide` names its rule."""
    alone = [KafkaRequest((element,)) for element in request.elements]
    denied = (one for one in alone if decide(policy, flow, one).verdict is Verdict.DENY)
    return next(denied, alone[0])


def _reading(flow: Flow, request: Request | None) -> FlowReading:
    return EveryRequest(flow) if request is None else FlowReading(flow, request)


def _considered(
    policy: Policy, flow: Flow, decision: Decision, request: Request | None
) -> Iterator[Considered]:
    enforced = without_staged(policy)
    there = _reading(flow, request)
    mirrored = Direction.INGRESS if flow.direction is Direction.EGRESS else Direction.EGRESS
    back = Flow(flow.peer, flow.subject, mirrored, flow.family, flow.protocol, flow.port)
    elsewhere = _reading(back, request)
    here = {rule.origin for rule in policy.rules if rule.direction is flow.direction}

    def read(rule: Rule) -> Iterator[Considered]:
        if rule.direction is flow.direction:
            missed = _missed_parts(rule_parts(CONCRETE, enforced, there, rule))
            unmet = tuple(_unmet(enforced, there, rule)) if Part.REQUIREMENT in missed else ()
            yield Considered(rule, _standing(rule, missed, decision), missed, unmet)
        elif rule.origin not in here:
            missed = _missed_parts(rule_parts(CONCRETE, enforced, elsewhere, rule))
            yield Considered(rule, Standing.MISSES, (Part.DIRECTION, *missed))

    for tier in Tier:
        for rule in policy.rules:
            if rule.tier is tier:
                yield from read(rule)
        if tier is Tier.NORMAL:
            for isolation in policy.isolations:
                if isolation.direction is flow.direction:
                    missed = _missed_parts(isolation_parts(CONCRETE, there, isolation))
                    yield Considered(isolation, _standing(isolation, missed, decision), missed)


def _missed_parts(parts: Iterator[tuple[Part, bool]]) -> tuple[Part, ...]:
    return tuple(part for part, holds in parts if not holds)


def _unmet(policy: Policy, reading: FlowReading, rule: Rule) -> Iterator[Requirement]:
    for requirement in policy.requirements:
        asked = requirement.direction is rule.direction
        if asked and not meets_requirement(CONCRETE, reading, requirement):
            yield requirement


def _standing(statement: Statement, missed: tuple[Part, ...], decision: Decision) -> Standing:
    """What became of a statement, told from what it says and from the decision that was made."""
    if missed:
        return Standing.MISSES
    if statement.staged:
        return Standing.STAGED
    if decision.rule == statement.origin:
        return Standing.DECIDES
    tier = statement.tier if isinstance(statement, Rule) else Tier.NORMAL
    action = statement.action if isinstance(statement, Rule) else Action.DENY
    if decision.tier is None or tier < decision.tier:
        return Standing.PASSES if action is Action.PASS else Standing.PASSED
    if tier > decision.tier:
        return Standing.LATER
    return Standing.AGREES if action is _said(decision) else Standing.OVERRULED


def _said(decision: Decision) -> Action:
    """What the deciding statement says, before an audit makes it an allow."""
    denied = decision.verdict is Verdict.DENY or decision.reason is Reason.AUDIT
    return Action.DENY if denied else Action.ALLOW
