"""Objects of Kubernetes as an inventory: who is there, under which labels, at which addresses.

Labels are those that Cilium gives an endpoint: its pod's, its namespace's, its service account and its
cluster. What a pod's own labels say of these does not count.
"""

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv6Network

from msgspec import Struct, field
from msgspec.structs import replace

from cpc.compiler.diagnostics import Label as Place
from cpc.compiler.documents.nodes import Mapping, Scalar
from cpc.compiler.imports.identifiers import free_name
from cpc.compiler.imports.objects import Object
from cpc.compiler.imports.workloads.cluster import Machine, machine, namespace_labels
from cpc.compiler.imports.workloads.pods import Workload, WorkloadKey, workload
from cpc.compiler.imports.workloads.reader import WorkloadReader
from cpc.compiler.imports.workloads.services import Listed, ingress, listed_addresses, service
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import (
    CLUSTER_KEY,
    NAMESPACE_KEY,
    NAMESPACE_LABELS,
    NAMESPACE_NAME,
    SERVICE_ACCOUNT_KEY,
    ClusterIngress,
    ClusterNamespace,
    ClusterNode,
    ClusterService,
    Endpoint,
    Inventory,
    Pairs,
)
from cpc.compiler.policy.model import Address, Entity, Network
from cpc.compiler.source import Span

__all__ = ["inventory_of"]

_OF_CLUSTER = (NAMESPACE_KEY, "io.cilium.k8s.")
"""How the keys of labels begin that the cluster gives, and no pod."""


def inventory_of(objects: Sequence[Object], reader: WorkloadReader) -> Inventory:
    """The inventory that workloads make; what is wrong with them goes into the reader.

    Nothing in them tells which node is this one: every node is a `remote-node`, unless another file
    (read before) says that it is the `host`.
    """
    found = _Objects(reader)
    for object in objects:
        found.take(object)
    return _World(found, reader).inventory()


class _Objects(Struct):
    """Objects by what they are, each kind, namespace and name once."""

    reader: WorkloadReader
    workloads: list[Workload] = field(default_factory=list)
    namespaces: dict[str, Pairs] = field(default_factory=dict)
    services: list[ClusterService] = field(default_factory=list)
    listed: dict[tuple[str, str], Listed] = field(default_factory=dict)
    machines: list[Machine] = field(default_factory=list)
    ingresses: list[ClusterIngress] = field(default_factory=list)
    _known: dict[WorkloadKey, Span] = field(default_factory=dict)
    _generated: Counter[WorkloadKey] = field(default_factory=Counter)

    def take(self, object: Object) -> None:
        """Reads one object."""
        reader = self.reader
        if not self._is_first(object):
            return
        match object.kind:
            case "Namespace":
                self.namespaces[object.name] = namespace_labels(object, reader)
            case "Node":
                self.machines.append(machine(object, reader))
            case "Service":
                self.services.append(service(object, reader))
            case "EndpointSlice" | "Endpoints":
                name, addresses = listed_addresses(object, reader)
                key = (object.namespace or "default", name)
                self.listed[key] = (*self.listed.get(key, ()), *addresses)
            case "Ingress" | "Route":
                self.ingresses.append(ingress(object, reader))
            case _:
                found = workload(object, reader)
                if found is not None:
                    self.workloads.append(found if _is_named(object) else self._numbered(found))

    def _is_first(self, object: Object) -> bool:
        if not object.name:
            help = "add `name:` to its `metadata`"
            self.reader.refuse("CPC804", f"this {object.kind} has no name", object.spot, help)
            return False
        if not _is_named(object):
            return True
        key = (object.namespace or "default", object.kind, object.name)
        first = self._known.setdefault(key, object.spot)
        if first is object.spot:
            return True
        self.reader.refuse(
            "CPC803",
            f"there already is a `{object.shown}`",
            object.spot,
            "a cluster keeps one of them: remove the other",
            (Place(first, "first given here"),),
        )
        return False

    def _numbered(self, found: Workload) -> Workload:
        """With a name of its own: the cluster makes a new one of each `generateName`."""
        self._generated[found.key] += 1
        number = self._generated[found.key]
        namespace, kind, name = found.key
        return found if number == 1 else replace(found, key=(namespace, kind, f"{name}-{number}"))


def _is_named(object: Object) -> bool:
    metadata = object.node.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return isinstance(name, Scalar) and not name.is_null and bool(name.text)


class _World:
    """Puts objects together."""

    def __init__(self, found: _Objects, reader: WorkloadReader) -> None:
        self._found = found
        self._reader = reader
        self._owners = {w.key: w.owner for w in found.workloads}
        pods = [self._root(w) for w in found.workloads if w.is_pod]
        self._with_pods = frozenset(pods)
        there = [w for w in found.workloads if self._is_there(w)]
        kinds = Counter((namespace, name) for namespace, _, name in {w.key for w in there})
        self._ambiguous = {name for name, count in kinds.items() if count > 1}
        self._there = there

    def inventory(self) -> Inventory:
        """All of it, sorted."""
        endpoints, on_host = self._endpoints()
        nodes, ranges = self._nodes()
        entities = {
            Entity.REMOTE_NODE: nodes,
            Entity.KUBE_APISERVER: self._api_server(),
        }
        return Inventory(
            cluster=ranges,
            entities=tuple((e, addresses) for e, addresses in entities.items() if addresses),
            endpoints=endpoints,
            host_pods=on_host,
            namespaces=self._namespaces(),
            services=self._services(),
            nodes=tuple(
                sorted(
                    (
                        ClusterNode(m.name, m.labels, tuple(a for a, _ in m.addresses))
                        for m in self._found.machines
                    ),
                    key=lambda node: node.name,
                )
            ),
            ingresses=tuple(
                sorted(self._found.ingresses, key=lambda i: (i.namespace, i.name, i.kind))
            ),
        )

    # --- endpoints -----------------------------------------------------------------------------

    def _root(self, workload: Workload) -> WorkloadKey:
        """What the pods are listed under: the controller, its controller, and so on."""
        key, owner = workload.key, workload.owner
        seen = {key}
        while owner is not None:
            above = (key[0], *owner)
            if above in seen:
                break
            seen.add(above)
            key, owner = above, self._owners.get(above)
        return key

    def _is_there(self, workload: Workload) -> bool:
        """Whether it is an endpoint; a template stands for pods that are not in the files.

        A job whose pods have ended is still the workload that policies are about.
        """
        if workload.over and not (workload.is_pod and (workload.owner or ("",))[0] == "Job"):
            return False
        root = self._root(workload)
        return workload.is_pod or (
            root not in self._with_pods and (root == workload.key or root not in self._owners)
        )

    def _endpoints(self) -> tuple[tuple[Endpoint, ...], tuple[Endpoint, ...]]:
        """Endpoints, and pods on the network of their node."""
        endpoints: list[Endpoint] = []
        on_host: list[Endpoint] = []
        used: set[str] = set()
        for found in self._there:
            namespace, kind, name = found.key
            full = f"{namespace}/{name}"
            if (namespace, name) in self._ambiguous:
                full = f"{full}[{kind}]"
            full = free_name(full, used)
            used.add(full)
            root = self._root(found)
            owner = f"{namespace}/{root[2]}[{root[1]}]"
            endpoint = Endpoint(
                full, self._labels(found), (), found.ports, owner=owner, declared=found.declared
            )
            if found.on_host:
                on_host.append(endpoint)
                continue
            self._reader.owners.take_name(self._reader, full, found.spot)
            own = tuple(
                address
                for address, span in found.addresses
                if self._reader.owners.take(self._reader, address, span, full)
            )
            endpoints.append(replace(endpoint, addresses=own))
        return _by_name(endpoints), _by_name(on_host)

    def _labels(self, found: Workload) -> tuple[Label, ...]:
        namespace = found.key[0]
        labels = {key: value for key, value in found.labels if not key.startswith(_OF_CLUSTER)}
        labels[NAMESPACE_KEY] = namespace
        labels[SERVICE_ACCOUNT_KEY] = found.account
        labels[CLUSTER_KEY] = "default"
        for key, value in self._labels_of_namespace(namespace):
            labels[f"{NAMESPACE_LABELS}{key}"] = value
        return tuple(sorted(Label("k8s", key, value) for key, value in labels.items()))

    def _labels_of_namespace(self, name: str) -> Pairs:
        labels = dict(self._found.namespaces.get(name, ()))
        return tuple(sorted((labels | {NAMESPACE_NAME: name}).items()))

    # --- the cluster ---------------------------------------------------------------------------

    def _namespaces(self) -> tuple[ClusterNamespace, ...]:
        names = {*self._found.namespaces, *(w.key[0] for w in self._there)}
        return tuple(ClusterNamespace(n, self._labels_of_namespace(n)) for n in sorted(names))

    def _services(self) -> tuple[ClusterService, ...]:
        services = []
        for found in self._found.services:
            listed = self._found.listed.get((found.namespace, found.name), ())
            services.append(replace(found, listed=_in_order({a for a, _ in listed})))
        return tuple(sorted(services, key=lambda s: (s.namespace, s.name)))

    def _nodes(self) -> tuple[tuple[Address, ...], tuple[Network, ...]]:
        """Addresses of nodes that nobody else says, and the ranges of their pods.

        A pod says where it runs, so that nodes are known without their objects.
        """
        owners = self._reader.owners
        told = [place for m in self._found.machines for place in m.addresses]
        seen = [w.node for w in self._found.workloads if w.node is not None]
        told += [place for place in seen if owners.of(place[0]) is None]
        nodes = {
            address
            for address, span in told
            if not owners.is_node(address)
            and owners.take(self._reader, address, span, Entity.REMOTE_NODE.value)
        }
        ranges = {network for m in self._found.machines for network in m.ranges}
        return _in_order(nodes), tuple(sorted(ranges, key=_range_order))

    def _api_server(self) -> tuple[Address, ...]:
        """The backends of the service `kubernetes` in `default`."""
        listed = self._found.listed.get(("default", "kubernetes"), ())
        name = Entity.KUBE_APISERVER.value
        owners = self._reader.owners
        found: set[Address] = set()
        for address, span in listed:
            known = address in found or owners.of(address) == name
            if not known and owners.take(self._reader, address, span, name):
                found.add(address)
        return _in_order(found)


def _by_name(endpoints: list[Endpoint]) -> tuple[Endpoint, ...]:
    return tuple(sorted(endpoints, key=lambda endpoint: endpoint.name))


def _in_order(addresses: set[Address]) -> tuple[Address, ...]:
    return tuple(sorted(addresses, key=lambda address: (address.version, int(address))))


def _range_order(network: Network) -> tuple[bool, int, int]:
    return isinstance(network, IPv6Network), int(network.network_address), network.prefixlen
