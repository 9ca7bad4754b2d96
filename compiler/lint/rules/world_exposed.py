"""`world-exposed`: what hardly anybody means to offer to the whole world."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from ipaddress import ip_address

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.lint.told import statement_words
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.model import (
    Action,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Mode,
    NamedPort,
    Policy,
    Protocol,
    Selector,
    ServiceTerm,
    Term,
    Tier,
)
from cpc.compiler.policy.model import Rule as Half
from cpc.compiler.policy.semantics import Verdict, without_staged

__all__ = ["RULE"]

_PORTS = {
    22: "ssh",
    23: "telnet",
    135: "Windows RPC",
    445: "SMB",
    1433: "SQL Server",
    1521: "Oracle",
    2375: "Docker",
    2379: "etcd",
    3306: "MySQL",
    3389: "RDP",
    5432: "PostgreSQL",
    5900: "VNC",
    5984: "CouchDB",
    6379: "Redis",
    9042: "Cassandra",
    9200: "Elasticsearch",
    10250: "kubelet",
    11211: "memcached",
    27017: "MongoDB",
}
"""TCP ports on which administrators and databases listen, which are for known clients."""

_WORLD = (EntityTerm(Entity.ALL), EntityTerm(Entity.WORLD))
_FAMILIES = (EntityTerm(Entity.WORLD_IPV4), EntityTerm(Entity.WORLD_IPV6))

_CLIENTS = tuple(
    Party("", False, entities=frozenset({Entity.WORLD}), address=ip_address(address))
    for address in ("203.0.113.7", "198.51.100.7", "2001:db8::7", "8.8.8.8", "2600::7")
)
"""External addresses; one that no rule of a policy speaks of is likely among them."""


def check(material: Material) -> Iterator[Diagnostic]:
    """Speaks of an ingress allow without a request part, of the whole world, to every port or to a port
    of `_PORTS`, if an external address can use it there: the witness is replayed by `decide`.
    """
    policy = without_staged(material.policy)
    if policy.mode is Mode.NEVER:
        return
    halves = [r for r in policy.rules if _is_candidate(r) and _exposed(r)]
    if not halves:
        return
    policy = replace(policy, rules=tuple(filter(_is_about_outside, policy.rules)))
    about = cache(lambda port: _about(policy, port))
    said = set()
    for half in halves:
        if half.origin in said:
            continue
        ports = _exposed(half)
        witness = _witness(half, ports, about)
        if witness is not None:
            said.add(half.origin)
            yield _report(half, witness, ports)


def _is_candidate(half: Half) -> bool:
    return (
        half.direction is Direction.INGRESS
        and half.action is Action.ALLOW
        and half.tier is not Tier.BASELINE
        and half.l7 is None
        and any(map(_is_world, half.peers))
    )


def _is_about_outside(rule: Half) -> bool:
    """Whether a rule can match ingress from an external address."""
    return rule.direction is Direction.INGRESS and any(
        not isinstance(term, EndpointTerm | ServiceTerm | NamedPort) for term in rule.peers
    )


def _is_world(term: Term) -> bool:
    if isinstance(term, Cidr):
        return term.network.prefixlen == 0
    return term in _WORLD or term in _FAMILIES


def _exposed(half: Half) -> Sequence[int]:
    """The ports of the table that a rule opens."""
    if half.ports is None:
        return tuple(_PORTS)
    tcp = [p for p in half.ports if p.protocol == Protocol.TCP]
    return [n for n in _PORTS if any(p.low <= n <= p.high for p in tcp)]


def _witness(half: Half, ports: Sequence[int], about: Callable[[int], Policy]) -> Flow | None:
    """A flow from outside to such a port that the policy lets in; `about` is what decides on a port."""
    for port in ports:
        here = about(port)
        subject = _subject(here, half)
        if subject is None:
            continue
        for client in _CLIENTS:
            assert client.address is not None
            family = client.address.version
            own = ip_address("10.0.0.1" if family == 4 else "fd00::1")
            server = replace(subject, name="subject", address=own)
            flow = Flow(server, client, Direction.INGRESS, family, Protocol.TCP, port)
            decision = decide(here, flow)
            if decision.verdict is Verdict.ALLOW and decision.rule == half.origin:
                return flow
    return None


def _about(policy: Policy, port: int) -> Policy:
    """The policy with those rules only that can match ingress on a port."""

    def matches(rule: Half) -> bool:
        return rule.ports is None or any(
            p.protocol == Protocol.TCP and p.low <= port <= p.high for p in rule.ports
        )

    return replace(policy, rules=tuple(filter(matches, policy.rules)))


def _subject(policy: Policy, half: Half) -> Party | None:
    """An endpoint of the rule that no rule denies to the world."""
    denied: Selector = tuple(
        dict.fromkeys(
            term
            for rule in policy.rules
            if rule.action is Action.DENY and any(map(_is_world, rule.peers))
            for term in rule.subject
        )
    )
    from cpc.compiler.verify.somebody import evident_somebody, somebody

    found = evident_somebody((half.subject,), denied) or somebody((half.subject,), denied)
    return found if isinstance(found, Party) else None


def _report(half: Half, witness: Flow, ports: Sequence[int]) -> Diagnostic:
    from cpc.compiler.verify.flow_text import flow_text

    if half.ports is None:
        what = "every port"
    elif len(ports) == len(_PORTS):
        what = "every tcp port"
    else:
        shown = [f"{_PORTS[n]} (tcp/{n})" for n in ports[:3]]
        what = ", ".join(shown) + (f" and {len(ports) - 3} more" if len(ports) > 3 else "")
    return warning(
        "CPC210",
        f"{statement_words(half)} opens {what} to the whole world",
        half.origin.span,
        label="from any external address",
        notes=(f"witness: {flow_text(witness)}",),
        help="name the addresses that need it, or the ports that are meant for everyone",
    )


RULE = Rule(
    Page(
        "CPC210",
        "the whole world may reach what is for few",
        "A rule allows every external address to every port of an endpoint, or to a port on which "
        "administrators or databases listen. Such ports are what scanners of the internet look for. The "
        "witness is a connection that the policy as a whole allows because of this rule.",
        'endpoints web = { app = "web" }\ndefault deny ingress for web\nallow site: world -> web',
        'endpoints web = { app = "web" }\ndefault deny ingress for web\n'
        "allow site: world -> web tcp/443",
        "world-exposed",
    ),
    Severity.WARNING,
    check,
)
