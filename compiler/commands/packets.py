"""Witness flows as packets in a file that tcpdump and Wireshark read.

The format is classic pcap, version 2.4, with raw IP as link type (draft-ietf-opsawg-pcap).
"""

import struct
from collections.abc import Iterable

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.model import Direction, Protocol

__all__ = ["pcap"]

_MAGIC = 0xA1B2C3D4
_SNAP_LENGTH = 65535
_RAW_IP = 101
_CLIENT_PORT = 40000
_SYN = 0x02


def pcap(flows: Iterable[Flow]) -> bytes:
    """The first packet of each flow, from client to server, one second apart."""
    found = [struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, _SNAP_LENGTH, _RAW_IP)]
    for number, flow in enumerate(flows):
        packet = _packet(flow)
        found.append(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
    return b"".join(found)


def _packet(flow: Flow) -> bytes:
    parties = (flow.subject, flow.peer)
    client, server = parties if flow.direction is Direction.EGRESS else reversed(parties)
    if client.address is None or server.address is None:
        raise InternalError("a witness has no address")
    ends = client.address.packed + server.address.packed
    payload = _payload(flow, ends)
    if flow.family == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, flow.protocol, 0)
        total = _checksum(head + ends)
        return head[:10] + struct.pack("!H", total) + ends + payload
    return struct.pack("!IHBB", 6 << 28, len(payload), flow.protocol, 64) + ends + payload


def _payload(flow: Flow, ends: bytes) -> bytes:
    """What begins a connection of the protocol: a TCP SYN, an SCTP INIT, an ICMP message."""
    ports = struct.pack("!HH", _CLIENT_PORT, flow.port)
    match flow.protocol:
        case Protocol.TCP:
            segment = ports + struct.pack("!IIBBHHH", 0, 0, 5 << 4, _SYN, 65535, 0, 0)
            return _summed(segment, 16, ends, flow.protocol)
        case Protocol.UDP:
            return _summed(ports + struct.pack("!HH", 8, 0), 6, ends, flow.protocol)
        case Protocol.SCTP:
            init = struct.pack("!BBHIIHHI", 1, 0, 20, 1, 65535, 1, 1, 1)
            chunk = ports + struct.pack("!II", 0, 0) + init
            return chunk[:8] + struct.pack("<I", _crc32c(chunk)) + chunk[12:]
        case Protocol.ICMP if flow.family == 4:
            return _summed(struct.pack("!HHI", flow.port, 0, 0), 2, b"", 0)
        case Protocol.ICMPV6 if flow.family == 6:
            return _summed(struct.pack("!HHI", flow.port, 0, 0), 2, ends, flow.protocol)
        case _:
            return b""


def _summed(segment: bytes, at: int, ends: bytes, protocol: int) -> bytes:
    """A segment with its checksum, over the pseudo header where it has one (RFC 793, RFC 8200)."""
    pseudo = ends + struct.pack("!II", len(segment), protocol) if ends else b""
    total = _checksum(pseudo + segment)
    if protocol == Protocol.UDP and total == 0:
        total = 0xFFFF
    return segment[:at] + struct.pack("!H", total) + segment[at + 2 :]


def _checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _crc32c(data: bytes) -> int:
    """The checksum of SCTP (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
