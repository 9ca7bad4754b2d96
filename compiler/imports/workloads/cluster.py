"""Namespaces and nodes, as what an inventory holds of them."""

from msgspec import Struct

from cpc.compiler.imports.objects import Object
from cpc.compiler.imports.workloads.reader import WorkloadReader
from cpc.compiler.policy.inventory import Pairs
from cpc.compiler.policy.inventory_addresses import read_network
from cpc.compiler.policy.model import Address, Network
from cpc.compiler.source import Span

__all__ = ["Machine", "machine", "namespace_labels"]

_ADDRESSES = ("InternalIP", "ExternalIP")
"""Types of a node's addresses that are addresses; the others are names."""


class Machine(Struct, frozen=True):
    """A node: its addresses, and the ranges out of which its pods get theirs."""

    name: str
    labels: Pairs
    addresses: tuple[tuple[Address, Span], ...]
    ranges: tuple[Network, ...]


def namespace_labels(object: Object, reader: WorkloadReader) -> Pairs:
    """The labels of a namespace as written."""
    _, metadata = reader.object(object)
    return reader.labels(metadata.get("labels"))


def machine(object: Object, reader: WorkloadReader) -> Machine:
    """What a Node says."""
    top, metadata = reader.object(object)
    spec = reader.parts(top.get("spec"), "`spec`")
    status = reader.parts(top.get("status"), "`status`")
    addresses: dict[Address, Span] = {}
    for item in reader.items(status.get("addresses"), "`addresses`"):
        parts = reader.parts(item, "an item of `addresses`", ("type", "address"))
        if reader.word(parts.get("type"), "`type`") in _ADDRESSES:
            found = reader.address(parts.get("address"))
            if found is not None:
                addresses.setdefault(*found)
    nodes = [spec["podCIDR"]] if "podCIDR" in spec else []
    nodes += reader.items(spec.get("podCIDRs"), "`podCIDRs`")
    ranges = (read_network(reader, node) for node in nodes)
    return Machine(
        object.name,
        reader.labels(metadata.get("labels")),
        tuple(addresses.items()),
        tuple(dict.fromkeys(network for network in ranges if network is not None)),
    )
