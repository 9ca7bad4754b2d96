"""The known world: endpoints with labels and addresses, what a cluster says of itself, and its ranges."""

from collections.abc import Iterator
from typing import ClassVar, TypeAlias

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from cpc.compiler.compared import Compared
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import Address, Entity, Network

__all__ = [
    "CLUSTER_KEY",
    "MAX_ADDRESSES",
    "NAMESPACE_KEY",
    "NAMESPACE_LABELS",
    "NAMESPACE_NAME",
    "SERVICE_ACCOUNT_KEY",
    "ClusterIngress",
    "ClusterNamespace",
    "ClusterNode",
    "ClusterService",
    "Endpoint",
    "Inventory",
    "Pairs",
    "ServicePort",
]

MAX_ADDRESSES = 8
"""Addresses of one family that an endpoint may have: CPC_ADDRESSES of templates/bpf/lib/types.h."""

NAMESPACE_KEY = "io.kubernetes.pod.namespace"
"""The label key (source k8s) that holds an endpoint's namespace."""

NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
"""What precedes the key of a label (source k8s) that an endpoint has from its namespace, as in Cilium."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that Kubernetes gives every namespace: its name."""

SERVICE_ACCOUNT_KEY = "io.cilium.k8s.policy.serviceaccount"
"""The label key (source k8s) that holds an endpoint's service account."""

CLUSTER_KEY = "io.cilium.k8s.policy.cluster"
"""The label key (source k8s) that holds the name of an endpoint's cluster."""


class Endpoint(Struct, frozen=True):
    """A managed workload. `name` includes its namespace: `shop/web-1`.

    `labels` are sorted and include the namespace's. `ports` are the container ports with a name (name,
    protocol, number), `declared` all of a pod's (protocol, number), sorted. `interface` is where the runtime
    attaches, when the inventory says so. `owner` is the workload under which the endpoint is listed, such
    as `shop/web[Deployment]`; empty: itself.
    """

    name: str
    labels: tuple[Label, ...]
    addresses: tuple[Address, ...]
    ports: tuple[tuple[str, int, int], ...] = ()
    interface: str | None = None
    owner: str = ""
    declared: tuple[tuple[int, int], ...] = ()

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


Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Labels of Kubernetes, or the labels that a service asks for: keys and values, sorted by key."""


class ClusterNamespace(Struct, frozen=True):
    """A namespace that an object describes, or that an endpoint is in; `labels` hold its name too."""

    name: str
    labels: Pairs = ()


class ServicePort(Struct, frozen=True):
    """A port of a service: its name (perhaps empty), protocol and number, and the backends' port, a
    number or the name of a container port.
    """

    name: str
    protocol: int
    port: int
    target: int | str


class ClusterService(Struct, frozen=True):
    """A service of Kubernetes. `selector` is None where the service has none (or an empty one).

    `ports` are in written order. `addresses` are its own (VIPs, those of load balancers too); `listed` are
    the addresses of its backends as its EndpointSlices say, perhaps outside of the cluster. `external_name`
    is the DNS name that it stands for, or empty.
    """

    namespace: str
    name: str
    labels: Pairs = ()
    selector: Pairs | None = None
    ports: tuple[ServicePort, ...] = ()
    addresses: tuple[Address, ...] = ()
    listed: tuple[Address, ...] = ()
    external_name: str = ""

    def selects(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint is one of its backends."""
        if self.selector is None:
            return not set(self.listed).isdisjoint(endpoint.addresses)
        wanted = [Label("k8s", key, value) for key, value in self.selector]
        return {Label("k8s", NAMESPACE_KEY, self.namespace), *wanted} <= set(endpoint.labels)


class ClusterNode(Struct, frozen=True):
    """A machine of the cluster; its addresses are those of the entity `remote-node` too."""

    name: str
    labels: Pairs = ()
    addresses: tuple[Address, ...] = ()


class ClusterIngress(Struct, frozen=True):
    """An Ingress or a Route (`kind`): ways in from outside, to services of its namespace, each with a
    port (None: every port).

    An Ingress names a port of the service, by name or number; a Route a port of the service by name, or
    its target.
    """

    kind: str
    namespace: str
    name: str
    backends: tuple[tuple[str, str | int | None], ...] = ()


class Inventory(Compared, frozen=True):
    """The closed world. `entities` are addresses of host, remote-node, kube-apiserver, health and
    unmanaged; an address has at most one of them, or kube-apiserver beside host or remote-node.

    What a cluster says of itself comes from its manifests, sorted by name. `host_pods` are pods on the
    network of their node: to policies they are the node, so they are no endpoints.

    Invariants: endpoint names are unique; no address belongs to two endpoints, or to an endpoint and
    an entity.
    """

    uncompared: ClassVar[frozenset[str]] = frozenset({"_endpoint_at", "_entities_at", "vips"})

    cluster: tuple[Network, ...] = ()
    entities: tuple[tuple[Entity, tuple[Address, ...]], ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    host_pods: tuple[Endpoint, ...] = ()
    namespaces: tuple[ClusterNamespace, ...] = ()
    services: tuple[ClusterService, ...] = ()
    nodes: tuple[ClusterNode, ...] = ()
    ingresses: tuple[ClusterIngress, ...] = ()
    _endpoint_at: dict[Address, Endpoint] = field(default_factory=dict)
    _entities_at: dict[Address, frozenset[Entity]] = field(default_factory=dict)
    vips: frozenset[Address] = frozenset()
    """The services' own addresses that nobody else has."""

    def __post_init__(self) -> None:
        endpoint_at = {address: e for e in self.endpoints for address in e.addresses}
        entities_at: dict[Address, frozenset[Entity]] = {}
        for entity, addresses in self.entities:
            for address in addresses:
                entities_at[address] = entities_at.get(address, frozenset()) | {entity}
        force_setattr(self, "_endpoint_at", endpoint_at)
        force_setattr(self, "_entities_at", entities_at)
        own = (address for service in self.services for address in service.addresses)
        vips = frozenset(a for a in own if a not in endpoint_at and a not in entities_at)
        force_setattr(self, "vips", vips)

    def with_host_pods(self) -> "Inventory":
        """The same world, where something enforces policies on the network of a node too: `host_pods` are
        endpoints, without addresses.
        """
        return replace(self, endpoints=(*self.endpoints, *self.host_pods), host_pods=())

    def in_cluster(self, address: Address) -> bool:
        """Whether an address is inside a declared cluster range."""
        return any(address in network for network in self.cluster)

    def endpoint_at(self, address: Address) -> Endpoint | None:
        """The endpoint that has an address."""
        return self._endpoint_at.get(address)

    def parties(self) -> Iterator[Party]:
        """Everyone: the endpoints at each of their addresses, then the listed addresses."""
        for endpoint in self.endpoints:
            yield from self.parties_of(endpoint)
        for address in dict.fromkeys(a for _, listed in self.entities for a in listed):
            yield self.party_of(address)

    def parties_of(self, endpoint: Endpoint) -> Iterator[Party]:
        """An endpoint at each of its addresses, or without one where it has none."""
        if not endpoint.addresses:
            yield endpoint.party()
        for address in endpoint.addresses:
            yield self.party_of(address)

    def party_of(self, address: Address) -> Party:
        """Who is at an address.

        An endpoint; else the entities that it is listed for; else external (`world`) outside the
        cluster's ranges; else unknown. The Kubernetes API server is also external unless it is on a
        node or inside the cluster. A node's health endpoint is managed. A service's own address is
        unknown and in no network: whoever is meant is one of its backends.
        """
        if address in self.vips:
            return Party("service", managed=False)
        endpoint = self.endpoint_at(address)
        if endpoint is not None:
            return endpoint.party(address)
        entities = self._entities_at.get(address, frozenset())
        outside = not self.in_cluster(address)
        if outside and entities <= {Entity.KUBE_APISERVER}:
            entities |= {Entity.WORLD}
        name = "+".join(sorted(entities)) if entities else "unknown"
        return Party(name, Entity.HEALTH in entities, frozenset(), entities, address)
