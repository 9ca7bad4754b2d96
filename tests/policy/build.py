"""Short spellings for the policies that tests write by hand."""

from ipaddress import ip_address, ip_network
from itertools import count

from cpc.compiler.policy.flow import Flow, Label, Party
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    In,
    Isolation,
    L7Match,
    LabelKey,
    Matcher,
    Policy,
    PortRange,
    Rule,
    Selector,
    Tier,
)
from tests.policy.strategies import origin

__all__ = [
    "allow",
    "app",
    "arrives",
    "cidr",
    "default_deny",
    "deny",
    "endpoint",
    "entity",
    "external",
    "policy_of",
    "tcp",
]

_numbers = count()


def endpoint(name: str, *labels: str, address: str = "10.9.0.1") -> Party:
    """A managed endpoint with label `k8s:app=name` and others, written `source:key=value`."""
    found = [Label("k8s", "app", name)]
    for label in labels:
        full, _, value = label.partition("=")
        source, _, key = full.partition(":")
        found.append(Label(source, key, value))
    return Party(name, True, frozenset(found), address=ip_address(address))


def external(address: str) -> Party:
    """An external address."""
    facts = frozenset({Entity.WORLD})
    return Party(address, False, entities=facts, address=ip_address(address))


def app(*values: str) -> Selector:
    """Endpoints whose `app` is one of the values."""
    return (EndpointTerm(In(LabelKey("k8s", "app"), tuple(sorted(values)))),)


def cidr(network: str, *excepts: str, scope_any: bool = False) -> Selector:
    """One CIDR peer."""
    holes = tuple(sorted(map(ip_network, excepts), key=lambda n: int(n.network_address)))
    return (Cidr(ip_network(network), holes, scope_any),)


def entity(one: Entity) -> Selector:
    """One entity as a peer."""
    return (EntityTerm(one),)


def tcp(low: int, high: int | None = None) -> tuple[PortRange, ...]:
    """TCP ports low..high."""
    return (PortRange(6, low, low if high is None else high),)


def _rule(
    action: Action,
    name: str,
    subject: Selector,
    peers: Selector,
    ports: tuple[PortRange, ...] | None,
    direction: Direction,
    http: tuple[Matcher, ...],
) -> Rule:
    l7 = L7Match("http", http) if http else None
    place = origin(next(_numbers), name)
    return Rule(
        direction, action, Tier.NORMAL, 0, 0, 0, subject, peers, ports, l7, False, False, place
    )


def allow(
    name: str,
    subject: Selector = ALL,
    peers: Selector = ALL,
    ports: tuple[PortRange, ...] | None = None,
    *http: Matcher,
    direction: Direction = Direction.INGRESS,
) -> Rule:
    """An allow of the normal tier."""
    return _rule(Action.ALLOW, name, subject, peers, ports, direction, http)


def deny(
    name: str,
    subject: Selector = ALL,
    peers: Selector = ALL,
    ports: tuple[PortRange, ...] | None = None,
    direction: Direction = Direction.INGRESS,
) -> Rule:
    """A deny of the normal tier."""
    return _rule(Action.DENY, name, subject, peers, ports, direction, ())


def default_deny(subject: Selector = ALL, direction: Direction = Direction.INGRESS) -> Isolation:
    """`default deny`, named so."""
    return Isolation(direction, subject, False, origin(next(_numbers), "default"))


def policy_of(*statements: Rule | Isolation) -> Policy:
    """A policy of rules and isolations."""
    rules = [s for s in statements if isinstance(s, Rule)]
    isolations = [s for s in statements if isinstance(s, Isolation)]
    return Policy(tuple(sorted(rules, key=lambda r: r.key)), tuple(isolations))


def arrives(subject: Party, peer: Party, port: int = 80, protocol: int = 6) -> Flow:
    """A flow that comes to `subject`."""
    family = 4 if peer.address is None else peer.address.version
    return Flow(subject, peer, Direction.INGRESS, family, protocol, port)
