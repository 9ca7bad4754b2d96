"""Halves of rules that allow what the other side of each connection never does."""

from collections.abc import Iterator
from time import monotonic

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.connections import decide_connection
from cpc.compiler.policy.flow import OPAQUE, Request
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Action, Direction, Mode, Policy, Rule
from cpc.compiler.policy.semantics import Verdict, without_staged
from cpc.compiler.verify.engine.both_sides import BothSides, World
from cpc.compiler.verify.engine.boxes import TOO_MANY, Boxes, TooManyBoxes
from cpc.compiler.verify.engine.connection_space import ConnectionSpace, OpenConnections
from cpc.compiler.verify.engine.known_connections import known_connections
from cpc.compiler.verify.engine.mentioned import Mentioned
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.engine.side import Seed
from cpc.compiler.verify.engine.space import Box
from cpc.compiler.verify.findings import Finding, FindingKind, Statement
from cpc.compiler.verify.languages.common import common_request
from cpc.compiler.verify.languages.limits import TooLarge

__all__ = ["half_open"]

_SECONDS = 1.0
"""How long one half may take."""


def half_open(policy: Policy, inventory: Inventory | None = None) -> Iterator[Finding]:
    """A finding for each allowing half that decides flows, none of which the other side allows.

    Exact, in the open world or under an inventory; what nobody manages allows. The witness is a connection
    as the half's own side sees it, and the other is the statement that denies it there.
    """
    if policy.mode is Mode.NEVER:
        return
    try:
        sides = BothSides(policy, _world(policy, inventory))
    except TooManyBoxes:
        yield from _unknown(policy, f"expressions {TOO_MANY}")
        return
    if sides.doubt:
        yield from _unknown(policy, sides.doubt)
        return
    for direction in Direction:
        for number, rule in enumerate(sides.statements(direction)):
            if isinstance(rule, Rule) and rule.action is Action.ALLOW:
                sides.deadline = monotonic() + _SECONDS
                try:
                    found = _unanswered(sides, direction, number)
                except OutOfSteps:
                    yield Finding(FindingKind.HALF_OPEN, rule, undecided="the search was stopped")
                    continue
                request = None if found is None else _request(rule)
                if found is not None and request is not None:
                    yield _finding(sides, direction, rule, found, request)


def _unknown(policy: Policy, why: str) -> Iterator[Finding]:
    """What is not known of any half, said of the first that allows."""
    for rule in without_staged(policy).rules:
        if rule.action is Action.ALLOW:
            said = f"{why}; nor is it known of any other rule"
            yield Finding(FindingKind.HALF_OPEN, rule, undecided=said)
            return


def _world(policy: Policy, inventory: Inventory | None) -> World:
    if inventory is not None:
        return known_connections(policy, inventory, (), ())
    said = Mentioned()
    said.policy(policy)
    space = ConnectionSpace(said)
    return OpenConnections(space, Boxes(space, policy))


def _unanswered(sides: BothSides, direction: Direction, number: int) -> Box | None:
    """A part in which the half decides; None where it never does, or the other side allows some of it."""
    parts: list[tuple[Box, Seed]] = []
    for part, seed in sides.parts_of(direction, number):
        if sides.answered(part, seed, direction) is not None:
            return None
        parts.append((part, seed))
    alone = (sides.lone(part, seed) for part, seed in parts)
    return next((cell for cell in alone if cell is not None), None)


def _request(rule: Rule) -> Request | TooLarge | None:
    """A request that a rule is about; None: there is none, and it says nothing."""
    return OPAQUE if rule.l7 is None else common_request((rule.l7.matchers,))


def _finding(
    sides: BothSides, direction: Direction, rule: Rule, cell: Box, request: Request | TooLarge
) -> Finding:
    """The finding with its witness, after `decide` said the same of those that meet it. InternalError."""
    connection = sides.world.connection(cell)
    if isinstance(request, TooLarge):
        return Finding(FindingKind.HALF_OPEN, rule, undecided="its requests are too many")
    near = sides.meeting(cell)
    outcome = decide_connection(near, connection, request)
    out = direction is Direction.EGRESS
    mine, other = (outcome.egress, outcome.ingress) if out else (outcome.ingress, outcome.egress)
    if mine.verdict is not Verdict.ALLOW or other.verdict is not Verdict.DENY:
        raise InternalError(f"the connection {connection} is not half open")
    denying: tuple[Statement, ...] = (*near.rules, *near.isolations)
    others = tuple(s for s in denying if s.origin == other.rule and s.direction is not direction)
    flow = connection.flow(direction)
    shown = None if rule.l7 is None else request
    return Finding(FindingKind.HALF_OPEN, rule, others[:1], flow, shown)
