"""The known world: endpoints with labels and addresses, nodes, and the cluster's ranges."""

from dataclasses import dataclass, field

from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import Address, Entity, Network

__all__ = ["MAX_ADDRESSES", "NAMESPACE_KEY", "NAMESPACE_LABELS", "Endpoint", "Inventory"]

MAX_ADDRESSES = 8
"""Addresses of one family that an endpoint may have: CPC_ADDRESSES of templates/bpf/lib/types.h."""

NAMESPACE_KEY = "io.kubernetes.pod.namespace"
"""The label key (source k8s) that holds an endpoint's namespace."""

NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
"""What precedes the key of a label (source k8s) that an endpoint has from its namespace, as in Cilium."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A managed workload. `name` includes its namespace: `shop/web-1`.

    `labels` are sorted and include the namespace's. `ports` are the container ports (name, protocol,
    number). `interface` is where the runtime attaches, when the inventory says so. `owner` is the workload
    under which the endpoint is listed, such as `shop/web[Deployment]`; empty: itself.
    """

    name: str
    labels: tuple[Label, ...]
    addresses: tuple[Address, ...]
    ports: tuple[tuple[str, int, int], ...] = ()
    interface: str | None = None
    owner: str = ""

    def party(self, address: Address | None = None) -> Party:
        """This endpoint as one end of a flow, at one of its addresses; without labels it is `init`."""
        return Party(
            self.name,
            managed=True,
            labels=frozenset(self.labels),
            entities=frozenset() if self.labels else frozenset({Entity.INIT}),
            address=address,
            ports=frozenset(self.ports),
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """The closed world. `entities` are addresses of host, remote-node, kube-apiserver, health and
    unmanaged; an address has at most one of them, or kube-apiserver beside host or remote-node.

    Invariants: endpoint names are unique; no address belongs to two endpoints, or to an endpoint and
    an entity.
    """

    cluster: tuple[Network, ...] = ()
    entities: tuple[tuple[Entity, tuple[Address, ...]], ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    _endpoint_at: dict[Address, Endpoint] = field(init=False, repr=False, compare=False)
    _entities_at: dict[Address, frozenset[Entity]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        endpoint_at = {address: e for e in self.endpoints for address in e.addresses}
        entities_at: dict[Address, frozenset[Entity]] = {}
        for entity, addresses in self.entities:
            for address in addresses:
                entities_at[address] = entities_at.get(address, frozenset()) | {entity}
        object.__setattr__(self, "_endpoint_at", endpoint_at)
        object.__setattr__(self, "_entities_at", entities_at)

    def in_cluster(self, address: Address) -> bool:
        """Whether an address is inside a declared cluster range."""
        return any(address in network for network in self.cluster)

    def endpoint_at(self, address: Address) -> Endpoint | None:
        """The endpoint that has an address."""
        return self._endpoint_at.get(address)

    def party_of(self, address: Address) -> Party:
        """Who is at an address.

        An endpoint; else the entities that it is listed for; else external (`world`) outside the
        cluster's ranges; else unknown. The Kubernetes API server is also external unless it is on a
        node or inside the cluster. A node's health endpoint is managed.
        """
        endpoint = self.endpoint_at(address)
        if endpoint is not None:
            return endpoint.party(address)
        entities = self._entities_at.get(address, frozenset())
        outside = not self.in_cluster(address)
        if outside and entities <= {Entity.KUBE_APISERVER}:
            entities |= {Entity.WORLD}
        name = "+".join(sorted(entities)) if entities else "unknown"
        return Party(name, Entity.HEALTH in entities, frozenset(), entities, address)
