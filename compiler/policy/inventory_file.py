"""Inventory files: YAML to a closed world, every value with its line."""

import re

from msgspec import field

from cpc.compiler.diagnostics import Diagnostics, Label
from cpc.compiler.documents.nodes import Node, Scalar
from cpc.compiler.documents.reader import Reader
from cpc.compiler.policy.flow import Label as EndpointLabel
from cpc.compiler.policy.inventory import MAX_ADDRESSES, NAMESPACE_KEY, Endpoint, Inventory
from cpc.compiler.policy.inventory_addresses import read_address, read_network
from cpc.compiler.policy.inventory_owners import Owners
from cpc.compiler.policy.model import Address, Entity, LabelKey, Network, Protocol
from cpc.compiler.policy.resolve_labels import label_key
from cpc.compiler.policy.resolve_ports import PORT_NAME_HELP, is_port_name
from cpc.compiler.source import Span

__all__ = ["inventory_of_document"]

_ENTITIES = (
    Entity.HOST,
    Entity.REMOTE_NODE,
    Entity.KUBE_APISERVER,
    Entity.HEALTH,
    Entity.UNMANAGED,
)

_ONE_VALUE = 'a label has one value, as in `tier: "data"`: give each value a key of its own'

_SOURCES = ("k8s", "mesos", "container")


def inventory_of_document(root: Node, owners: Owners) -> tuple[Inventory | None, Diagnostics]:
    """The inventory that a document says beside others, whose addresses `owners` knows; None after an
    error (CPC7xx).
    """
    parser = _Parser(owners=owners)
    inventory = parser.inventory(root)
    return (None if parser.diagnostics else inventory), parser.diagnostics


class _Parser(Reader):
    """Reads one document."""

    owners: Owners = field(default_factory=Owners)

    def inventory(self, root: Node) -> Inventory:
        """The whole document."""
        parts = self.mapping(root, "an inventory", ("cluster", "entities", "endpoints"))
        cluster: list[Network] = []
        if "cluster" in parts:
            for item in self.sequence(parts["cluster"][1], "`cluster`"):
                network = read_network(self, item)
                if network is not None:
                    cluster.append(network)
        entities = self._entities(parts["entities"][1]) if "entities" in parts else ()
        endpoints: list[Endpoint] = []
        if "endpoints" in parts:
            for node in self.sequence(parts["endpoints"][1], "`endpoints`"):
                endpoint = self._endpoint(node)
                if endpoint is not None:
                    endpoints.append(endpoint)
        return Inventory(tuple(dict.fromkeys(cluster)), entities, tuple(endpoints))

    def _entities(self, node: Node) -> tuple[tuple[Entity, tuple[Address, ...]], ...]:
        found = self.mapping(node, "`entities`", tuple(e.value for e in _ENTITIES))
        entities: list[tuple[Entity, tuple[Address, ...]]] = []
        for name, (_, value) in found.items():
            addresses: list[Address] = []
            for item in self.sequence(value, f"`{name}`"):
                address = read_address(self, item)
                if address is not None and self.owners.take(self, address, item.span, name):
                    addresses.append(address)
            entities.append((Entity(name), tuple(addresses)))
        return tuple(entities)

    # --- endpoints -----------------------------------------------------------------------------

    def _endpoint(self, node: Node) -> Endpoint | None:
        known = ("name", "namespace", "labels", "addresses", "ports", "interface")
        before = len(self.diagnostics)
        parts = self.mapping(node, "an endpoint", known)
        told = len(self.diagnostics) > before
        for key in ("name", "addresses"):
            if key not in parts and (parts or not told):
                self.refuse("CPC710", f"an endpoint has no `{key}`", node.span, f"add `{key}:`")
        if "name" not in parts or "addresses" not in parts:
            return None
        name = self.string(parts["name"][1], "an endpoint's name")
        if name is None:
            return None
        namespace = self._namespace(parts)
        full = f"{namespace.text}/{name.text}" if namespace is not None else name.text
        self.owners.take_name(self, full, name.span)
        return Endpoint(
            full,
            self._labels(parts, namespace),
            self._addresses(parts["addresses"][1], full),
            self._ports(parts["ports"][1]) if "ports" in parts else (),
            self._interface(parts["interface"][1]) if "interface" in parts else None,
        )

    def _namespace(self, parts: dict[str, tuple[Scalar, Node]]) -> Scalar | None:
        if "namespace" not in parts:
            return None
        return self.string(parts["namespace"][1], "a namespace")

    def _labels(
        self, parts: dict[str, tuple[Scalar, Node]], namespace: Scalar | None
    ) -> tuple[EndpointLabel, ...]:
        found: dict[LabelKey, tuple[str, Span]] = {}
        if namespace is not None:
            found[LabelKey("k8s", NAMESPACE_KEY)] = (namespace.text, namespace.span)
        entries = self.mapping(parts["labels"][1], "`labels`", None) if "labels" in parts else {}
        for word, node in entries.values():
            key = self._label_key(word)
            if not (isinstance(node, Scalar) and node.is_string):
                quoted = f'quote it: `"{node.text}"`' if isinstance(node, Scalar) else _ONE_VALUE
                self.refuse("CPC702", "a label's value is a string", node.span, quoted)
                continue
            if key is None:
                continue
            first = found.setdefault(key, (node.text, word.span))
            if first[0] != node.text:
                self.refuse(
                    "CPC709",
                    f"label `{key}` has two values",
                    word.span,
                    "keep one of them",
                    (Label(first[1], f"`{first[0]}` here"),),
                )
        return tuple(sorted(EndpointLabel(k.source, k.key, v) for k, (v, _) in found.items()))

    def _label_key(self, word: Scalar) -> LabelKey | None:
        key = label_key(word.text)
        explicit = word.text.startswith(f"{key.source}:")
        if not explicit:
            key = LabelKey("k8s", key.key)
        if not word.is_string or not key.key:
            self.refuse("CPC709", "a label's key is a string", word.span, "quote it")
            return None
        if key.source not in _SOURCES:
            self.refuse(
                "CPC709",
                f"no workload gives labels of source `{key.source}`",
                word.span,
                "sources are `k8s` (where none is written), `mesos` and `container`",
            )
            return None
        return key

    def _addresses(self, node: Node, owner: str) -> tuple[Address, ...]:
        found: list[Address] = []
        for item in self.sequence(node, "`addresses`"):
            address = read_address(self, item)
            if address is not None and self.owners.take(self, address, item.span, owner):
                found.append(address)
        for version in (4, 6):
            if sum(a.version == version for a in found) > MAX_ADDRESSES:
                self.refuse(
                    "CPC708",
                    f"`{owner}` has more than {MAX_ADDRESSES} IPv{version} addresses",
                    node.span,
                    "the datapath has room for no more: split the endpoint",
                )
        if not found and not self.diagnostics:
            self.refuse("CPC710", f"`{owner}` has no address", node.span, "give it one")
        return tuple(found)

    def _ports(self, node: Node) -> tuple[tuple[str, int, int], ...]:
        found: set[tuple[str, int, int]] = set()
        for name, (word, value) in self.mapping(node, "`ports`", None).items():
            port = self.text(value, "a port")
            parts = None if port is None else re.fullmatch(r"(tcp|udp|sctp)/(\d{1,5})", port.text)
            if port is not None and (parts is None or not 0 < int(parts[2]) <= 65535):
                self.refuse("CPC711", f"`{port.text}` is no port", port.span, "write `tcp/8080`")
            elif not is_port_name(name):
                self.refuse(
                    "CPC711",
                    f"`{name}` is no port name",
                    word.span,
                    PORT_NAME_HELP,
                )
            elif parts is not None:
                found.add((name, int(Protocol[parts[1].upper()]), int(parts[2])))
        return tuple(sorted(found))

    def _interface(self, node: Node) -> str | None:
        name = self.string(node, "an interface")
        if name is not None and re.fullmatch(r"[^\s/:]{1,15}", name.text) is None:
            self.refuse(
                "CPC702",
                f"`{name.text}` is no interface name",
                name.span,
                "Linux takes up to 15 characters without spaces and `/`",
            )
        return None if name is None else name.text
