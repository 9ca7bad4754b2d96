"""Random cluster policies beside NetworkPolicies: `decide` of what is imported is what the API says."""

import json
from ipaddress import ip_address
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.model import Direction
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from tests.imports.cluster_policy.reference import Connection, End, verdict
from tests.imports.cluster_policy.world import NAMESPACES, NODES, PODS, WORLD, imported

_NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1}
_WORDS = {number: word for word, number in _NUMBERS.items()}
_OTHERS = ("203.0.113.9", "198.51.100.7", "10.99.0.1", "10.5.0.1")
"""External, unknown, and an endpoint that is no pod."""
_NAME = "kubernetes.io/metadata.name"

Drawn = st.SearchStrategy[Any]


def _ends() -> list[End]:
    pods = [
        End(
            "pod",
            addresses[0],
            {"app": app},
            {_NAME: name.partition("/")[0], **NAMESPACES[name.partition("/")[0]]},
            tuple((port, _WORDS[protocol], number) for port, protocol, number in ports),
        )
        for name, (app, addresses, ports) in sorted(PODS.items())
    ]
    nodes = [End("node", address, labels, {}) for labels, address in NODES.values()]
    return [*pods, *nodes, *(End("address", address, {}, {}) for address in _OTHERS)]


ENDS = _ends()
SUBJECTS = [end for end in ENDS if end.kind == "pod"]


def _selectors(values: dict[str, list[str]]) -> Drawn:
    def expression(key: str) -> Drawn:
        some = st.lists(st.sampled_from(values[key]), min_size=1, max_size=2, unique=True)
        return st.one_of(
            some.map(lambda v: {"key": key, "operator": "In", "values": v}),
            some.map(lambda v: {"key": key, "operator": "NotIn", "values": v}),
            st.sampled_from(
                [{"key": key, "operator": "Exists"}, {"key": key, "operator": "DoesNotExist"}]
            ),
        )

    labels = st.sampled_from(sorted(values)).flatmap(
        lambda key: st.sampled_from(values[key]).map(lambda value: {"matchLabels": {key: value}})
    )
    expressions = st.lists(
        st.sampled_from(sorted(values)).flatmap(expression), min_size=1, max_size=2
    ).map(lambda found: {"matchExpressions": found})
    return st.one_of(st.just({}), labels, expressions)


_SPACES = _selectors(
    {"tenant": ["acme", "bolt"], "env": ["prod", "test"], _NAME: ["shop", "cart", "bank", "ops"]}
)
_APPS = _selectors({"app": ["web", "db", "monitor"]})
_PODS = st.builds(lambda n, p: {"namespaceSelector": n, "podSelector": p}, _SPACES, _APPS)
_SUBJECTS = st.one_of(_SPACES.map(lambda s: {"namespaces": s}), _PODS.map(lambda p: {"pods": p}))
_RELATIONS = st.builds(
    lambda word, keys: {word: keys},
    st.sampled_from(["sameLabels", "notSameLabels"]),
    st.sampled_from([["tenant"], ["tenant", "env"], [_NAME], [_NAME, "env"]]),
)
_UNKNOWN = st.sampled_from([{}, {"gadget": {"name": "x"}}])
_NETWORKS = st.lists(
    st.sampled_from(
        ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/30", "192.168.0.1/32", "203.0.113.0/24", "::/0"]
    ),
    min_size=1,
    max_size=3,
    unique=True,
)
_NODES = st.sampled_from([{}, {"matchLabels": {"role": "control"}}])
_PORTS = st.integers(1, 3).map(lambda n: [1, 53, 80, 8080][n])
_BOUNDS = st.sampled_from([(1, 65535), (53, 80), (80, 81)])


@st.composite
def _peers(draw: st.DrawFn, egress: bool, old: bool) -> Any:
    kinds = [*["namespaces", "pods"] * 2, *(["networks", "nodes"] if egress else [])]
    kind = draw(st.sampled_from([*kinds, *(["relation"] if old else []), "unknown"]))
    match kind:
        case "namespaces" | "pods":
            return {kind: draw(_SPACES if kind == "namespaces" else _PODS)}
        case "networks" | "nodes":
            return {kind: draw(_NETWORKS if kind == "networks" else _NODES)}
        case "relation":
            relation = draw(_RELATIONS)
            if draw(st.booleans()):
                return {"namespaces": relation}
            return {"pods": {"namespaces": relation, "podSelector": draw(_APPS)}}
        case _:
            return draw(_UNKNOWN)


@st.composite
def _ports(draw: st.DrawFn, old: bool, names: bool) -> Any:
    word = draw(st.sampled_from(["TCP", "UDP", "SCTP"]))
    port, (low, high) = draw(_PORTS), draw(_BOUNDS)
    bounds = {"start": low, "end": high}
    found: list[Any] = [
        {"portNumber": {"protocol": word, "port": port}},
        {"portNumber": {"port": port}},
        {"portRange": {"protocol": word, **bounds}},
    ]
    if not old:
        found = [
            {word.lower(): {"destinationPort": {"number": port}}},
            {word.lower(): {"destinationPort": {"range": bounds}}},
        ]
    if names:
        name = draw(st.sampled_from(["http", "dns", "pg"]))
        found.append({"namedPort" if old else "destinationNamedPort": name})
    if draw(st.integers(0, 15)) == 0:
        return draw(_UNKNOWN)
    return draw(st.sampled_from(found))


@st.composite
def _rules(draw: st.DrawFn, direction: str, actions: list[str], old: bool) -> Any:
    egress = direction == "egress"
    peers = draw(st.lists(_peers(egress, old), min_size=1, max_size=3))
    names = not any("networks" in peer or "nodes" in peer for peer in peers)
    rule = {"action": draw(st.sampled_from(actions)), "to" if egress else "from": peers}
    if draw(st.booleans()):
        ports = st.lists(_ports(old, names), min_size=1, max_size=3)
        rule["ports" if old else "protocols"] = draw(ports)
    if draw(st.booleans()):
        rule["name"] = draw(st.sampled_from(["a", "default", "no ssh!", "ä"]))
    return rule


@st.composite
def _objects(draw: st.DrawFn) -> Any:
    found: list[Any] = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(
            st.sampled_from(
                ["AdminNetworkPolicy", "ClusterNetworkPolicy", "NetworkPolicy", "Baseline"]
            )
        )
        name = f"policy-{number}"
        if kind == "NetworkPolicy":
            found.append(draw(_network_policies(name)))
            continue
        old = kind != "ClusterNetworkPolicy"
        actions = ["Allow" if old else "Accept", "Deny", *([] if kind == "Baseline" else ["Pass"])]
        spec: dict[str, Any] = {"subject": draw(_SUBJECTS)}
        for direction in ("ingress", "egress"):
            spec[direction] = draw(st.lists(_rules(direction, actions, old), max_size=3))
        if kind == "Baseline":
            if any(o["kind"].startswith("Baseline") for o in found):
                continue
            name, kind = "default", "BaselineAdminNetworkPolicy"
        else:
            spec["priority"] = draw(st.integers(0, 3))
        if not old:
            spec["tier"] = draw(st.sampled_from(["Admin", "Baseline"]))
        version = "v1alpha1" if old else "v1alpha2"
        api = {"apiVersion": f"policy.networking.k8s.io/{version}", "kind": kind}
        found.append({**api, "metadata": {"name": name}, "spec": spec})
    return found


@st.composite
def _network_policies(draw: st.DrawFn, name: str) -> Any:
    namespace = draw(st.sampled_from(sorted(NAMESPACES)))
    types = draw(st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]))
    spec: dict[str, Any] = {"podSelector": draw(_APPS), "policyTypes": types}
    for direction in types:
        side = "from" if direction == "Ingress" else "to"
        peers = st.lists(_APPS.map(lambda s: {"podSelector": s}), min_size=1, max_size=2)
        spec[direction.lower()] = [{side: draw(peers)}] if draw(st.booleans()) else []
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _flow(connection: Connection) -> Flow:
    subject, peer = (
        WORLD.party_of(ip_address(end.address)) for end in (connection.subject, connection.peer)
    )
    number = _NUMBERS[connection.protocol]
    return Flow(subject, peer, Direction(connection.direction), 4, number, connection.port)


def _connections() -> list[Connection]:
    """Every subject with every peer but itself; the local host is let in before any rule."""
    services = [
        ("TCP", 53),
        ("TCP", 80),
        ("UDP", 53),
        ("TCP", 8080),
        ("SCTP", 81),
        ("ICMP", 8 << 8),
    ]
    return [
        Connection(direction, subject, peer, protocol, port)
        for direction in ("ingress", "egress")
        for subject in SUBJECTS
        for peer in ENDS
        for protocol, port in services
        if peer is not subject and not (direction == "ingress" and peer.address == "192.168.0.1")
    ]


@given(_objects())
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_what_is_imported_is_what_the_api_says(objects: list[Any]) -> None:
    text = "\n---\n".join(json.dumps(found) for found in objects)
    found = imported(text, WORLD)
    for connection in _connections():
        said = decide(found.policy, _flow(connection)).verdict
        assert said == verdict(objects, connection), connection
    for file in found.trees:
        parsed, problems = parse(SourceFile(file.name, format_file(file)))
        assert problems == [] and parsed == file
