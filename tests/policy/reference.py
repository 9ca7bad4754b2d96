"""A second reading of the policy's meaning, naive on purpose: the tests hold `decide` against it.

Written from the definition of the language alone: plain loops, nothing shared with
`compiler/policy/semantics.py`, no projection by argument (see `projected`: a finite universe).
"""

from itertools import groupby
from typing import assert_never

from msgspec import Struct

from cpc.compiler.policy.flow import (
    Flow,
    KafkaRequest,
    Label,
    Party,
    Request,
)
from cpc.compiler.policy.model import (
    Action,
    AllOf,
    AnyOf,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Fqdn,
    Has,
    In,
    LabelExpr,
    LabelKey,
    Mode,
    NamedPort,
    Not,
    Origin,
    Policy,
    Rule,
    Selector,
    ServiceTerm,
    Term,
    Tier,
)
from tests.policy.reference_requests import name_matched, request_matched

__all__ = ["Answer", "answer", "projected", "selected"]


class Answer(Struct, frozen=True):
    """Verdict, name of the deciding statement, reason: as words."""

    verdict: str
    rule: str | None
    reason: str


# --- parties -----------------------------------------------------------------------------------


def _with_key(party: Party, key: LabelKey) -> list[Label]:
    return [
        label
        for label in party.labels
        if label.key == key.key and (key.source == "any" or label.source == key.source)
    ]


def _holds(expr: LabelExpr, party: Party) -> bool:
    match expr:
        case Everything():
            return True
        case Has(key):
            return len(_with_key(party, key)) > 0
        case In(key, values):
            return any(label.value in values for label in _with_key(party, key))
        case Not(operand):
            return not _holds(operand, party)
        case AllOf(operands):
            return all(_holds(o, party) for o in operands)
        case AnyOf(operands):
            return any(_holds(o, party) for o in operands)
        case _:
            assert_never(expr)


def _is(entity: Entity, party: Party) -> bool:
    facts = party.entities
    match entity:
        case Entity.ALL:
            return True
        case Entity.CLUSTER:
            inside = {Entity.HOST, Entity.REMOTE_NODE, Entity.HEALTH, Entity.INIT}
            return party.managed or bool(inside & facts)
        case Entity.WORLD_IPV4:
            return _external(party) and party.address is not None and party.address.version == 4
        case Entity.WORLD_IPV6:
            return _external(party) and party.address is not None and party.address.version == 6
        case _:
            return entity in facts


def _external(party: Party) -> bool:
    return Entity.WORLD in party.entities


def _term(term: Term, party: Party) -> bool:
    match term:
        case EndpointTerm(expr):
            return party.managed and _holds(expr, party)
        case EntityTerm(entity):
            return _is(entity, party)
        case Cidr(network, excepts, scope_any):
            address = party.address
            if address is None or not (scope_any or _external(party)):
                return False
            return address in network and not any(address in hole for hole in excepts)
        case Fqdn(patterns):
            return _external(party) and any(
                name_matched(pattern, name) for pattern in patterns for name in party.names
            )
        case ServiceTerm(name):
            return name in party.services
        case NamedPort(inner, name, protocol, port):
            return _term(inner, party) and (name, protocol, port) in party.ports
        case _:
            assert_never(term)


def selected(selector: Selector, party: Party) -> bool:
    """Whether any term takes the party; no terms take nobody."""
    return any(_term(term, party) for term in selector)


def _label_peer(term: Term) -> bool:
    return isinstance(term, EndpointTerm) or (
        isinstance(term, NamedPort) and _label_peer(term.term)
    )


# --- rules -------------------------------------------------------------------------------------


def _ports(rule: Rule, flow: Flow) -> bool:
    if rule.ports is None:
        return True
    if (flow.protocol, flow.family) in {(1, 6), (58, 4)}:
        return False
    return any(p.protocol == flow.protocol and p.low <= flow.port <= p.high for p in rule.ports)


def _peers(policy: Policy, rule: Rule, flow: Flow) -> bool:
    needed = [
        r.peers
        for r in policy.requirements
        if not r.staged and r.direction is rule.direction and selected(r.subject, flow.subject)
    ]
    bound = rule.tier is Tier.NORMAL and rule.action is Action.ALLOW
    for term in rule.peers:
        if not _term(term, flow.peer):
            continue
        if not bound or not _label_peer(term):
            return True
        if all(selected(peers, flow.peer) for peers in needed):
            return True
    return False


def _matching(policy: Policy, flow: Flow, request: Request) -> list[Rule]:
    return [
        rule
        for rule in policy.rules
        if not rule.staged
        and rule.direction is flow.direction
        and selected(rule.subject, flow.subject)
        and _peers(policy, rule, flow)
        and _ports(rule, flow)
        and (rule.l7 is None or any(request_matched(m, request) for m in rule.l7.matchers))
    ]


def _place(rule: Rule) -> tuple[int, int, int]:
    return rule.origin.order


def _tier(matching: list[Rule], tier: Tier) -> Rule | None:
    """The rule that decides in an ordered tier: allow or deny, or `pass`, or none."""
    rules = sorted((r for r in matching if r.tier is tier), key=lambda r: r.priority)
    for _, same_priority in groupby(rules, key=lambda r: r.priority):
        blocks: dict[int, list[Rule]] = {}
        for rule in same_priority:
            blocks.setdefault(rule.block, []).append(rule)
        firsts = [min(block, key=lambda r: r.index) for block in blocks.values()]
        for action in (Action.DENY, Action.ALLOW, Action.PASS):
            deciding = [r for r in firsts if r.action is action]
            if deciding:
                return min(deciding, key=_place)
    return None


def _undisturbed(policy: Policy, flow: Flow, request: Request) -> Answer:
    matching = _matching(policy, flow, request)
    admin = _tier(matching, Tier.ADMIN)
    if admin is not None and admin.action is not Action.PASS:
        return Answer(admin.action.value, admin.origin.name, "rule")
    normal = [r for r in matching if r.tier is Tier.NORMAL]
    for action in (Action.DENY, Action.ALLOW):
        deciding = [r for r in normal if r.action is action]
        if deciding:
            return Answer(action.value, min(deciding, key=_place).origin.name, "rule")
    isolating = [
        i.origin
        for i in policy.isolations
        if not i.staged and i.direction is flow.direction and selected(i.subject, flow.subject)
    ]
    if isolating:
        return Answer("deny", min(isolating, key=_order).name, "default")
    baseline = _tier(matching, Tier.BASELINE)
    if baseline is not None and baseline.action is not Action.PASS:
        return Answer(baseline.action.value, baseline.origin.name, "rule")
    return Answer("deny" if policy.mode is Mode.ALWAYS else "allow", None, "mode")


def _order(origin: Origin) -> tuple[int, int, int]:
    return origin.order


def _one(policy: Policy, flow: Flow, request: Request) -> Answer:
    if not flow.subject.managed:
        return Answer("allow", None, "unmanaged")
    if flow.subject == flow.peer:
        return Answer("allow", None, "self")
    from_host = flow.direction is Direction.INGRESS and Entity.HOST in flow.peer.entities
    if from_host and policy.allow_host:
        return Answer("allow", None, "host")
    if policy.mode is Mode.NEVER:
        return Answer("allow", None, "mode")
    plain = _undisturbed(policy, flow, request)
    audited = any(selected(a.subject, flow.subject) for a in policy.audits)
    if plain.verdict == "deny" and audited:
        return Answer("allow", plain.rule, "audit")
    return plain


def answer(policy: Policy, flow: Flow, request: Request) -> Answer:
    """What one side decides about one request."""
    if not isinstance(request, KafkaRequest):
        return _one(policy, flow, request)
    answers = [_one(policy, flow, KafkaRequest((element,))) for element in request.elements]
    for each in answers:
        if each.verdict == "deny":
            return each
    return answers[0]


def projected(policy: Policy, flow: Flow, universe: list[Request]) -> str:
    """The flow's verdict over a universe of requests (which holds opaque bytes)."""
    verdicts = {answer(policy, flow, request).verdict for request in universe}
    return verdicts.pop() if len(verdicts) == 1 else "redirect"
