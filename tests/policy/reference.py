"""A second reading of the policy's meaning, naive on purpose: the tests hold `decide` against it.

Written from the definition of the language alone: plain loops, nothing shared with
`compiler/policy/semantics.py`, no projection by argument (see `projected`: a finite universe).
"""

import re
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from cpc.compiler.policy.flow import (
    DnsQuery,
    Flow,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Label,
    Opaque,
    Party,
    Request,
)
from cpc.compiler.policy.model import (
    Action,
    AllOf,
    AnyOf,
    Cidr,
    Direction,
    DnsMatch,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Fqdn,
    GrpcMatch,
    Has,
    HeaderMatch,
    HttpMatch,
    In,
    KafkaMatch,
    LabelExpr,
    LabelKey,
    Matcher,
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

__all__ = ["Answer", "answer", "projected", "selected"]

# The keys of Kafka's message schemas whose requests may name a topic: in a field of their own, in the
# name of a resource (ACLs, configurations), or inside a wrapped request (Envelope).
_MAY_NAME_A_TOPIC = frozenset(
    {
        *(0, 1, 2, 3, 4, 5, 6, 8, 9, 19, 20, 21, 23, 24, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37),
        *(43, 44, 45, 46, 47, 52, 53, 54, 55, 56, 58, 59, 61, 68, 73, 75, 76, 78, 79),
        *(83, 84, 85, 86, 87, 88, 90, 91, 92),
    }
)
_LAST_KEY = 92


@dataclass(frozen=True)
class Answer:
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
                _dns(pattern, name) for pattern in patterns for name in party.names
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
        and (rule.l7 is None or any(_request(m, request) for m in rule.l7.matchers))
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


# --- requests ----------------------------------------------------------------------------------


def _whole(expression: str | None, text: str) -> bool:
    return expression is None or re.fullmatch(expression, text, re.ASCII) is not None


def _host(host: str) -> str:
    bracketed = re.fullmatch(r"(\[[^\]]*\])(:[0-9]*)?", host.lower())
    if bracketed:
        return bracketed[1]
    return re.sub(r":[0-9]*$", "", host.lower()).removesuffix(".")


def _headers(wanted: tuple[HeaderMatch, ...], request: HttpRequest) -> bool:
    for header in wanted:
        values = [v for n, v in request.headers if n.lower() == header.name.lower()]
        joined = ",".join(values)
        if not values:
            return False
        if header.op == "=" and joined != header.value:
            return False
        if header.op == "~" and not _whole(header.value, joined):
            return False
    return True


def _dns(pattern: str, name: str) -> bool:
    """Character by character: a `*` is any run of letters, digits, `-` and `_`; alone, any name."""
    return pattern == "*" or _dns_rest(pattern, name)


def _dns_rest(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] != "*":
        return name[:1] == pattern[0] and _dns_rest(pattern[1:], name[1:])
    if _dns_rest(pattern[1:], name):
        return True
    inside = name[:1].isascii() and (name[:1].isalnum() or name[:1] in ("-", "_"))
    return inside and _dns_rest(pattern, name[1:])


def _topic(wanted: str | None, element: KafkaElement) -> bool:
    if wanted is None:
        return True
    if element.topic is None:
        return 0 <= element.api_key <= _LAST_KEY and element.api_key not in _MAY_NAME_A_TOPIC
    if wanted.endswith("*"):
        return element.topic.startswith(wanted[:-1])
    return element.topic == wanted


def _request(matcher: Matcher, request: Request) -> bool:
    match matcher, request:
        case _, Opaque():
            return False
        case HttpMatch(), HttpRequest():
            path = request.path.partition("?")[0] if matcher.any_query else request.path
            return (
                _whole(matcher.method, request.method)
                and _whole(matcher.path, path)
                and _whole(matcher.host, _host(request.host))
                and _headers(matcher.headers, request)
            )
        case GrpcMatch(), HttpRequest():
            parts = request.path.split("/")
            return (
                request.method == "POST"
                and len(parts) == 3
                and parts[0] == ""
                and parts[1] == matcher.service
                and parts[2] != ""
                and "?" not in parts[2]
                and matcher.method in (None, parts[2])
                and _headers(matcher.headers, request)
            )
        case KafkaMatch(), KafkaRequest():
            (element,) = request.elements
            return (
                (matcher.api_keys is None or element.api_key in matcher.api_keys)
                and matcher.version in (None, element.version)
                and matcher.client in (None, element.client)
                and _topic(matcher.topic, element)
            )
        case DnsMatch(), DnsQuery():
            return _dns(matcher.pattern, request.name)
        case _:
            return False
