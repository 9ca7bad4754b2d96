"""Packets by hand: a fluent builder that can also lie, and a reader of what comes out.

    ip("10.0.0.1", "10.0.0.2").hop(3).tcp(1000, 80, "S").frame()

Every step returns a new value. Checksums are right unless a length or version was forged.
"""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

__all__ = [
    "ARP",
    "FLAGS",
    "Ip",
    "Tcp",
    "checksum",
    "fragments",
    "frame",
    "icmp",
    "ip",
    "read_tcp",
    "tcp",
]

Address = IPv4Address | IPv6Address

ENDPOINT_MAC = bytes.fromhex("020000000001")
HOST_MAC = bytes.fromhex("020000000002")
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
FRAGMENT = 44


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(kind: int, payload: bytes, *, tag: bytes = b"") -> bytes:
    """An Ethernet frame; `tag` goes between the addresses and the type."""
    return HOST_MAC + ENDPOINT_MAC + tag + struct.pack("!H", kind) + payload


def tcp(
    source: int,
    destination: int,
    flags: str = "S",
    *,
    seq: int = 1000,
    ack: int = 0,
    payload: bytes = b"",
    words: int | None = None,
    options: bytes = b"",
) -> bytes:
    """A TCP segment without checksum; `words` forges the data offset."""
    bits = sum(FLAGS[f] for f in flags)
    offset = (5 + len(options) // 4) if words is None else words
    head = struct.pack("!HHIIBBHHH", source, destination, seq, ack, offset << 4, bits, 4096, 0, 0)
    return head + options + payload


def icmp(kind: int, code: int = 0, rest: bytes = b"\0\0\0\0", payload: bytes = b"") -> bytes:
    """An ICMP message without checksum; `rest` are its bytes 4 to 7."""
    return struct.pack("!BBH", kind, code, 0) + rest + payload


_CHECKSUM_AT = {6: 16, 17: 6, 1: 2, 58: 2}
"""Where the checksum of a protocol stands."""


class Ip(Struct, frozen=True):
    """An IP packet in the making."""

    source: Address
    destination: Address
    protocol: int = 59
    payload: bytes = b""
    hop_limit: int = 64
    ident: int = 0
    offset: int = 0
    more: bool = False
    ip_options: bytes = b""
    extensions: tuple[tuple[int, bytes], ...] = ()
    forged_version: int | None = None
    forged_ihl: int | None = None
    forged_length: int | None = None
    tag: bytes = b""
    tail: bytes = b""
    summed: bool = True

    def hop(self, limit: int) -> Self:
        return replace(self, hop_limit=limit)

    def options(self, data: bytes) -> Self:
        """IPv4 options, padded to words."""
        return replace(self, ip_options=data + b"\0" * (-len(data) % 4))

    def extension(self, kind: int, body: bytes = b"\1\4\0\0\0\0") -> Self:
        """An IPv6 extension header: what follows its first two bytes, 6 bytes and 8s."""
        return replace(self, extensions=(*self.extensions, (kind, body)))

    def fragment(self, ident: int, offset: int, more: bool) -> Self:
        """A fragment at `offset` bytes; in IPv6 its header comes after the extensions so far."""
        if self.source.version == 4:
            return replace(self, ident=ident, offset=offset, more=more, summed=False)
        body = struct.pack("!HI", offset | more, ident)
        return replace(self.extension(FRAGMENT, body), summed=False)

    def version(self, number: int) -> Self:
        return replace(self, forged_version=number)

    def ihl(self, words: int) -> Self:
        return replace(self, forged_ihl=words)

    def length(self, number: int) -> Self:
        """Forges the length field: total in IPv4, payload in IPv6."""
        return replace(self, forged_length=number)

    def vlan(self, kind: int = 0x8100) -> Self:
        return replace(self, tag=struct.pack("!HH", kind, 7))

    def padded(self, tail: bytes) -> Self:
        """Bytes after the IP packet, as Ethernet adds them."""
        return replace(self, tail=tail)

    def raw(self, protocol: int, payload: bytes) -> Self:
        return replace(self, protocol=protocol, payload=payload)

    def tcp(
        self,
        source: int,
        destination: int,
        flags: str = "S",
        *,
        seq: int = 1000,
        ack: int = 0,
        payload: bytes = b"",
        words: int | None = None,
        options: bytes = b"",
    ) -> Self:
        segment = tcp(
            source,
            destination,
            flags,
            seq=seq,
            ack=ack,
            payload=payload,
            words=words,
            options=options,
        )
        return self.raw(6, segment)

    def udp(self, source: int, destination: int, payload: bytes = b"") -> Self:
        head = struct.pack("!HHHH", source, destination, 8 + len(payload), 0)
        return self.raw(17, head + payload)

    def sctp(self, source: int, destination: int, payload: bytes = b"") -> Self:
        return self.raw(132, struct.pack("!HHII", source, destination, 0, 0) + payload)

    def icmp(
        self, kind: int, code: int = 0, rest: bytes = b"\0\0\0\0", payload: bytes = b""
    ) -> Self:
        """The family's own ICMP."""
        return self.raw(1 if self.source.version == 4 else 58, icmp(kind, code, rest, payload))

    def ping(self, ident: int = 7, *, reply: bool = False, payload: bytes = b"hello") -> Self:
        kind = (8, 0)[reply] if self.source.version == 4 else (128, 129)[reply]
        return self.icmp(kind, 0, struct.pack("!HH", ident, 1), payload)

    def error(self, about: "Ip", kind: int | None = None, *, size: int = 8) -> Self:
        """An ICMP error (default: port unreachable) that quotes `size` bytes behind the headers."""
        quoted = about.packet()
        head = len(quoted) - len(about.payload)
        unreachable = 3 if self.source.version == 4 else 1
        code = 3 if self.source.version == 4 else 4
        return self.icmp(unreachable if kind is None else kind, code, payload=quoted[: head + size])

    def _upper(self) -> bytes:
        at = _CHECKSUM_AT.get(self.protocol)
        if not self.summed or at is None or len(self.payload) < at + 2:
            return self.payload
        pseudo = b""
        if self.protocol != 1:
            pseudo = self.source.packed + self.destination.packed
            pseudo += struct.pack("!II", len(self.payload), self.protocol)
        total = checksum(pseudo + self.payload[:at] + b"\0\0" + self.payload[at + 2 :])
        return self.payload[:at] + struct.pack("!H", total) + self.payload[at + 2 :]

    def packet(self) -> bytes:
        """The IP packet."""
        body = self._upper()
        if isinstance(self.source, IPv4Address):
            words = 5 + len(self.ip_options) // 4
            total = 4 * words + len(body)
            head = struct.pack(
                "!BBHHHBBH4s4s",
                (4 if self.forged_version is None else self.forged_version) << 4
                | (words if self.forged_ihl is None else self.forged_ihl),
                0,
                total if self.forged_length is None else self.forged_length,
                self.ident,
                self.offset // 8 | self.more << 13,
                self.hop_limit,
                self.protocol,
                0,
                self.source.packed,
                self.destination.packed,
            )
            head += self.ip_options
            head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
            return head + body
        following = self.protocol
        for kind, rest in reversed(self.extensions):
            second = 0 if kind == FRAGMENT else (len(rest) - 6) // 8
            body = struct.pack("!BB", following, second) + rest + body
            following = kind
        head = struct.pack(
            "!IHBB",
            (6 if self.forged_version is None else self.forged_version) << 28,
            len(body) if self.forged_length is None else self.forged_length,
            following,
            self.hop_limit,
        )
        return head + self.source.packed + self.destination.packed + body

    def frame(self) -> bytes:
        """The Ethernet frame."""
        kind = IPV4 if self.source.version == 4 else IPV6
        return frame(kind, self.packet() + self.tail, tag=self.tag)


def ip(source: str, destination: str) -> Ip:
    """A packet of the addresses' family."""
    return Ip(ip_address(source), ip_address(destination))


def fragments(whole: Ip, ident: int, *cuts: int) -> list[Ip]:
    """A packet cut at these offsets (multiples of 8) of its upper-layer bytes."""
    body = whole._upper()
    bounds = [0, *cuts, len(body)]
    return [
        whole.raw(whole.protocol, body[start:end]).fragment(ident, start, end != len(body))
        for start, end in pairwise(bounds)
    ]


class Tcp(Struct, frozen=True):
    """What a frame with a TCP segment says; `valid`: its checksums are right."""

    source: Address
    destination: Address
    source_port: int
    destination_port: int
    seq: int
    ack: int
    flags: str
    payload: bytes
    hop_limit: int
    valid: bool


def read_tcp(data: bytes) -> Tcp:
    """Reads a frame that holds a whole TCP segment behind a plain IP header (IPv4 options are fine)."""
    (kind,) = struct.unpack_from("!H", data, 12)
    packet = data[14:]
    source: Address
    destination: Address
    if kind == IPV4:
        size = (packet[0] & 15) * 4
        (total,) = struct.unpack_from("!H", packet, 2)
        source, destination = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
        valid = checksum(packet[:size]) == 0 and packet[9] == 6
        hop = packet[8]
    else:
        size = 40
        (payload,) = struct.unpack_from("!H", packet, 4)
        total = 40 + payload
        source, destination = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
        valid = packet[6] == 6
        hop = packet[7]
    segment = packet[size:total]
    pseudo = source.packed + destination.packed + struct.pack("!II", len(segment), 6)
    sport, dport, seq, ack, offset, bits = struct.unpack_from("!HHIIBB", segment)
    return Tcp(
        source,
        destination,
        sport,
        dport,
        seq,
        ack,
        "".join(name for name, bit in FLAGS.items() if bits & bit),
        segment[(offset >> 4) * 4 :],
        hop,
        valid and total == len(packet) and checksum(pseudo + segment) == 0,
    )
