"""The first packet of a connection, as an Ethernet frame."""

import struct

from cpc.runtime.maps import Address

__all__ = ["opening_frame"]

_ENDPOINT = bytes.fromhex("020000000001")
_HOST = bytes.fromhex("020000000002")
_ETHERNET = {4: 0x0800, 6: 0x86DD}
_CHECKSUM_AT = {1: 2, 6: 16, 17: 6, 58: 2}
"""Where the checksum of a protocol stands in its header."""


def opening_frame(
    source: Address, destination: Address, protocol: int, port: int, client: int = 40000
) -> bytes:
    """What a client sends first: a SYN, a datagram, an ICMP message of `port`'s type and code.

    `client` is its source port, or the identifier of ICMP.
    """
    body = _body(source.version, protocol, port, client)
    at = _CHECKSUM_AT.get(protocol)
    if at is not None and _own_icmp(protocol, source.version) is not False:
        pseudo = b""
        if protocol != 1:
            pseudo = source.packed + destination.packed + struct.pack("!II", len(body), protocol)
        total = struct.pack("!H", _checksum(pseudo + body))
        body = body[:at] + total + body[at + 2 :]
    ends = _HOST + _ENDPOINT + struct.pack("!H", _ETHERNET[source.version])
    return ends + _header(source, destination, protocol, len(body)) + body


def _own_icmp(protocol: int, version: int) -> bool | None:
    """Whether it is the ICMP of a version, or that of the other; None: neither."""
    return {1: version == 4, 58: version == 6}.get(protocol)


def _body(version: int, protocol: int, port: int, client: int) -> bytes:
    match protocol:
        case 6:
            return struct.pack("!HHIIBBHHH", client, port, 1000, 0, 5 << 4, 2, 4096, 0, 0)
        case 17:
            return struct.pack("!HHHH", client, port, 8, 0)
        case 132:
            return struct.pack("!HHII", client, port, 0, 0)
        case 1 | 58 if _own_icmp(protocol, version):
            return struct.pack("!BBHHH", port >> 8, port & 0xFF, 0, client, 1)
        case _:
            return bytes(16)


def _header(source: Address, destination: Address, protocol: int, length: int) -> bytes:
    ends = source.packed + destination.packed
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + ends
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 0, 0, 64, protocol)
    total = _checksum(start + b"\0\0" + ends)
    return start + struct.pack("!H", total) + ends


def _checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
