"""NetworkPolicy v1 (networking.k8s.io): allow rules of pods that the object isolates by selecting them.

Source: the API reference of Kubernetes, "NetworkPolicy v1 networking.k8s.io". Each object is one
subject of one policy. Objects add up, as statements do here; selecting a pod isolates it, so every
subject must be isolated anyway in the directions of its object.
"""

from msgspec import Struct

from cpc.compiler.exports.bundles import Bundle, Isolated, Section, Source, bundles
from cpc.compiler.exports.names import Names, described, metadata, subject_words
from cpc.compiler.exports.pods import EVERY_POD, Pods, pods_of
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document
from cpc.compiler.policy.model import (
    Action,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Origin,
    PortRange,
    Protocol,
    Rule,
    Selector,
    Term,
)
from cpc.compiler.policy.resolve_ports import CARRIERS

__all__ = ["network_policies"]

_CARRIERS = CARRIERS["any"]
_WORLD = {
    Entity.WORLD: ("0.0.0.0/0", "::/0"),
    Entity.WORLD_IPV4: ("0.0.0.0/0",),
    Entity.WORLD_IPV6: ("::/0",),
}
"""`ipBlock` is about external addresses, all of which these are."""


class _Subject(Struct, frozen=True):
    """Pods of one namespace."""

    namespace: str
    pods: Pods


def network_policies(
    source: Source, isolated: Isolated, names: Names, refusals: Refusals
) -> list[Document]:
    """The objects that a policy is; with refusals the list is not complete."""
    for requirement in source.requirements:
        _no_statement(refusals, "requirements", requirement.origin)
    rules = tuple(r for r in source.rules if _can_be(r, refusals))
    for rule in rules:
        _check_isolated(rule, isolated, refusals)
    usable = Source(source.name, source.namespace, rules, source.isolations, ())
    found = bundles(usable, lambda s, o: _subjects(s, o, refusals))
    documents = []
    for bundle in found:
        words = () if len(found) == 1 and source.name else subject_words(bundle.subject.pods.own)
        name = names.unique(
            "NetworkPolicy", bundle.subject.namespace, *filter(None, (source.name, *words))
        )
        documents.append(_object(name, bundle, refusals))
    return documents


def _no_statement(refusals: Refusals, what: str, origin: Origin) -> None:
    refusals.refuse("CPC850", f"{refusals.what} has no {what}", origin, "export as `cilium`")


def _can_be(rule: Rule, refusals: Refusals) -> bool:
    """Whether rules of this kind exist."""
    if rule.action is not Action.ALLOW:
        _no_statement(refusals, f"`{rule.action}` rules: it only allows", rule.origin)
    if rule.l7 is not None:
        _no_statement(refusals, "request parts", rule.origin)
    return rule.action is Action.ALLOW and rule.l7 is None


def _check_isolated(rule: Rule, isolated: Isolated, refusals: Refusals) -> None:
    """An object isolates what it selects: right only for what is isolated by itself."""
    if not isolated[rule.direction](rule.subject):
        refusals.refuse(
            "CPC856",
            f"a NetworkPolicy with this rule would isolate its subject, whose {rule.direction} is "
            "open",
            rule.origin,
            f"write `default deny {rule.direction}` for it, or export as `cilium`",
        )


# --- subjects ----------------------------------------------------------------------------------


def _subjects(selector: Selector, origin: Origin, refusals: Refusals) -> tuple[_Subject, ...]:
    found: dict[_Subject, None] = {}
    for term in selector:
        for pods in pods_of(term, origin, refusals, "CPC852"):
            namespaces = pods.namespaces()
            if namespaces is None or pods.labels:
                refusals.refuse(
                    "CPC852",
                    "a NetworkPolicy is about pods of its own namespace, and this is about many",
                    origin,
                    'put it into a `policy NAME namespace "..."` for each, or export as `cilium`',
                )
            else:
                here = Pods((), (), pods.own)
                found.update(dict.fromkeys(_Subject(n, here) for n in namespaces))
    return tuple(found)


# --- objects -----------------------------------------------------------------------------------


def _object(name: str, bundle: Bundle[_Subject], refusals: Refusals) -> Document:
    subject = bundle.subject
    spec: Document = {
        "podSelector": subject.pods.pod_selector(),
        "policyTypes": [d.capitalize() for d in Direction if d in bundle.sections],
    }
    for direction in Direction:
        section = bundle.sections.get(direction, Section())
        rules = [r for rule in section.rules if (r := _rule(rule, subject, refusals)) is not None]
        if rules:
            spec[str(direction)] = rules
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, subject.namespace, described(bundle.origins)),
        "spec": spec,
    }


def _rule(rule: Rule, subject: _Subject, refusals: Refusals) -> Document | None:
    """One rule; None where none of its peers can be."""
    found: Document = {}
    if EntityTerm(Entity.ALL) not in rule.peers:
        peers = [p for term in rule.peers for p in _peers(term, subject.namespace, rule, refusals)]
        if not peers:
            return None  # an empty list would be everyone
        found["from" if rule.direction is Direction.INGRESS else "to"] = peers
    if rule.ports is not None:
        found["ports"] = _ports(rule, refusals)
    return found


def _peers(term: Term, namespace: str, rule: Rule, refusals: Refusals) -> list[Document]:
    match term:
        case EndpointTerm():
            return [
                _pods(pods, namespace) for pods in pods_of(term, rule.origin, refusals, "CPC851")
            ]
        case EntityTerm(entity) if entity in _WORLD:
            return [{"ipBlock": {"cidr": cidr}} for cidr in _WORLD[entity]]
        case Cidr(network, excepts, False):
            block: Document = {"cidr": str(network)}
            if excepts:
                block["except"] = [str(e) for e in excepts]
            return [{"ipBlock": block}]
        case Cidr():
            refusals.refuse(
                "CPC851",
                "`ipBlock` is about external addresses, and `scope any` about those of pods too",
                rule.origin,
                "remove `scope any`, or move the rule into a tier and export as `cluster`",
            )
        case EntityTerm(entity):
            refusals.refuse(
                "CPC851",
                f"a NetworkPolicy has no peer `{entity}`",
                rule.origin,
                f"export as `cilium`; {EVERY_POD}"
                if entity is Entity.CLUSTER
                else "export as `cilium`",
            )
        case _:
            refusals.refuse(
                "CPC851",
                "a NetworkPolicy has no peers by DNS name or service",
                rule.origin,
                "name addresses or endpoints; DNS names can be exported as `cilium`",
            )
    return []


def _pods(pods: Pods, namespace: str) -> Document:
    """A peer; without a namespace selector it is in the object's own namespace."""
    if pods.namespaces() == (namespace,) and not pods.labels:
        return {"podSelector": pods.pod_selector()}
    peer: Document = {"namespaceSelector": pods.namespace_selector()}
    if pods.own:
        peer["podSelector"] = pods.pod_selector()
    return peer


# --- ports -------------------------------------------------------------------------------------


def _ports(rule: Rule, refusals: Refusals) -> list[Document]:
    found = [p for r in rule.ports or () if (p := _port(r, rule, refusals)) is not None]
    for name, protocols in rule.named:
        found += [{"protocol": Protocol(p).name, "port": name} for p in protocols]
    return found


def _port(ports: PortRange, rule: Rule, refusals: Refusals) -> Document | None:
    if ports.protocol not in _CARRIERS:
        refusals.refuse(
            "CPC854",
            "a NetworkPolicy has ports of tcp, udp and sctp only",
            rule.origin,
            "leave the ports out to mean every protocol, or export as `cilium`, which has ICMP types",
        )
        return None
    found: Document = {"protocol": Protocol(ports.protocol).name}
    if ports == PortRange(ports.protocol):
        return found
    if ports.low == 0:
        refusals.refuse(
            "CPC854", "a NetworkPolicy has no port 0", rule.origin, "let the range start at 1"
        )
        return None
    found["port"] = ports.low
    if ports.high > ports.low:
        found["endPort"] = ports.high
    return found
