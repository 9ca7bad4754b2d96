"""The layout of every struct that crosses a map: templates/bpf/lib, in Python.

A test holds each size and offset against the object's BTF.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from struct import Struct

import msgspec

__all__ = [
    "ADDRESSES",
    "CONNECTION",
    "CONNECTION_KEY",
    "COUNTER",
    "EVENT",
    "PREFIX4",
    "PREFIX6",
    "U32",
    "Address",
    "EndpointConstant",
    "Network",
    "endpoint_constant",
    "pack_bits",
    "pack_prefix",
    "pack_row",
    "unpack_address",
    "words_for",
]

ADDRESSES = 8
"""CPC_ADDRESSES: addresses of one family that an endpoint may have."""

U32 = Struct("=I")

PREFIX4 = Struct("=I4s")
"""struct cpc_prefix4: length in bits, address."""

PREFIX6 = Struct("=I16s")
"""struct cpc_prefix6: length in bits, address."""

CONNECTION_KEY = Struct("=16s16s2s2sBBH")
"""struct cpc_connection_key: local, remote, their ports, protocol, family, peer_asks."""

CONNECTION = Struct("=IIIIHHBBBB")
"""struct cpc_connection: generation, last_seen, service_key, site, reverse_nat, proxy_port,
direction, state, flags, pad."""

COUNTER = Struct("=QQ")
"""struct cpc_counter: packets, bytes."""

EVENT = Struct("=Q6I2s2sH6BI16s16s")
"""struct cpc_event without its bits: ns, endpoint, generation, identity, service_key, site, length,
ports, words, direction, allowed, reason, family, protocol, tcp_flags, pad, source, destination."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_WORD = 64


class EndpointConstant(msgspec.Struct, frozen=True):
    """struct cpc_endpoint: what specialises a program. At most ADDRESSES addresses of one family."""

    id: int
    generation: int
    addresses: tuple[Address, ...]
    subject: int


def words_for(bits: int) -> int:
    """64-bit words that hold so many bits, at least one."""
    return max(1, (bits + _WORD - 1) // _WORD)


def pack_bits(bits: int, words: int) -> bytes:
    """Bits as an array of u64, bit 0 first; OverflowError where they do not fit."""
    return bits.to_bytes(words * 8, "little")


def pack_row(identity: int, bits: int, words: int) -> bytes:
    """struct cpc_row."""
    return Struct("=II").pack(identity, 0) + pack_bits(bits, words)


def unpack_address(raw: bytes, family: int) -> Address:
    """The address in a struct cpc_address (IPv4 as ::ffff:a.b.c.d) of a packet of this family."""
    return IPv4Address(raw[12:]) if family == 4 else IPv6Address(raw)


def pack_prefix(network: Network) -> bytes:
    """The key of `network` in its family's table."""
    layout = PREFIX6 if isinstance(network, IPv6Network) else PREFIX4
    return layout.pack(network.prefixlen, network.network_address.packed)


def endpoint_constant(endpoint: EndpointConstant, subject_words: int) -> bytes:
    """struct cpc_endpoint, the whole section `.rodata.endpoint`."""
    four = [a.packed for a in endpoint.addresses if a.version == 4]
    six = [a.packed for a in endpoint.addresses if a.version == 6]
    return (
        Struct("=IIII").pack(endpoint.id, endpoint.generation, len(four), len(six))
        + b"".join(four).ljust(4 * ADDRESSES, b"\0")
        + b"".join(six).ljust(16 * ADDRESSES, b"\0")
        + pack_bits(endpoint.subject, subject_words)
    )
