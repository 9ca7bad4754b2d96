"""Cilium's policies: CiliumNetworkPolicy in a namespace, clusterwide ones elsewhere, or rules as JSON.

Source: Cilium's pkg/policy/api and pkg/k8s/apis/cilium.io/v2. One policy is one object, each subject
of it a `spec`. A direction with rules isolates unless `enableDefaultDeny` says otherwise; a rule that
is empty allows nothing, so it isolates alone.
"""

from collections.abc import Iterable

from cpc.compiler.exports.bundles import Bundle, Isolated, Section, Source, bundles
from cpc.compiler.exports.cilium_ports import port_parts
from cpc.compiler.exports.cilium_requests import name_selector, request_rules
from cpc.compiler.exports.cilium_selectors import (
    Scope,
    Subject,
    endpoint_selectors,
    subject_selector,
    subject_term,
    subjects,
)
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.exports.names import Names, described, metadata
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document
from cpc.compiler.policy.model import (
    Action,
    Cidr,
    Direction,
    EndpointTerm,
    EntityTerm,
    Fqdn,
    Requirement,
    Rule,
    Term,
)

__all__ = ["cilium_policy", "cilium_rules"]


def cilium_policy(
    source: Source, isolated: Isolated, names: Names, refusals: Refusals
) -> list[Document]:
    """The object that a policy is, none where it says nothing; with refusals it is not complete."""
    specs = _Cilium(source, isolated, Scope(source.namespace), refusals).specs()
    if not specs:
        return []
    kind = "CiliumNetworkPolicy" if source.namespace else "CiliumClusterwideNetworkPolicy"
    name = names.unique(kind, source.namespace, source.name)
    return [
        {
            "apiVersion": "cilium.io/v2",
            "kind": kind,
            "metadata": metadata(name, source.namespace, ""),
            **({"spec": specs[0]} if len(specs) == 1 else {"specs": specs}),
        }
    ]


def cilium_rules(
    source: Source, isolated: Isolated, names: Names, refusals: Refusals
) -> list[Document]:
    """The rules of Cilium's own JSON that a policy is; with refusals they are not complete."""
    specs = _Cilium(source, isolated, Scope(raw=True), refusals).specs()
    name = names.unique(Kind.CILIUM_JSON, "", source.namespace, source.name) if specs else ""
    return [{"labels": [{"key": "name", "value": name}], **spec} for spec in specs]


class _Cilium:
    """One policy on its way."""

    def __init__(
        self, source: Source, isolated: Isolated, scope: Scope, refusals: Refusals
    ) -> None:
        self._source = source
        self._isolated = isolated
        self._scope = scope
        self._refusals = refusals

    def specs(self) -> list[Document]:
        """What is said, subject by subject."""
        found = bundles(self._source, lambda s, o: subjects(s, o, self._scope, self._refusals))
        return [spec for bundle in found if (spec := self._spec(bundle)) is not None]

    def _spec(self, bundle: Bundle[Subject]) -> Document | None:
        allows: Document = {}
        open_: dict[str, bool] = {}
        for direction in (d for d in Direction if d in bundle.sections):
            section = bundle.sections[direction]
            lists = self._lists(direction, section)
            if section.isolated and not lists:
                lists = {str(direction): [{}]}
            if lists and not section.isolated and not self._covered(bundle.subject, direction):
                open_[str(direction)] = False
            allows |= lists
        if not allows:
            return None
        spec: Document = {}
        if description := described(bundle.origins):
            spec["description"] = description
        spec["endpointSelector"] = subject_selector(bundle.subject)
        if open_:
            spec["enableDefaultDeny"] = open_
        return spec | allows

    def _covered(self, subject: Subject, direction: Direction) -> bool:
        """Whether the subject is isolated by what is said of others."""
        return self._isolated[direction]((subject_term(subject, self._scope),))

    # --- rules ---------------------------------------------------------------------------------

    def _lists(self, direction: Direction, section: Section) -> Document:
        """The rules of a direction: `ingress` and `ingressDeny`, or those of egress."""
        found: Document = {}
        allowed = [e for r in section.requirements for e in self._requirement(r)]
        for action, name in ((Action.ALLOW, ""), (Action.DENY, "Deny")):
            entries = allowed if action is Action.ALLOW else []
            entries = entries + [
                e for r in section.rules if r.action is action for e in self._entries(r)
            ]
            if entries:
                found[f"{direction}{name}"] = entries
        return found

    def _requirement(self, requirement: Requirement) -> list[Document]:
        """Every requirement of a list holds, so one has one selector."""
        selectors = [
            s
            for term in requirement.peers
            if isinstance(term, EndpointTerm)
            for s in endpoint_selectors(
                term, requirement.origin, self._scope, self._refusals, narrowing=True
            )
        ]
        if len(selectors) != 1:
            self._refusals.refuse(
                "CPC851",
                f"{self._refusals.what} has requirements of labels that all hold, and this has "
                "alternatives",
                requirement.origin,
                "give the peers a label that says it in one, or write it into the rules",
            )
            return []
        side = "fromRequires" if requirement.direction is Direction.INGRESS else "toRequires"
        return [{side: selectors}]

    def _entries(self, rule: Rule) -> list[Document]:
        """One rule as Cilium's: peers of one kind in each, ports and ICMP types apart."""
        requests = request_rules(rule, self._refusals)
        if requests is not None and not any(requests.values()):
            return []  # an empty list would be every request
        parts = port_parts(rule, requests, self._refusals)
        return [peers | ports for peers in self._peers(rule) for ports in parts]

    def _peers(self, rule: Rule) -> list[Document]:
        side = "from" if rule.direction is Direction.INGRESS else "to"
        lists: dict[str, list[object]] = {}
        for term in rule.peers:
            for field, peer in self._peer(term, rule):
                lists.setdefault(f"{side}{field}", []).append(peer)
        return [{field: peers} for field, peers in lists.items()]

    def _peer(self, term: Term, rule: Rule) -> Iterable[tuple[str, object]]:
        """(field without its first word, entry) for each peer that a term is."""
        match term:
            case EndpointTerm():
                selectors = endpoint_selectors(term, rule.origin, self._scope, self._refusals)
                return [("Endpoints", s) for s in selectors]
            case EntityTerm(entity):
                return [("Entities", str(entity))]
            case Cidr(network, excepts, False):
                cidr: Document = {"cidr": str(network)}
                if excepts:
                    cidr["except"] = [str(e) for e in excepts]
                return [("CIDRSet", cidr)]
            case Cidr():
                self._refuse(
                    rule,
                    "matches addresses outside the cluster only, and `scope any` is about all",
                    "remove `scope any`, or move the rule into a tier and export as `cluster`",
                )
            case Fqdn(patterns) if rule.direction is Direction.EGRESS:
                if rule.action is Action.ALLOW:
                    return [("FQDNs", name_selector(p)) for p in patterns]
                self._refuse(rule, "does not deny DNS names", "name the addresses")
            case Fqdn():
                self._refuse(rule, "has no DNS names at ingress", "name the addresses")
            case _:
                self._refuse(
                    rule,
                    "knows services of Kubernetes only",
                    "name the endpoints behind the service by their labels",
                )
        return []

    def _refuse(self, rule: Rule, what: str, help: str) -> None:
        self._refusals.refuse("CPC851", f"{self._refusals.what} {what}", rule.origin, help)
