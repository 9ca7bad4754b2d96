"""Faults in objects of Kubernetes and Cilium; a rule's line is that of its item in the list."""

from collections.abc import Callable, Sequence

from tests.lint.planting.bed import Line, Plant, kept
from tests.lint.planting.ground import Ground, some_port

__all__ = ["MAKERS"]

_HEADS = {
    "NetworkPolicy": "networking.k8s.io/v1",
    "CiliumNetworkPolicy": "cilium.io/v2",
    "AdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1",
}


def _object(ground: Ground, kind: str, name: str, lines: Sequence[Line]) -> list[Line]:
    namespace = "" if kind == "AdminNetworkPolicy" else ", namespace: planted"
    head = (
        "---",
        f"apiVersion: {_HEADS[kind]}",
        f"kind: {kind}",
        f"metadata: {{name: {ground.name}-{name}{namespace}}}",
        "spec:",
    )
    return [*map(kept, head), *lines]


def _added(lines: Sequence[Line]) -> list[Line]:
    """Lines that are only there with the fault."""
    return [Line(None, line.faulty) for line in lines]


def _pods(ground: Ground, end: str, more: str = "") -> str:
    return f"{{matchLabels: {{app: planted-{ground.number}{end}}}{more}}}"


def _network_policy(ground: Ground, name: str, item: Line, ports: Line) -> list[Line]:
    subject = kept(f"  podSelector: {_pods(ground, 'b')}")
    return _object(ground, "NetworkPolicy", name, [subject, kept("  ingress:"), item, ports])


def _from(ground: Ground, more: str = "") -> str:
    return f"  - from: [{{podSelector: {_pods(ground, 'a', more)}}}]"


def _ports(low: int, high: int) -> str:
    return f"    ports: [{{port: {low}, endPort: {high}}}]"


def _copied(ground: Ground, rule: str, first: tuple[int, int], second: tuple[int, int]) -> Plant:
    """Two policies of the same pods, of which the second is there with the fault only."""
    one, other = kept(_from(ground)), Line(None, _from(ground))
    pieces = (
        _network_policy(ground, "one", one, kept(_ports(*first))),
        [
            other if line.faulty == other.faulty else line
            for line in _added(_network_policy(ground, "two", other, kept(_ports(*second))))
        ],
    )
    fault, cause = (other, one) if rule == "masked-duplicate" else (one, other)
    return Plant(rule, pieces, fault, (cause,))


def _duplicate(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    return _copied(ground, "masked-duplicate", (port, port + 9), (port + 2, port + 5))


def _redundant(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    return _copied(ground, "redundant-rule", (port + 2, port + 5), (port, port + 9))


def _dead(ground: Ground) -> Plant:
    never = ", matchExpressions: [{key: app, operator: NotIn, values: [planted-%da]}]"
    fault = Line(_from(ground), _from(ground, never % ground.number))
    ports = kept(_ports(443, 444))
    return Plant("dead-rule", (_network_policy(ground, "one", fault, ports),), fault)


def _exposed(ground: Ground) -> Plant:
    item = kept("  - from: [{ipBlock: {cidr: 0.0.0.0/0}}]")
    port = ground.draw.choice((22, 5432, 3389))
    ports = Line(_ports(443, 443), _ports(port, port))
    return Plant("world-exposed", (_network_policy(ground, "one", item, ports),), item)


def _cilium(ground: Ground, name: str, lines: Sequence[Line]) -> list[Line]:
    subject = kept(f"  endpointSelector: {_pods(ground, 'b')}")
    return _object(ground, "CiliumNetworkPolicy", name, [subject, *lines])


def _item(ground: Ground, port: int | None, rules: str = "") -> str:
    peers = f"fromEndpoints: [{_pods(ground, 'a')}]"
    to = f', toPorts: [{{ports: [{{port: "{port}", protocol: TCP}}]{rules}}}]' if port else ""
    return f"  - {{{peers}{to}}}"


def _denied(ground: Ground, rule: str, allowed: int | None, denied: int | None) -> Plant:
    fault, cause = kept(_item(ground, allowed)), Line(None, _item(ground, denied))
    lines = [kept("  ingress:"), fault, Line(None, "  ingressDeny:"), cause]
    return Plant(rule, (_cilium(ground, "one", lines),), fault, (cause,))


def _shadowed(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    return _denied(ground, "shadowed-rule", port, ground.draw.choice((port, None)))


def _generalisation(ground: Ground) -> Plant:
    return _denied(ground, "generalisation", None, some_port(ground.draw))


def _bypass(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    cause = kept(_item(ground, port, ", rules: {http: [{method: GET, path: /items}]}"))
    fault = Line(_item(ground, port + 1), _item(ground, port))
    lines = [kept("  ingress:"), *ground.draw.sample((cause, fault), 2)]
    return Plant("l7-bypass", (_cilium(ground, "one", lines),), fault, (cause,))


def _admin(
    ground: Ground, name: str, priority: Line, action: str, ports: str
) -> tuple[list[Line], Line]:
    """An object, and the line of its rule."""
    to = f"{{pods: {{namespaceSelector: {{}}, podSelector: {_pods(ground, 'b')}}}}}"
    by = f"{{pods: {{namespaceSelector: {{}}, podSelector: {_pods(ground, 'a')}}}}}"
    rule = kept(f"  - {{action: {action}, from: [{by}]{ports}}}")
    lines = [priority, kept(f"  subject: {to}"), kept("  ingress:"), rule]
    return _object(ground, "AdminNetworkPolicy", name, lines), rule


def _ambiguous(ground: Ground) -> Plant:
    number = 10 + ground.draw.randrange(80)
    one, cause = _admin(ground, "one", kept(f"  priority: {number}"), "Allow", "")
    priority = Line(f"  priority: {number + 1}", f"  priority: {number}")
    two, fault = _admin(ground, "two", priority, "Deny", "")
    return Plant("ambiguous-priority", (one, two), fault, (cause,))


def _partial(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    fault = kept(_from(ground))
    policy = _network_policy(ground, "one", fault, kept(_ports(port - 9, port + 9)))
    ports = f", ports: [{{portNumber: {{port: {port}, protocol: TCP}}}}]"
    admin, cause = _admin(ground, "two", kept("  priority: 5"), "Deny", ports)
    gone = [Line(None, line.faulty) for line in admin]
    return Plant("partial-shadow", (policy, gone), fault, (gone[admin.index(cause)],))


def _dns(ground: Ground) -> Plant:
    fault = kept(f"  - toFQDNs: [{{matchName: api{ground.number}.example.com}}]")
    asks = '  - {toEntities: [cluster], toPorts: [{ports: [{port: "53", protocol: ANY}]}]}'
    lines = [kept("  egress:"), fault, Line(asks, None)]
    return Plant("dns-forgotten", (_cilium(ground, "one", lines),), fault)


MAKERS: tuple[Callable[[Ground], Plant], ...] = (
    _duplicate,
    _redundant,
    _dead,
    _exposed,
    _shadowed,
    _generalisation,
    _bypass,
    _ambiguous,
    _partial,
    _dns,
)
"""One maker for each kind."""
