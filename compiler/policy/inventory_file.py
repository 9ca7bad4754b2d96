"""Inventory files: YAML to a closed world, every value with its line."""

import re
from ipaddress import ip_address, ip_network

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, Label
from cpc.compiler.documents.compose import one_document
from cpc.compiler.documents.nodes import Node, Scalar
from cpc.compiler.documents.reader import Reader
from cpc.compiler.policy.flow import Label as EndpointLabel
from cpc.compiler.policy.inventory import MAX_ADDRESSES, NAMESPACE_KEY, Endpoint, Inventory
from cpc.compiler.policy.model import Address, Entity, LabelKey, Network, Protocol
from cpc.compiler.policy.resolve_labels import label_key
from cpc.compiler.policy.resolve_ports import is_port_name
from cpc.compiler.source import SourceFile, Sources, Span
from cpc.compiler.text import read_text

__all__ = ["parse_inventory", "read_inventory"]

_ENTITIES = (
    Entity.HOST,
    Entity.REMOTE_NODE,
    Entity.KUBE_APISERVER,
    Entity.HEALTH,
    Entity.UNMANAGED,
)

_ONE_VALUE = 'a label has one value, as in `tier: "data"`: give each value a key of its own'

_SOURCES = ("k8s", "mesos", "container")


def read_inventory(path: str, sources: Sources) -> tuple[Inventory | None, Diagnostics]:
    """The inventory in a file, whose text joins `sources`; errors are CPC0xx and CPC7xx."""
    source, failure = read_text(path, path)
    if source is not None:
        sources[path] = source
    if source is None or failure is not None:
        return None, [] if failure is None else [failure]
    return parse_inventory(source)


def parse_inventory(source: SourceFile) -> tuple[Inventory | None, Diagnostics]:
    """The inventory that a text says; None after an error (CPC7xx)."""
    root = one_document(source)
    if isinstance(root, Diagnostic):
        return None, [root]
    parser = _Parser()
    inventory = parser.inventory(root)
    return (None if parser.diagnostics else inventory), parser.diagnostics


class _Parser(Reader):
    """Reads one document; remembers whose each address is."""

    def __init__(self) -> None:
        super().__init__()
        self._owners: dict[Address, tuple[str, Span]] = {}
        self._names: dict[str, Span] = {}

    def inventory(self, root: Node) -> Inventory:
        """The whole document."""
        parts = self.mapping(root, "an inventory", ("cluster", "entities", "endpoints"))
        cluster: list[Network] = []
        if "cluster" in parts:
            ranges = self.sequence(parts["cluster"][1], "`cluster`")
            cluster = [n for n in map(self._network, ranges) if n is not None]
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
                address = self._address(item)
                if address is not None and self._own(address, item.span, name):
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
        first = self._names.get(full)
        self._names.setdefault(full, name.span)
        if first is not None:
            self.refuse(
                "CPC707",
                f"there already is an endpoint `{full}`",
                name.span,
                "rename one of them",
                (Label(first, "first named here"),),
            )
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
            address = self._address(item)
            if address is not None and self._own(address, item.span, owner):
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
                    "it has up to 15 of a-z, 0-9 and `-`, and a letter among them",
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

    # --- addresses -----------------------------------------------------------------------------

    def _address(self, node: Node) -> Address | None:
        text = self.text(node, "an address")
        if text is None:
            return None
        try:
            address = ip_address(text.text)
        except ValueError:
            address = None
        if address is None or "%" in text.text or getattr(address, "ipv4_mapped", None):
            help = "write one IPv4 or IPv6 address, without a prefix length or zone"
            self.refuse("CPC705", f"`{text.text}` is not an address", text.span, help)
            return None
        return address

    def _network(self, node: Node) -> Network | None:
        text = self.text(node, "a range")
        if text is None:
            return None
        try:
            return ip_network(text.text)
        except ValueError:
            pass
        try:
            help = f"write `{ip_network(text.text, strict=False)}`"
        except ValueError:
            help = "write a prefix, as in `10.42.0.0/16`"
        self.refuse("CPC705", f"`{text.text}` is not a range of addresses", text.span, help)
        return None

    def _own(self, address: Address, span: Span, owner: str) -> bool:
        """Whether the address is its owner's alone; the API server may share a node's."""
        first = self._owners.get(address)
        if first is None:
            self._owners[address] = (owner, span)
            return True
        nodes = {Entity.HOST.value, Entity.REMOTE_NODE.value}
        pair = {first[0], owner}
        if Entity.KUBE_APISERVER.value in pair and len(pair) == 2 and pair & nodes:
            return True
        self.refuse(
            "CPC706",
            f"`{address}` is already the address of `{first[0]}`",
            span,
            "an address has one owner: remove one of them",
            (Label(first[1], "first given here"),),
        )
        return False
