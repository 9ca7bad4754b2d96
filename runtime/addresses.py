"""Every entry of the address tables: who is at an address, and which peer bits they have."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from msgspec import Struct

from cpc.compiler.artifact import (
    Inventory,
    Program,
    contains,
    peer_bits,
    prefix_bits,
    prefixes,
)
from cpc.runtime.identity import UNKNOWN, WORLD, Labels, identity_of
from cpc.runtime.maps import Address, Network

__all__ = ["Entry", "entries"]


class Entry(Struct, frozen=True):
    """Addresses whose longest match is `network` have this identity and these peer bits."""

    network: Network
    identity: int
    bits: int


def _exact(address: Address) -> Network:
    if isinstance(address, IPv4Address):
        return IPv4Network((address, 32))
    return IPv6Network((address, 128))


def _owned(inventory: Inventory) -> Iterator[Address]:
    for endpoint in inventory.endpoints:
        yield from endpoint.addresses
    for _, addresses in inventory.entities:
        yield from addresses
    yield from inventory.vips


def entries(
    program: Program, inventory: Inventory, numbers: Mapping[Labels, int]
) -> tuple[Entry, ...]:
    """All entries, sorted by family, address and length; both families' whole ranges are there."""
    found: dict[Network, Entry] = {}
    for prefix in prefixes(program, inventory.cluster):
        inside = any(contains(range_, prefix) for range_ in inventory.cluster)
        bits = prefix_bits(program, prefix, inventory.cluster)
        found[prefix] = Entry(prefix, UNKNOWN if inside else WORLD, bits)
    for address in _owned(inventory):
        party = inventory.party_of(address)
        network = _exact(address)
        identity = identity_of(party, numbers)
        found[network] = Entry(network, identity, peer_bits(program, party))
    return tuple(
        sorted(
            found.values(),
            key=lambda e: (e.network.version, int(e.network.network_address), e.network.prefixlen),
        )
    )
