"""Short spellings for Cilium's policies in tests, and who may talk to whom under them."""

from ipaddress import ip_address

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Label, Party, Request
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.model import Direction, Entity, Policy
from cpc.compiler.policy.semantics import Verdict

__all__ = ["ccnp", "cnp", "entity", "external", "pod", "verdict"]

_WEB = "{matchLabels: {app: web}}"


def cnp(rules: str, namespace: str = "", subject: str = _WEB) -> str:
    """A CiliumNetworkPolicy whose rule has an `endpointSelector` and some more lines."""
    place = f", namespace: {namespace}" if namespace else ""
    return _object("CiliumNetworkPolicy", f"{{name: policy{place}}}", subject, rules)


def ccnp(rules: str, subject: str = _WEB) -> str:
    """A CiliumClusterwideNetworkPolicy likewise."""
    return _object("CiliumClusterwideNetworkPolicy", "{name: policy}", subject, rules)


def _object(kind: str, metadata: str, subject: str, rules: str) -> str:
    lines = "".join(f"  {line}\n" for line in rules.splitlines())
    return (
        f"apiVersion: cilium.io/v2\nkind: {kind}\nmetadata: {metadata}\n"
        f"spec:\n  endpointSelector: {subject}\n{lines}"
    )


def pod(name: str = "web", namespace: str = "default", **labels: str) -> Party:
    """An endpoint with label `app`, in a namespace; `ns_x` is a label `x` of its namespace."""
    found = {Label("k8s", "app", name), Label("k8s", NAMESPACE_KEY, namespace)}
    for key, value in labels.items():
        inherited = key.startswith("ns_")
        full = f"{NAMESPACE_LABELS}{key.removeprefix('ns_')}" if inherited else key
        found.add(Label("k8s", full, value))
    return Party(f"{namespace}/{name}", True, frozenset(found))


def entity(one: Entity) -> Party:
    """A party that is one entity."""
    return Party(one.value, one in (Entity.INIT, Entity.HEALTH), entities=frozenset({one}))


def external(address: str, *names: str) -> Party:
    """An external address, with the names that it has."""
    facts = frozenset({Entity.WORLD})
    return Party(
        address, False, entities=facts, address=ip_address(address), names=frozenset(names)
    )


def verdict(
    policy: Policy,
    direction: str,
    peer: Party,
    port: str = "tcp/80",
    request: Request | None = None,
    subject: Party | None = None,
) -> Verdict:
    """What is decided about a flow of `subject` (the pod `web` of namespace `default`) with a peer."""
    word, _, number = port.partition("/")
    protocol = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58}.get(word) or int(word)
    value = int(number or 0) << (8 if word.startswith("icmp") else 0)
    family = 6 if word == "icmpv6" else peer.address.version if peer.address is not None else 4
    flow = Flow(subject or pod(), peer, Direction(direction), family, protocol, value)
    return decide(policy, flow, request).verdict
