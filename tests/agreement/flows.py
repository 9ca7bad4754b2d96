"""Flows around a policy's boundaries, and which part of the policy decided them."""

import random
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cpc.compiler.policy.decide import decide, party_selected
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Address,
    Direction,
    Mode,
    Origin,
    Policy,
    Rule,
    Tier,
)
from cpc.compiler.policy.semantics import Decision, Reason
from cpc.compiler.source import Span
from tests.policy.strategies import address_edges, port_edges

__all__ = ["EXTENSIONS", "OUTCOMES", "flows_of", "outcome_of"]

OUTCOMES = (
    "admin allow",
    "admin deny",
    "admin pass",
    "normal deny",
    "normal allow",
    "isolation",
    "baseline",
    "mode",
)
"""Every part of a policy that can decide a flow."""

_ANYWHERE = (
    *((6, port) for port in (0, 80, 65535)),
    *((17, 53), (132, 80), (1, 8 << 8), (58, 128 << 8), (58, 1 << 8), (1, 3 << 8 | 1)),
    *((2, 0), (47, 0), (50, 0), (255, 0)),
)
EXTENSIONS = (0, 43, 44, 60)
"""Not upper-layer protocols in IPv6, but extension headers."""


def flows_of(
    policy: Policy, inventory: Inventory, addresses: Sequence[Address], seed: int, number: int
) -> Iterator[Flow]:
    """At most `number` flows of the inventory's endpoints with the parties at `addresses`.

    Nine of ten aim at a rule, of each action as often, of the normal tier twice as often: its direction, a
    subject and peer of it where there is one, a port at an edge of its ranges.
    """
    chosen = random.Random(seed)
    peers = [inventory.party_of(a) for a in addresses]
    borders = address_edges(policy)
    bordering = [p for p in peers if p.address in borders]
    kinds: dict[tuple[Tier, Action], list[Rule]] = {}
    for rule in policy.rules:
        kinds.setdefault((rule.tier, rule.action), []).append(rule)
    # The normal tier twice: other tiers decide much of what aims at it.
    asked = [kind for kind in sorted(kinds) for _ in range(1 + (kind[0] is Tier.NORMAL))]
    for _ in range(8 * number):
        aim = None
        if kinds and chosen.random() < 0.9:
            aim = chosen.choice(kinds[chosen.choice(asked)])
        some = bordering if bordering and chosen.random() < 0.4 else peers
        flow = _flow(chosen, inventory, some, aim, port_edges(policy.rules))
        if flow is not None:
            yield flow
            number -= 1
        if number == 0:
            return


def _flow(
    chosen: random.Random,
    inventory: Inventory,
    peers: Sequence[Party],
    rule: Rule | None,
    edges: Sequence[tuple[int, int]],
) -> Flow | None:
    subjects = [e.party(a) for e in inventory.endpoints for a in e.addresses]
    direction = chosen.choice(tuple(Direction))
    if rule is not None:
        direction = rule.direction
        subjects = [s for s in subjects if party_selected(s, rule.subject)] or subjects
        peers = [p for p in peers if party_selected(p, rule.peers)] or peers
        edges = port_edges([rule]) or edges
        if rule.ports and chosen.random() < 0.5:
            edges = [e for e in edges if _inside(rule, *e)] or edges
    subject, peer = chosen.choice(subjects), chosen.choice(peers)
    assert subject.address is not None and peer.address is not None
    if subject.address.version != peer.address.version:
        return None
    if subject.name == peer.name:
        return None
    family = peer.address.version
    protocol, port = chosen.choice(edges if edges and chosen.random() < 0.9 else _ANYWHERE)
    if family == 6 and protocol in EXTENSIONS:
        return None
    if (protocol == 1 and family == 6) or (protocol == 58 and family == 4):
        port = 0
    return Flow(subject, peer, direction, family, protocol, port)


def _inside(rule: Rule, protocol: int, port: int) -> bool:
    return any(p.protocol == protocol and p.low <= port <= p.high for p in rule.ports or ())


_SENTINEL = Origin("nothing matched in the admin tier", Span("", 0, 0, 1, 1), (1 << 30, 0, 0))


def _passed(policy: Policy, flow: Flow) -> bool:
    """Whether a `pass` ended the admin tier: a rule behind all others is then never asked."""
    last = 1 + max((r.priority for r in policy.rules), default=0)
    sentinels = tuple(
        Rule(d, Action.DENY, Tier.ADMIN, last, 0, 0, ALL, ALL, None, None, False, False, _SENTINEL)
        for d in Direction
    )
    asked = replace(
        policy,
        rules=(*(r for r in policy.rules if r.tier is Tier.ADMIN), *sentinels),
        isolations=(),
        mode=Mode.DEFAULT,
    )
    decision = decide(asked, flow)
    return decision.reason is Reason.MODE


def outcome_of(policy: Policy, flow: Flow, decision: Decision) -> tuple[str, ...]:
    """The parts that decided a flow: a pass, if one ended the admin tier, and the last word."""
    match decision.reason, decision.tier:
        case Reason.RULE, Tier.ADMIN:
            return (f"admin {decision.verdict}",)
        case Reason.RULE, Tier.NORMAL:
            last = f"normal {decision.verdict}"
        case Reason.RULE, Tier.BASELINE:
            last = "baseline"
        case Reason.DEFAULT, _:
            last = "isolation"
        case Reason.MODE, _:
            if policy.mode is Mode.NEVER:
                return ("mode",)
            last = "mode"
        case _:
            return ()
    return ("admin pass", last) if _passed(policy, flow) else (last,)
