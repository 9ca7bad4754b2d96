"""The parties, flows and requests at the edges of a policy: always the same ones for the same policy.

Endpoints have the labels that the policy speaks of, with and without one of them, so that every
selector has some inside and some just outside. A label of a namespace is on endpoints of one.
"""

import random
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from cpc.compiler.exports.conjunctions import Conjunction, alternatives
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import (
    Characters,
    Choice,
    Expression,
    Position,
    Repeat,
)
from cpc.compiler.policy.expression_tree import Sequence as Parts
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
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.model import (
    Direction,
    DnsMatch,
    EndpointTerm,
    Entity,
    Fqdn,
    GrpcMatch,
    HttpMatch,
    KafkaMatch,
    Matcher,
    Policy,
    Term,
)
from tests.policy.strategies import address_edges, port_edges

__all__ = ["flows_of", "parties_of", "requests_of"]

_ENDPOINTS = 40

_KINDS: tuple[tuple[bool, frozenset[Entity]], ...] = (
    (False, frozenset({Entity.WORLD})),
    (False, frozenset({Entity.WORLD, Entity.KUBE_APISERVER})),
    (False, frozenset({Entity.HOST})),
    (False, frozenset({Entity.HOST, Entity.KUBE_APISERVER})),
    (False, frozenset({Entity.REMOTE_NODE})),
    (False, frozenset({Entity.UNMANAGED})),
    (False, frozenset()),
    (True, frozenset({Entity.HEALTH})),
    (True, frozenset({Entity.INIT})),
)


# --- parties -------------------------------------------------------------------------------------


def _terms(policy: Policy) -> list[Term]:
    selectors = [s for r in policy.rules for s in (r.subject, r.peers)]
    selectors += [i.subject for i in (*policy.isolations, *policy.open_defaults)]
    selectors += [s for r in policy.requirements for s in (r.subject, r.peers)]
    return list(dict.fromkeys(t for s in selectors for t in s))


def _conjunctions(policy: Policy) -> list[Conjunction]:
    terms = [t for t in _terms(policy) if isinstance(t, EndpointTerm)]
    return [c for t in terms for c in alternatives(t.expr) or ()] or [()]


def parties_of(policy: Policy, seed: int) -> tuple[Party, ...]:
    """Endpoints around the policy's selectors, and one party or more of every other kind."""
    chosen = random.Random(seed)
    edges = sorted(address_edges(policy), key=lambda a: (a.version, int(a)))
    names = [
        n for t in _terms(policy) if isinstance(t, Fqdn) for p in t.patterns for n in _names(p)
    ]
    conjunctions = _conjunctions(policy)
    found: list[Party] = []
    for number in range(_ENDPOINTS):
        address = ip_address(f"10.244.0.{number}" if number % 4 else f"fd00:244::{number:x}")
        labels = _labels(conjunctions, number, chosen)
        facts = frozenset() if labels else frozenset({Entity.INIT})
        found.append(Party(f"e{number}", True, labels, facts, address))
    for number, (managed, facts) in enumerate(_KINDS):
        outside = Entity.WORLD in facts
        addresses = edges if outside else chosen.sample(edges, min(2, len(edges)))
        for address in addresses:
            known = frozenset(chosen.sample(names, min(2, len(names)))) if outside else frozenset()
            name = f"other{number}-{address}"
            found.append(Party(name, managed, frozenset(), facts, address, names=known))
    return tuple(found)


def _labels(
    conjunctions: Sequence[Conjunction], number: int, chosen: random.Random
) -> frozenset[Label]:
    """Labels of some selector, every other time with one of them changed; others are there at random."""
    found: dict[tuple[str, str], str] = {}
    for atom in chosen.choice(conjunctions):
        if atom.positive:
            source = atom.key.source if atom.key.source != "any" else chosen.choice(_SOURCES)
            found[source, atom.key.key] = chosen.choice(atom.values or ("x",))
    every = [a for c in conjunctions for a in c]
    for atom in chosen.sample(every, min(len(every), chosen.choice((0, 1, 2)))):
        source = atom.key.source if atom.key.source != "any" else chosen.choice(_SOURCES)
        value = chosen.choice(("other", *atom.values))
        if number % 2:
            found.setdefault((source, atom.key.key), value)
        elif chosen.random() < 0.4:
            found.pop((source, atom.key.key), None)
        else:
            found[source, atom.key.key] = value
    if any(key.startswith(NAMESPACE_LABELS) for _, key in found):
        found.setdefault(("k8s", NAMESPACE_KEY), "there")
    return frozenset(Label(*key, value) for key, value in found.items())


_SOURCES = ("k8s", "k8s", "container")


# --- flows ---------------------------------------------------------------------------------------

_ANYWHERE = (
    *((6, 80), (6, 1), (6, 65535), (17, 53), (132, 80)),
    *((1, 8 << 8), (58, 128 << 8), (1, 3 << 8 | 1), (47, 0)),
)


def flows_of(policy: Policy, parties: Sequence[Party], seed: int, number: int) -> Iterator[Flow]:
    """Traffic of endpoints; three of four flows aim at a rule, where one of its parties may be another."""
    chosen = random.Random(seed)
    managed = [p for p in parties if p.managed]
    rules = list(policy.rules)
    inside = {
        i: (
            [p for p in managed if party_selected(p, r.subject)] or managed,
            [p for p in parties if party_selected(p, r.peers)] or list(parties),
        )
        for i, r in enumerate(rules)
    }
    edges = port_edges(rules) or list(_ANYWHERE)
    directions = sorted({r.direction for r in rules} | {i.direction for i in policy.isolations})
    for _ in range(number):
        index = chosen.randrange(len(rules)) if rules else None
        subjects, peers, ports = managed, list(parties), list(edges)
        direction = chosen.choice(directions or list(Direction))
        if index is not None and chosen.random() < 0.75:
            direction = rules[index].direction
            if chosen.random() < 0.8:
                subjects = inside[index][0]
            if chosen.random() < 0.8:
                peers = inside[index][1]
            ports = port_edges([rules[index]]) or list(edges)
        subject, peer = chosen.choice(subjects), chosen.choice(peers)
        protocol, port = chosen.choice(ports if chosen.random() < 0.8 else _ANYWHERE)
        assert peer.address is not None
        family = peer.address.version
        if (protocol, family) in ((1, 6), (58, 4)):
            port = 0
        yield Flow(subject, peer, direction, family, protocol, port)


# --- requests ------------------------------------------------------------------------------------


def requests_of(policy: Policy, most: int = 12) -> tuple[Request, ...]:
    """Opaque bytes, and requests on both sides of what the policy's matchers match."""
    chosen = random.Random(0)
    matchers = dict.fromkeys(m for r in policy.rules if r.l7 is not None for m in r.l7.matchers)
    found = [OPAQUE, *dict.fromkeys(q for m in matchers for q in _around(m, chosen))]
    return tuple(found if len(found) <= most else [OPAQUE, *chosen.sample(found[1:], most - 1)])


def _around(matcher: Matcher, chosen: random.Random) -> Iterator[Request]:
    match matcher:
        case HttpMatch(method, path, host, headers):
            verb, where = _example(method, "GET", chosen), _example(path, "/", chosen)
            name = _example(host, "x", chosen)
            known = tuple((h.name.lower(), h.value) for h in headers)
            yield HttpRequest(verb, where, name, known)
            yield HttpRequest(verb, where, name, known[1:])
            yield HttpRequest(verb, f"{where}?x=1", name, known)
            yield HttpRequest(verb, f"{where}x", name, known)
            yield HttpRequest(f"{verb}X", where, name, known)
            yield HttpRequest(verb, where, f"{name}x", known)
            yield HttpRequest(verb, where, name, tuple((n, f"{v}x") for n, v in known))
        case GrpcMatch(service, method, headers):
            known = tuple((h.name.lower(), h.value) for h in headers)
            for call in (method or "Any", "Other", "", "A/b", "A?b"):
                yield HttpRequest("POST", f"/{service}/{call}", "", known)
            yield HttpRequest("GET", f"/{service}/{method or 'Any'}", "", known)
            yield HttpRequest("POST", f"/{service.replace('.', 'x')}/{method or 'Any'}", "", known)
        case KafkaMatch(keys, version, client, topic):
            for key in (*sorted(keys or {0, 1})[:3], 2, 18, 40):
                for asked in (topic, "other", None):
                    for name in {client or "etl", "x"}:
                        element = KafkaElement(key, version or 0, name, asked)
                        yield KafkaRequest((element,))
            yield KafkaRequest((KafkaElement(0, (version or 0) + 1, client or "", topic),))
        case DnsMatch(pattern):
            yield from map(DnsQuery, _names(pattern))


def _names(pattern: str) -> tuple[str, ...]:
    """DNS names around a pattern."""
    return tuple(
        dict.fromkeys(
            (
                pattern.replace("*", "a"),
                pattern.replace("*", "a.b"),
                pattern.replace("*", ""),
                f"x{pattern.replace('*', 'a')}",
                pattern.replace("*", "a").removeprefix("a."),
                pattern.replace(".", "-").replace("*", "a"),
            )
        )
    )


def _example(expression: str | None, otherwise: str, chosen: random.Random) -> str:
    """A text that an expression matches, mostly."""
    return otherwise if expression is None else _text(parse_expression(expression), chosen)


def _text(tree: Expression, chosen: random.Random) -> str:
    match tree:
        case Characters(ranges):
            shown = [(low, high) for low, high in ranges if high > 0x20]
            low, high = chosen.choice(shown or [(0x61, 0x61)])
            return chr(chosen.randint(max(low, 0x21), min(high, 0x7E)) if low < 0x7F else low)
        case Position():
            return ""
        case Parts(parts):
            return "".join(_text(p, chosen) for p in parts)
        case Choice(options):
            return _text(chosen.choice(options), chosen)
        case Repeat(part, low, high):
            times = chosen.randint(low, low + 2 if high is None else high)
            return "".join(_text(part, chosen) for _ in range(times))
