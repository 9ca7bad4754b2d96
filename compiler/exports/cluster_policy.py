"""Tiers as ClusterNetworkPolicy v1alpha2, or as AdminNetworkPolicy and its baseline v1alpha1.

Source: kubernetes-sigs/network-policy-api, apis/v1alpha2 and apis/v1alpha1. Objects have one subject,
a priority and rules in order; peers are pods everywhere, and at egress addresses (inside the cluster
too), nodes and names. Lists are bounded; what is longer becomes several rules one after the other.
"""

from msgspec import Struct

from cpc.compiler.exports.bundles import never_matches, written
from cpc.compiler.exports.cluster_peers import Peers, peers_of
from cpc.compiler.exports.cluster_ports import ports_of
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.exports.limits import pieces
from cpc.compiler.exports.names import Names, described, given_name, metadata, subject_words
from cpc.compiler.exports.pods import Pods
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document
from cpc.compiler.exports.tier_order import Ordered, ordered
from cpc.compiler.policy.model import Action, Direction, Policy, Rule, Tier

__all__ = ["cluster_policies"]

_GROUP = "policy.networking.k8s.io"
_LAST_PRIORITY = 1000
_RULE_NAME = 100
"""Characters of a rule's name."""


class _Dialect(Struct, frozen=True):
    """How one version says it; `most` bounds lists of rules, peers and ports."""

    version: str
    most: int
    accept: str
    ports: str


_DIALECTS = {
    Kind.CLUSTER: _Dialect("v1alpha2", 25, "Accept", "protocols"),
    Kind.ADMIN: _Dialect("v1alpha1", 100, "Allow", "ports"),
}


def cluster_policies(policy: Policy, names: Names, refusals: Refusals) -> list[Document]:
    """The objects of a policy's tiers; with refusals the list is not complete."""
    rules = [
        r
        for r in written(policy.rules)
        if r.tier is not Tier.NORMAL and _can_be(r, refusals) and not never_matches(r)
    ]
    if refusals.kind is Kind.ADMIN:
        baseline = [r for r in rules if r.tier is Tier.BASELINE]
        objects = ordered([r for r in rules if r.tier is Tier.ADMIN], refusals)
        objects += _one(ordered(baseline, refusals), refusals)
    else:
        objects = ordered(rules, refusals)
    return [_Object(o, refusals).document(_name(o, objects, names, refusals)) for o in objects]


def _can_be(rule: Rule, refusals: Refusals) -> bool:
    if rule.l7 is not None:
        refusals.refuse(
            "CPC850",
            f"{refusals.what} has no request parts",
            rule.origin,
            "leave it to a policy, and export that as `cilium`",
        )
    if rule.action is Action.PASS and rule.tier is Tier.BASELINE and refusals.kind is Kind.ADMIN:
        refusals.refuse(
            "CPC850",
            "a BaselineAdminNetworkPolicy has no `pass`",
            rule.origin,
            "write `allow`, or export as `cluster`",
        )
    if rule.priority > _LAST_PRIORITY:
        refusals.refuse(
            "CPC859",
            f"{refusals.what} has priorities up to {_LAST_PRIORITY}, not {rule.priority}",
            rule.origin,
            "give the block a smaller priority",
        )
    return rule.l7 is None


def _one(objects: list[Ordered], refusals: Refusals) -> list[Ordered]:
    """The baseline as one object: there is but one in a cluster, of one subject."""
    if not objects:
        return []
    first = objects[0]
    for object in objects[1:]:
        if object.subject == first.subject:
            first.rules += object.rules
        else:
            refusals.refuse(
                "CPC859",
                "there is one BaselineAdminNetworkPolicy in a cluster, and it has one subject",
                object.rules[0].origin,
                "give all baseline rules the same subject, or export as `cluster`",
            )
    return [first]


def _name(object: Ordered, objects: list[Ordered], names: Names, refusals: Refusals) -> str:
    if refusals.kind is Kind.ADMIN and object.tier is Tier.BASELINE:
        return "default"
    alike = [o for o in objects if (o.tier, o.priority) == (object.tier, object.priority)]
    words = subject_words(object.subject.all()) if len(alike) > 1 else ()
    return names.unique("tier", "", object.tier.name, str(object.priority), *words)


class _Object:
    """One object on its way."""

    def __init__(self, object: Ordered, refusals: Refusals) -> None:
        self._object = object
        self._refusals = refusals
        self._dialect = _DIALECTS[refusals.kind]

    def document(self, name: str) -> Document:
        """The object; with refusals it is not complete."""
        object = self._object
        spec: Document = {}
        kind = "ClusterNetworkPolicy"
        if self._refusals.kind is Kind.CLUSTER:
            spec["tier"] = object.tier.name.capitalize()
        elif object.tier is Tier.ADMIN:
            kind = "AdminNetworkPolicy"
        else:
            kind = "BaselineAdminNetworkPolicy"
        if kind != "BaselineAdminNetworkPolicy":
            spec["priority"] = object.priority
        spec["subject"] = _pods(object.subject)
        for direction in Direction:
            rules = [d for r in object.of(direction) for d in self._rules(r)]
            if rules:
                spec[str(direction)] = rules
            if len(rules) > self._dialect.most:
                self._refusals.refuse(
                    "CPC860",
                    f"{self._refusals.what} has up to {self._dialect.most} rules of a direction, not "
                    f"{len(rules)}",
                    object.of(direction)[0].origin,
                    "move some of them into a block with another priority"
                    + (
                        ", or export as `admin`" if len(rules) <= _DIALECTS[Kind.ADMIN].most else ""
                    ),
                )
        description = described(r.origin for r in object.rules)
        return {
            "apiVersion": f"{_GROUP}/{self._dialect.version}",
            "kind": kind,
            "metadata": metadata(name, "", description),
            "spec": spec,
        }

    def _rules(self, rule: Rule) -> list[Document]:
        """A rule, or several where its lists are too long for one."""
        most = self._dialect.most
        found = peers_of(rule, self._refusals)
        peers = [_pods(p) for p in found.pods] + _outside(found)
        ports = ports_of(rule, self._refusals, outside=found.outside)
        side = "from" if rule.direction is Direction.INGRESS else "to"
        name = given_name(rule.origin)
        head: Document = {} if name is None else {"name": name[:_RULE_NAME]}
        head["action"] = (
            self._dialect.accept if rule.action is Action.ALLOW else rule.action.capitalize()
        )
        port_lists: list[Document] = (
            [{}] if ports is None else [{self._dialect.ports: p} for p in pieces(ports, most)]
        )
        return [head | {side: some} | ports for some in pieces(peers, most) for ports in port_lists]


def _pods(pods: Pods) -> Document:
    """Pods as a subject or a peer: all of some namespaces, or some of them."""
    namespaces = pods.namespace_selector()
    if not pods.own:
        return {"namespaces": namespaces}
    return {"pods": {"namespaceSelector": namespaces, "podSelector": pods.pod_selector()}}


_MOST_NETWORKS = 25


def _outside(peers: Peers) -> list[Document]:
    found: list[Document] = [{"nodes": {}}] if peers.nodes else []
    found += [{"networks": some} for some in pieces(peers.networks, _MOST_NETWORKS)]
    found += [{"domainNames": some} for some in pieces(peers.names, _MOST_NETWORKS)]
    return found
