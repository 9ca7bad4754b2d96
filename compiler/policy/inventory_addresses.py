"""Addresses and ranges of an inventory, as its files write them."""

from ipaddress import ip_address, ip_network

from cpc.compiler.documents.nodes import Node
from cpc.compiler.documents.reader import Reader
from cpc.compiler.policy.model import Address, Network

__all__ = ["read_address", "read_network"]


def read_address(reader: Reader, node: Node) -> Address | None:
    """One address, without a prefix length or zone; None after an error (CPC702, CPC705)."""
    text = reader.text(node, "an address")
    if text is None:
        return None
    try:
        address = ip_address(text.text)
    except ValueError:
        address = None
    if address is None or "%" in text.text or getattr(address, "ipv4_mapped", None):
        help = "write one IPv4 or IPv6 address, without a prefix length or zone"
        reader.refuse("CPC705", f"`{text.text}` is not an address", text.span, help)
        return None
    return address


def read_network(reader: Reader, node: Node) -> Network | None:
    """One prefix without bits after its length; None after an error (CPC702, CPC705)."""
    text = reader.text(node, "a range")
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
    reader.refuse("CPC705", f"`{text.text}` is not a range of addresses", text.span, help)
    return None
