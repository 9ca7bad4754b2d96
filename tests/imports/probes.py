"""Flows and requests at the boundaries of some policies, so that what differs between them shows.

Endpoints with the same answers to every selector are alike: a few stand for them all.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address
from itertools import product

from msgspec.structs import replace

from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import (
    OPAQUE,
    DnsQuery,
    Flow,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Label,
    Party,
    Request,
)
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Cidr,
    Direction,
    DnsMatch,
    EndpointTerm,
    Entity,
    Everything,
    Fqdn,
    GrpcMatch,
    Has,
    HttpMatch,
    In,
    KafkaMatch,
    LabelExpr,
    Matcher,
    Network,
    Not,
    Policy,
    Term,
)

__all__ = ["flows", "requests"]

_MAX_PODS = 4096
_BASICS = (
    Entity.HOST,
    Entity.REMOTE_NODE,
    Entity.KUBE_APISERVER,
    Entity.UNMANAGED,
    Entity.WORLD,
)


def flows(policies: tuple[Policy, ...], alike: int) -> Iterator[Flow]:
    """Flows of every subject with every peer, in both directions, at the boundaries of every port.

    `alike` is how many endpoints stand for those that every selector answers alike. Subjects are in the
    namespaces that some policy is of, where one is; peers also where a selector looks for them.
    """
    homes = {i.origin.namespace for p in policies for i in p.isolations} - {""}
    named = _namespaces(policies)
    pods = _representatives(policies, sorted(homes | named) or ["default"], alike)
    subjects = [p for p in pods if _namespace(p) in (homes or named or {"default"})]
    subjects += [_special(Entity.INIT), _special(Entity.HEALTH)]
    peers = [*pods, *_others(policies)]
    ports = _ports(policies)
    for subject, peer, direction, (protocol, port) in product(subjects, peers, Direction, ports):
        for family in (4, 6):
            if peer.address is None or peer.address.version == family:
                yield Flow(subject, peer, direction, family, protocol, port)


# --- parties -----------------------------------------------------------------------------------


def _terms(policies: tuple[Policy, ...]) -> list[Term]:
    rules = (r for p in policies for r in p.rules)
    sides = [s for r in rules for s in (r.subject, r.peers)]
    sides += [s for p in policies for i in (*p.isolations, *p.open_defaults) for s in (i.subject,)]
    sides += [s for p in policies for q in p.requirements for s in (q.subject, q.peers)]
    return list(dict.fromkeys(t for side in sides for t in side))


def _atoms(expr: LabelExpr) -> Iterator[tuple[str, str]]:
    """Keys with the values that are asked for (or any)."""
    match expr:
        case Everything():
            return
        case Has(key):
            yield key.key, "any"
        case In(key, values):
            yield from ((key.key, value) for value in values)
        case Not(operand):
            yield from _atoms(operand)
        case AllOf(operands) | AnyOf(operands):
            for operand in operands:
                yield from _atoms(operand)


def _labels(policies: tuple[Policy, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for term in _terms(policies):
        if isinstance(term, EndpointTerm):
            for key, value in _atoms(term.expr):
                found.setdefault(key, []).append(value)
    return found


def _namespaces(policies: tuple[Policy, ...]) -> set[str]:
    return set(_labels(policies).get(NAMESPACE_KEY, ())) - {"any"}


def _namespace(party: Party) -> str:
    return next((label.value for label in party.labels if label.key == NAMESPACE_KEY), "")


def _representatives(
    policies: tuple[Policy, ...], namespaces: list[str], alike: int
) -> list[Party]:
    labels = _labels(policies)
    labels.pop(NAMESPACE_KEY, None)
    choices = [["", *dict.fromkeys(values), "other"] for values in labels.values()]
    terms = _terms(policies)
    seen: dict[object, int] = {}
    found: list[Party] = []
    for number, (namespace, *values) in enumerate(product(namespaces, *choices)):
        assert number < _MAX_PODS, "too many labels for a table of pods"
        own = {Label("k8s", k, v) for k, v in zip(labels, values, strict=True) if v}
        own.add(Label("k8s", NAMESPACE_KEY, namespace))
        party = Party(f"pod-{number}", True, frozenset(own))
        key = (namespace, *(party_selected(party, (term,)) for term in terms))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= alike:
            found.append(party)
    return found


def _special(entity: Entity) -> Party:
    return Party(entity.value, True, frozenset(), frozenset({entity}))


def _others(policies: tuple[Policy, ...]) -> list[Party]:
    """Entities, an unknown address, and external addresses around every prefix, with DNS names."""
    found = [Party(e.value, False, entities=frozenset({e})) for e in _BASICS]
    found += [_special(Entity.INIT), _special(Entity.HEALTH), Party("unknown", False)]
    inside = {Entity.KUBE_APISERVER, Entity.REMOTE_NODE}
    found.append(Party("apiserver-node", False, entities=frozenset(inside)))
    world = frozenset({Entity.WORLD})
    networks: list[Network] = [IPv4Network("203.0.113.0/24")]
    names: list[str] = []
    for term in _terms(policies):
        if isinstance(term, Cidr):
            networks += [term.network, *term.excepts]
        if isinstance(term, Fqdn):
            names += [n for pattern in term.patterns for n in _dns_names(pattern)]
    for address in dict.fromkeys(a for n in networks for a in _around(n)):
        found.append(Party(address, False, entities=world, address=ip_address(address)))
    for name in dict.fromkeys(names):
        party = Party(f"world:{name}", False, entities=world, address=ip_address("198.51.100.9"))
        found.append(replace(party, names=frozenset({name})))
    v6 = ip_address("2001:db8::7")
    found.append(Party("world-v6", False, entities=world, address=v6))
    return found


def _around(network: Network) -> Iterator[str]:
    width = 2 ** (network.max_prefixlen - network.prefixlen)
    first = int(network.network_address)
    kind = type(network.network_address)
    for number in (first - 1, first, first + width - 1, first + width):
        if 0 <= number < 2**network.max_prefixlen:
            yield str(kind(number))


# --- ports and requests ------------------------------------------------------------------------


def _ports(policies: tuple[Policy, ...]) -> list[tuple[int, int]]:
    found = {(6, 1), (6, 65535), (17, 53), (17, 1), (132, 9), (1, 8 << 8), (58, 128 << 8), (47, 0)}
    for rule in (r for p in policies for r in p.rules):
        for ports in rule.ports or ():
            edges = (ports.low - 1, ports.low, ports.high, ports.high + 1)
            for protocol in {6, 17, ports.protocol}:
                found |= {(protocol, e) for e in edges if 0 <= e <= 65535}
    return sorted(found)


def requests(policies: tuple[Policy, ...]) -> list[Request]:
    """Requests that matchers of the policies just match, and just do not."""
    matchers = [m for p in policies for r in p.rules if r.l7 for m in r.l7.matchers]
    found: dict[Request, None] = {OPAQUE: None}
    for matcher in matchers:
        found.update(dict.fromkeys(_asked(matcher)))
    return list(found)


def _plain(expression: str | None) -> str:
    return (expression or "").removeprefix("^").removesuffix("$")


def _asked(matcher: Matcher) -> Iterator[Request]:
    match matcher:
        case HttpMatch(method, path, host, headers):
            exact = _plain(path) or "/"
            names = (_plain(host) or "a.com", "", "x" + _plain(host), _plain(host) + ".evil")
            sent = tuple((h.name, h.value) for h in headers)
            wrong = tuple((name, f"{value}x") for name, value in sent)
            methods = (_plain(method) or "GET", "HEAD", _plain(method).lower() or "x")
            paths = (exact, f"{exact}/more", f"{exact}?a=1", f"/x{exact}", exact[:-1] or "/y")
            for one in product(methods, paths, names, dict.fromkeys((sent, wrong, ()))):
                yield HttpRequest(*one)
        case GrpcMatch():
            return
        case KafkaMatch(_, _, client, topic):
            topics = ((topic or "t"), "other", None)
            for key, version, asking, about in product(
                (*range(20), 36), (0, 3), (client or "c", "other"), topics
            ):
                yield KafkaRequest((KafkaElement(key, version, asking, about),))
        case DnsMatch(pattern):
            yield from (DnsQuery(name) for name in _dns_names(pattern))


def _dns_names(pattern: str) -> Iterator[str]:
    plain = pattern.replace("*", "some")
    yield plain
    yield f"more.{plain}"
    yield f"{plain}.evil"
    yield pattern.replace("*.", "").replace("*", "")
