"""Cluster policies read a second time: what the API says, over plain dictionaries and strings.

Nothing here is shared with the importer or the meaning of policies but the names of verdicts.
"""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec import Struct

__all__ = ["Connection", "End", "verdict"]

Object = Mapping[str, Any]


class End(Struct, frozen=True):
    """A pod (`labels` are its own, `space` those of its namespace), a node, or another address."""

    kind: str
    address: str
    labels: Mapping[str, str]
    space: Mapping[str, str]
    ports: Sequence[tuple[str, str, int]] = ()


class Connection(Struct, frozen=True):
    """What a subject and a peer talk about: `protocol` in capitals."""

    direction: str
    subject: End
    peer: End
    protocol: str
    port: int


_ACTIONS = {"Allow": "allow", "Accept": "allow", "Deny": "deny", "Pass": "pass"}


def verdict(objects: Iterable[Object], connection: Connection) -> str:
    """allow or deny."""
    tiers: dict[str, list[Object]] = {"Admin": [], "Baseline": [], "NetworkPolicy": []}
    for found in objects:
        tier = {"AdminNetworkPolicy": "Admin", "BaselineAdminNetworkPolicy": "Baseline"}.get(
            found["kind"], found["spec"].get("tier", "NetworkPolicy")
        )
        tiers[tier].append(found)
    return (
        _tier(tiers["Admin"], connection)
        or _network_policies(tiers["NetworkPolicy"], connection)
        or _tier(tiers["Baseline"], connection)
        or "allow"
    )


def _tier(objects: Sequence[Object], connection: Connection) -> str | None:
    for priority in sorted({o["spec"].get("priority", 0) for o in objects}):
        same = [o["spec"] for o in objects if o["spec"].get("priority", 0) == priority]
        outcomes = {_outcome(spec, connection) for spec in same}
        for action in ("deny", "allow", "pass"):
            if action in outcomes:
                return None if action == "pass" else action
    return None


def _outcome(spec: Object, connection: Connection) -> str | None:
    if not _selected(spec["subject"], connection.subject, connection):
        return None
    for rule in spec.get(connection.direction, []):
        action = _ACTIONS[rule["action"]]
        peers = rule["from" if connection.direction == "ingress" else "to"]
        ports = rule.get("ports", rule.get("protocols"))
        if any(_unknown(item) for item in [*peers, *(ports or [])]):
            if action == "allow":
                continue
            return "deny"
        if any(_selected(peer, connection.peer, connection) for peer in peers) and (
            ports is None or any(_port(port, connection) for port in ports)
        ):
            return action
    return None


def _unknown(item: Object) -> bool:
    return not item or "gadget" in item


def _selected(peer: Object, end: End, connection: Connection) -> bool:
    ((kind, value),) = peer.items()
    match kind:
        case "namespaces":
            return end.kind == "pod" and _in_namespaces(value, end, connection)
        case "pods":
            spaces = value.get("namespaces", value.get("namespaceSelector", {}))
            inside = end.kind == "pod" and _in_namespaces(spaces, end, connection)
            return inside and _labels(value["podSelector"], end.labels)
        case "nodes":
            return end.kind == "node" and _labels(value, end.labels)
        case _:
            return any(ip_address(end.address) in ip_network(network) for network in value)


def _in_namespaces(value: Object, end: End, connection: Connection) -> bool:
    theirs, ours = end.space, connection.subject.space
    same, other = value.get("sameLabels"), value.get("notSameLabels")
    if same is None and other is None:
        return _labels(value.get("namespaceSelector", value), theirs)
    keys = same or other or []
    if not keys or any(key not in theirs or key not in ours for key in keys):
        return False
    alike = all(theirs[key] == ours[key] for key in keys)
    return alike if same is not None else not alike


def _labels(selector: Object, labels: Mapping[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_requirement(r, labels) for r in selector.get("matchExpressions", []))


def _requirement(expression: Object, labels: Mapping[str, str]) -> bool:
    there, value = expression["key"] in labels, labels.get(expression["key"])
    return {
        "In": value in expression.get("values", []),
        "NotIn": value not in expression.get("values", []),
        "Exists": there,
        "DoesNotExist": not there,
    }[str(expression["operator"])]


def _port(item: Object, connection: Connection) -> bool:
    ((kind, value),) = item.items()
    server = connection.subject if connection.direction == "ingress" else connection.peer
    if kind in ("namedPort", "destinationNamedPort"):
        return (value, connection.protocol, connection.port) in server.ports
    if kind == "portNumber":
        return (value.get("protocol", "TCP"), value["port"]) == (
            connection.protocol,
            connection.port,
        )
    protocol = value.get("protocol", "TCP") if kind == "portRange" else kind.upper()
    bounds = value if kind == "portRange" else value["destinationPort"]
    low = bounds.get("number") or bounds.get("start") or bounds["range"]["start"]
    high = bounds.get("number") or bounds.get("end") or bounds["range"]["end"]
    return protocol == connection.protocol and low <= connection.port <= high


def _network_policies(objects: Sequence[Object], connection: Connection) -> str | None:
    """NetworkPolicies of one form: pods of a namespace by labels, closed, or open to some pods of it."""
    space = connection.subject.space["kubernetes.io/metadata.name"]
    chosen = [
        o["spec"]
        for o in objects
        if o["metadata"]["namespace"] == space
        and _labels(o["spec"]["podSelector"], connection.subject.labels)
        and connection.direction.capitalize() in o["spec"]["policyTypes"]
    ]
    if not chosen:
        return None
    side = "from" if connection.direction == "ingress" else "to"
    for spec in chosen:
        for rule in spec.get(connection.direction, []):
            near = connection.peer.space.get("kubernetes.io/metadata.name") == space
            if any(near and _labels(p["podSelector"], connection.peer.labels) for p in rule[side]):
                return "allow"
    return "deny"
