"""NetworkPolicies drawn at random, and what they mean read straight from the documents.

The second reading is written from the API reference of Kubernetes alone: it knows nothing of labels with
sources, tiers or selectors of ours.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import yaml
from hypothesis import strategies as st
from msgspec import Struct

from cpc.compiler.diagnostics import Severity
from cpc.compiler.imports.manifests import import_units, read_manifests
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS, Inventory
from cpc.compiler.policy.model import Address, Entity, Policy
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse

__all__ = [
    "Host",
    "Peer",
    "Pod",
    "allowed",
    "hosts",
    "imported",
    "manifests",
    "network_policies",
    "networks",
    "ports_of",
]

Document = dict[str, Any]

NAMESPACES: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "shop": {"team": "a", "env": "prod"},
    "lab": {"team": "b"},
}
"""Namespaces with their labels; each has its name as `kubernetes.io/metadata.name` too."""

_PORTS = (1, 53, 80, 443, 8080, 65535)
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132}
_CIDRS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0.0.0.0/0", ("10.0.0.0/8",)),
    ("203.0.113.0/24", ("203.0.113.128/25", "203.0.113.7/32")),
    ("203.0.113.7/32", ()),
    ("::/0", ("2001:db8::/32",)),
    ("2001:db8::/64", ()),
)


class Pod(Struct, frozen=True):
    """One pod; `ports` are its container ports by name."""

    name: str
    namespace: str
    labels: tuple[tuple[str, str], ...]
    address: Address
    ports: tuple[tuple[str, str, int], ...] = ()

    def party(self) -> Party:
        """As `decide` takes it."""
        around = {**NAMESPACES[self.namespace], "kubernetes.io/metadata.name": self.namespace}
        labels = {Label("k8s", k, v) for k, v in self.labels}
        labels |= {Label("k8s", f"{NAMESPACE_LABELS}{k}", v) for k, v in around.items()}
        labels.add(Label("k8s", NAMESPACE_KEY, self.namespace))
        ports = frozenset((name, _NUMBERS[protocol], port) for name, protocol, port in self.ports)
        return Party(
            f"{self.namespace}/{self.name}",
            managed=True,
            labels=frozenset(labels),
            address=self.address,
            ports=ports,
        )


class Host(Struct, frozen=True):
    """An address outside of the cluster."""

    address: Address

    def party(self) -> Party:
        """As `decide` takes it."""
        facts = frozenset({Entity.WORLD})
        return Party(str(self.address), False, entities=facts, address=self.address)


Peer = Pod | Host


def networks() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The CIDRs that policies speak of, with their exceptions."""
    return _CIDRS


def hosts() -> tuple[Host, ...]:
    """External addresses at the edges of those CIDRs, and others."""
    found: dict[Address, None] = {}
    for text, excepts in _CIDRS:
        for network in map(ip_network, (text, *excepts)):
            for address in (network[0], network[-1]):
                found[address] = None
    found |= dict.fromkeys(map(ip_address, ("198.51.100.1", "2001:db8:1::1", "9.255.255.255")))
    return tuple(Host(a) for a in found if not a.is_unspecified and str(a) != "255.255.255.255")


# --- drawn ---------------------------------------------------------------------------------------

_values = st.sampled_from(["web", "db", "api"])
_keys = st.sampled_from(["app", "tier"])


@st.composite
def _selector(
    draw: st.DrawFn, keys: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> Document:
    selector: Document = {}
    if draw(st.booleans()):
        selector["matchLabels"] = draw(st.dictionaries(keys, values, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
        expression: Document = {"key": draw(keys), "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = draw(st.lists(values, min_size=1, max_size=2, unique=True))
        selector["matchExpressions"] = [expression]
    return selector


_pods = _selector(_keys, _values)
_namespaces = _selector(
    st.sampled_from(["team", "env", "kubernetes.io/metadata.name"]),
    st.sampled_from(["a", "b", "prod", "shop", "lab"]),
)


@st.composite
def _peer(draw: st.DrawFn) -> Document:
    kind = draw(st.sampled_from(["pods", "namespaces", "both", "block"]))
    if kind == "block":
        cidr, excepts = draw(st.sampled_from(_CIDRS))
        block: Document = {"cidr": cidr}
        if bool(excepts) and draw(st.booleans()):
            block["except"] = list(excepts)
        return {"ipBlock": block}
    peer: Document = {}
    if kind in ("pods", "both"):
        peer["podSelector"] = draw(_pods)
    if kind in ("namespaces", "both"):
        peer["namespaceSelector"] = draw(_namespaces)
    return peer


@st.composite
def _port(draw: st.DrawFn) -> Document:
    port: Document = {}
    if draw(st.booleans()):
        port["protocol"] = draw(st.sampled_from(_PROTOCOLS))
    kind = draw(st.sampled_from(["all", "one", "one", "range", "name"]))
    if kind == "name":
        port["port"] = draw(st.sampled_from(["http", "dns"]))
    elif kind != "all":
        port["port"] = draw(st.sampled_from(_PORTS))
        if kind == "range":
            port["endPort"] = draw(st.sampled_from([p for p in _PORTS if p >= port["port"]]))
    return port


@st.composite
def _rule(draw: st.DrawFn, side: str) -> Document:
    rule: Document = {}
    if draw(st.integers(0, 3)):
        rule[side] = draw(st.lists(_peer(), max_size=3))
    if draw(st.booleans()):
        rule["ports"] = draw(st.lists(_port(), max_size=3))
    return rule


@st.composite
def _policy(draw: st.DrawFn, number: int) -> Document:
    spec: Document = {"podSelector": draw(_pods)}
    if draw(st.booleans()):
        types = st.lists(st.sampled_from(["Ingress", "Egress"]), unique=True, max_size=2)
        spec["policyTypes"] = draw(types)
    for direction, side in (("ingress", "from"), ("egress", "to")):
        if draw(st.integers(0, 2)):
            spec[direction] = draw(st.lists(_rule(side), max_size=3))
    metadata = {"name": f"policy-{number}", "namespace": draw(st.sampled_from(sorted(NAMESPACES)))}
    if metadata["namespace"] == "default" and draw(st.booleans()):
        del metadata["namespace"]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": spec,
    }


@st.composite
def network_policies(draw: st.DrawFn, most: int = 4) -> list[Document]:
    """Some NetworkPolicies."""
    return [draw(_policy(number)) for number in range(draw(st.integers(1, most)))]


@st.composite
def manifests(draw: st.DrawFn, most: int = 4) -> tuple[Pod, ...]:
    """Some pods, in both families."""
    pods: list[Pod] = []
    for number in range(1, draw(st.integers(2, most)) + 1):
        labels = draw(st.dictionaries(_keys, _values, max_size=2))
        ports = draw(
            st.dictionaries(
                st.sampled_from(["http", "dns"]),
                st.tuples(st.sampled_from(_PROTOCOLS), st.sampled_from([53, 80, 8080])),
                max_size=2,
            )
        )
        text = draw(st.sampled_from(["10.244.0.{}", "fd00:10:244::{}"])).format(number)
        pods.append(
            Pod(
                f"pod-{number}",
                draw(st.sampled_from(sorted(NAMESPACES))),
                tuple(sorted(labels.items())),
                ip_address(text),
                tuple(sorted((name, *port) for name, port in ports.items())),
            )
        )
    return tuple(pods)


def imported(documents: Sequence[Document], inventory: Inventory | None) -> Policy:
    """The policy that the importer makes of some documents; `inventory` resolves named ports."""
    source = SourceFile("policies.yaml", yaml.safe_dump_all(documents))
    manifests, problems = read_manifests(source, named=True)
    trees, found = import_units([manifests], inventory)
    policy, _, more = resolve(trees, {}, inventory)
    assert not [d for d in (*problems, *found, *more) if d.severity is Severity.ERROR]
    again, problems = parse(SourceFile("again.cil", format_file(trees[0])))
    assert not problems and again.statements == trees[0].statements
    return policy


# --- what the documents say ----------------------------------------------------------------------


def _labels_match(selector: Document, labels: Mapping[str, str]) -> bool:
    if any(labels.get(k) != v for k, v in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", []):
        key, values = expression["key"], expression.get("values", [])
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds[expression["operator"]]:
            return False
    return True


def _peer_matches(peer: Document, namespace: str, other: Peer) -> bool:
    if isinstance(other, Host):
        block = peer.get("ipBlock")
        return (
            block is not None
            and other.address in ip_network(block["cidr"])
            and not any(other.address in ip_network(e) for e in block.get("except", []))
        )
    if "ipBlock" in peer:
        return False
    around = {**NAMESPACES[other.namespace], "kubernetes.io/metadata.name": other.namespace}
    if "namespaceSelector" in peer:
        inside = _labels_match(peer["namespaceSelector"], around)
    else:
        inside = other.namespace == namespace
    return inside and _labels_match(peer.get("podSelector", {}), dict(other.labels))


def _port_matches(wanted: Document, receiver: Peer, protocol: int, port: int) -> bool:
    name = wanted.get("protocol", "TCP")
    if protocol != _NUMBERS[name]:
        return False
    match wanted.get("port"):
        case None:
            return True
        case str(text):
            return isinstance(receiver, Pod) and (text, name, port) in receiver.ports
        case int(number):
            return number <= port <= int(wanted.get("endPort") or number)
        case other:
            raise AssertionError(other)


def allowed(
    policies: Sequence[Document],
    direction: str,
    subject: Pod,
    peer: Peer,
    protocol: int,
    port: int,
) -> bool:
    """Whether the NetworkPolicies let `subject` have this traffic with `peer`."""
    side = "from" if direction == "ingress" else "to"
    receiver = subject if direction == "ingress" else peer
    isolated = False
    for policy in policies:
        spec, namespace = policy["spec"], policy["metadata"].get("namespace", "default")
        types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
        if namespace != subject.namespace or direction.capitalize() not in types:
            continue
        if not _labels_match(spec["podSelector"], dict(subject.labels)):
            continue
        isolated = True
        for rule in spec.get(direction, []):
            peers, ports = rule.get(side), rule.get("ports")
            if peers and not any(_peer_matches(p, namespace, peer) for p in peers):
                continue
            if ports and not any(_port_matches(p, receiver, protocol, port) for p in ports):
                continue
            return True
    return not isolated


def ports_of(policies: Sequence[Document]) -> list[tuple[int, int]]:
    """(protocol, port) at the edges of what the policies say, and others."""
    edges = {0, 1, 53, 65535}
    for policy in policies:
        for direction in ("ingress", "egress"):
            for rule in policy["spec"].get(direction, []):
                for port in rule.get("ports", []):
                    if isinstance(port.get("port"), int):
                        ends = (port["port"], port.get("endPort", port["port"]))
                        edges |= {e + d for e in ends for d in (-1, 0, 1)}
    numbers = sorted(e for e in edges | {80, 8080} if 0 < e <= 65535)
    return [(p, n) for p in _NUMBERS.values() for n in numbers] + [(1, 8 << 8), (47, 0)]
