"""Packet tables: description, packet in, verdict and reason."""

import struct

import pytest
from msgspec import Struct

from cpc.runtime.bpf import Skb
from cpc.runtime.reasons import PacketReason as R
from tests.kernel.stage import Stage
from tests.packets import ARP, Ip, frame, icmp, ip, tcp

pytestmark = pytest.mark.kernel

OUT4, OUT6 = ip("10.0.0.1", "10.0.0.2"), ip("fd00::1", "fd00::2")
PORT4, PORT6 = ip("10.0.0.1", "10.0.0.3"), ip("fd00::1", "fd00::3")
DENY4, DENY6 = ip("10.0.0.1", "10.0.0.6"), ip("fd00::1", "fd00::6")
NEIGHBOUR = icmp(135, payload=bytes(16))
LISTENER = icmp(143, payload=bytes(8))


class Case(Struct, frozen=True):
    """One line of a table; `packet` is a frame or is made one."""

    description: str
    packet: Ip | bytes
    reason: R
    skb: Skb | None = None

    @property
    def bytes(self) -> bytes:
        return self.packet.frame() if isinstance(self.packet, Ip) else self.packet


ROUTING = (43, b"\0\0\0\0\0\0")
ROUTED = (43, b"\0\1\0\0\0\0" + bytes(16))


def many(packet: Ip, count: int) -> Ip:
    """So many destination option headers."""
    for _ in range(count):
        packet = packet.extension(60)
    return packet


FROM = [
    # Link layer.
    Case("ARP", frame(ARP, bytes(28)), R.PASS_OUTSIDE),
    Case("ARP without a body", frame(ARP, b""), R.PASS_OUTSIDE),
    Case("RARP", frame(0x8035, bytes(28)), R.DROP_UNSUPPORTED_L3),
    Case("an 802.3 length for a type", frame(100, bytes(100)), R.DROP_UNSUPPORTED_L3),
    Case("MPLS", frame(0x8847, bytes(40)), R.DROP_UNSUPPORTED_L3),
    Case("a VLAN tag", OUT4.tcp(1, 2).vlan(), R.DROP_VLAN),
    Case("a service VLAN tag", OUT6.tcp(1, 2).vlan(0x88A8), R.DROP_VLAN),
    Case("IPv4 bytes said to be IPv6", frame(0x86DD, OUT4.udp(1, 2, bytes(40)).packet()), R.DROP_MALFORMED),
    Case("IPv6 bytes said to be IPv4", frame(0x0800, OUT6.udp(1, 2).packet()), R.DROP_MALFORMED),
    # Policy.
    Case("TCP SYN, allowed", OUT4.tcp(1, 2), R.PASS_NEW),
    Case("TCP SYN over IPv6, allowed", OUT6.tcp(1, 2), R.PASS_NEW),
    Case("TCP SYN, denied", DENY4.tcp(1, 2), R.DROP_POLICY),
    Case("TCP SYN over IPv6, denied", DENY6.tcp(1, 2), R.DROP_POLICY),
    Case("a peer that nobody knows", ip("10.0.0.1", "192.0.2.1").tcp(1, 2), R.DROP_POLICY),
    Case("tcp/80", PORT4.tcp(1, 80), R.PASS_NEW),
    Case("tcp/81", PORT4.tcp(1, 81), R.DROP_POLICY),
    Case("the port on the wrong side", PORT4.tcp(80, 1), R.DROP_POLICY),
    Case("udp/53", PORT6.udp(1, 53), R.PASS_NEW),
    Case("udp/80 where tcp/80 is allowed", PORT6.udp(1, 80), R.DROP_POLICY),
    Case("sctp, allowed", OUT4.sctp(1, 2), R.PASS_NEW),
    Case("sctp/80 where tcp/80 is allowed", PORT4.sctp(1, 80), R.DROP_POLICY),
    Case("a ping", PORT4.ping(), R.PASS_NEW),
    Case("a ping over IPv6", PORT6.ping(), R.PASS_NEW),
    Case("a ping's answer unasked", PORT4.ping(reply=True), R.DROP_POLICY),
    Case("ICMP, all of it allowed", ip("10.0.0.1", "10.0.0.4").icmp(13), R.PASS_NEW),
    Case("ICMPv6 in IPv4 is not a ping", PORT4.raw(58, icmp(128)), R.DROP_POLICY),
    Case("ICMP in IPv6 is not a ping", PORT6.raw(1, icmp(8)), R.DROP_POLICY),
    Case("GRE, allowed", OUT4.raw(47, bytes(8)), R.PASS_NEW),
    Case("ESP is its own protocol", PORT6.raw(50, tcp(1, 80)), R.DROP_POLICY),
    Case("AH is its own protocol", PORT6.raw(51, tcp(1, 80)), R.DROP_POLICY),
    Case("no next header", OUT6.raw(59, b""), R.PASS_NEW),
    Case("TCP without state is new", OUT4.tcp(1, 2, "A"), R.PASS_NEW),
    Case("TCP without state, denied", DENY4.tcp(1, 2, "RA"), R.DROP_POLICY),
    # Spoofing.
    Case("a stranger's address", ip("10.0.0.9", "10.0.0.2").tcp(1, 2), R.DROP_SPOOFED),
    Case("a stranger's address, IPv6", ip("fd00::9", "fd00::2").tcp(1, 2), R.DROP_SPOOFED),
    Case("the second own address", ip("10.0.0.101", "10.0.0.2").tcp(1, 2), R.PASS_NEW),
    Case("no address", ip("0.0.0.0", "255.255.255.255").udp(68, 67), R.DROP_SPOOFED),
    Case("a mapped address in IPv6", ip("::ffff:10.0.0.1", "fd00::2").udp(1, 2), R.DROP_SPOOFED),
    Case("link-local for UDP", ip("fe80::1", "fd00::2").udp(1, 2), R.DROP_SPOOFED),
    Case("unspecified for UDP", ip("::", "fd00::2").udp(1, 2), R.DROP_SPOOFED),
    Case("link-local for a ping", ip("fe80::1", "fe80::2").ping(), R.DROP_SPOOFED),
    # Outside of policy.
    Case("a neighbour asked", DENY6.raw(58, NEIGHBOUR).hop(255), R.PASS_OUTSIDE),
    Case("by link-local", ip("fe80::1", "ff02::2").raw(58, icmp(133)).hop(255), R.PASS_OUTSIDE),
    Case("duplicate detection", ip("::", "ff02::1:ff00:1").raw(58, NEIGHBOUR).hop(255), R.PASS_OUTSIDE),
    Case("a neighbour, spoofed", ip("fd00::9", "fd00::2").raw(58, NEIGHBOUR).hop(255), R.DROP_SPOOFED),
    Case("a neighbour, forwarded", DENY6.raw(58, NEIGHBOUR).hop(254), R.DROP_POLICY),
    Case("a neighbour with a code", DENY6.icmp(135, 1).hop(255), R.DROP_POLICY),
    Case("type 132 is no neighbour", DENY6.icmp(132).hop(255), R.DROP_POLICY),
    Case("type 137 is no neighbour", DENY6.icmp(137).hop(255), R.DROP_POLICY),
    Case(
        "a neighbour in a fragment header",
        DENY6.fragment(1, 0, False).raw(58, NEIGHBOUR).hop(255),
        R.DROP_POLICY,
    ),
    Case(
        "listeners to a link-local group",
        ip("fe80::1", "ff02::16").extension(0, b"\5\2\0\0\1\0").raw(58, LISTENER).hop(1),
        R.PASS_OUTSIDE,
    ),
    Case("listeners of old", ip("::", "ff02::1").icmp(131, payload=bytes(16)), R.PASS_OUTSIDE),
    Case("listeners to a wider group", ip("fd00::1", "ff05::16").raw(58, LISTENER), R.DROP_POLICY),
    Case("ICMP 143 in IPv4", DENY4.icmp(143), R.DROP_POLICY),
    # Itself.
    Case("to itself", ip("10.0.0.1", "10.0.0.101").tcp(1, 2), R.PASS_SELF),
    Case("to itself over IPv6", ip("fd00::1", "fd00::1").udp(1, 2), R.PASS_SELF),
    # IPv4 headers.
    Case("version 5", OUT4.tcp(1, 2).version(5), R.DROP_MALFORMED),
    Case("header of 4 words", OUT4.tcp(1, 2).ihl(4), R.DROP_MALFORMED),
    Case("header longer than the packet", OUT4.udp(1, 2).ihl(15), R.DROP_MALFORMED),
    Case("length 0 in one segment", OUT4.tcp(1, 2).length(0), R.DROP_MALFORMED),
    Case("length 0 in many segments", OUT4.tcp(1, 2).length(0), R.PASS_NEW, Skb(segment_size=8)),
    Case("length beyond the frame", OUT4.tcp(1, 2).length(41), R.DROP_MALFORMED),
    Case("length cuts the TCP header", OUT4.tcp(1, 2).length(39), R.DROP_MALFORMED),
    Case("length cuts the header", OUT4.tcp(1, 2).length(19), R.DROP_MALFORMED),
    Case("padding", OUT4.udp(1, 2).padded(bytes(18)), R.PASS_NEW),
    Case("ports in the padding", OUT4.raw(17, b"").padded(bytes(20)), R.DROP_MALFORMED),
    Case("options that do nothing", OUT4.options(b"\1" * 40).tcp(1, 2), R.PASS_NEW),
    Case("record route", OUT4.options(b"\7\x27\4" + bytes(36)).tcp(1, 2), R.PASS_NEW),
    Case("router alert", OUT4.options(b"\x94\4\0\0").tcp(1, 2), R.PASS_NEW),
    Case("loose source route", OUT4.options(b"\x83\7\4" + bytes(4)).tcp(1, 2), R.DROP_SOURCE_ROUTE),
    Case("strict source route", OUT4.options(b"\x89\7\4" + bytes(4)).tcp(1, 2), R.DROP_SOURCE_ROUTE),
    Case("a source route at the end", OUT4.options(b"\1" * 39 + b"\x83").tcp(1, 2), R.DROP_SOURCE_ROUTE),
    Case("a source route after the end", OUT4.options(b"\0\x83\7\4").tcp(1, 2), R.PASS_NEW),
    Case("a source route inside an option", OUT4.options(b"\7\4\x83\4").tcp(1, 2), R.PASS_NEW),
    Case("an option of length 1", OUT4.options(b"\7\1\0\0").tcp(1, 2), R.DROP_MALFORMED),
    Case("an option of length 0", OUT4.options(b"\7\0\0\0").tcp(1, 2), R.DROP_MALFORMED),
    Case("an option too long", OUT4.options(b"\7\5\0\0").tcp(1, 2), R.DROP_MALFORMED),
    Case("an option without length", OUT4.options(b"\1\1\1\7").tcp(1, 2), R.DROP_MALFORMED),
    # IPv6 headers.
    Case("version 4", OUT6.tcp(1, 2).version(4), R.DROP_MALFORMED),
    Case("length beyond the frame, IPv6", OUT6.tcp(1, 2).length(21), R.DROP_MALFORMED),
    Case("length cuts TCP, IPv6", OUT6.tcp(1, 2).length(19), R.DROP_MALFORMED),
    Case("length 0, IPv6", OUT6.tcp(1, 2).length(0), R.DROP_MALFORMED),
    Case("length 0 in many segments, IPv6", OUT6.tcp(1, 2).length(0), R.PASS_NEW, Skb(segment_size=8)),
    Case("destination options", PORT6.extension(60).tcp(1, 80), R.PASS_NEW),
    Case("destination options hide nothing", PORT6.extension(60).tcp(1, 81), R.DROP_POLICY),
    Case("long destination options", PORT6.extension(60, bytes(2046)).tcp(1, 80), R.PASS_NEW),
    Case("eight extension headers", many(PORT6, 8).tcp(1, 80), R.PASS_NEW),
    Case("nine extension headers", many(PORT6, 9).tcp(1, 80), R.DROP_MALFORMED),
    Case("hop-by-hop first", PORT6.extension(0).extension(60).tcp(1, 80), R.PASS_NEW),
    Case("hop-by-hop second", PORT6.extension(60).extension(0).tcp(1, 80), R.DROP_MALFORMED),
    Case("a routing header used up", PORT6.extension(*ROUTING).tcp(1, 80), R.PASS_NEW),
    Case("a routing header at work", PORT6.extension(*ROUTED).tcp(1, 80), R.DROP_SOURCE_ROUTE),
    Case("behind options", PORT6.extension(60).extension(*ROUTED).tcp(1, 80), R.DROP_SOURCE_ROUTE),
    Case("an extension beyond the end", OUT6.extension(60).length(4).udp(1, 2), R.DROP_MALFORMED),
    Case("an extension too long", OUT6.raw(60, b"\x11\2" + bytes(20)), R.DROP_MALFORMED),
    Case("an atomic fragment", PORT6.fragment(1, 0, False).tcp(1, 80), R.PASS_NEW),
    Case("an atomic fragment, denied", PORT6.fragment(1, 0, False).tcp(1, 81), R.DROP_POLICY),
    Case(
        "two fragment headers",
        OUT6.fragment(1, 0, False).fragment(2, 0, False).udp(1, 2),
        R.DROP_MALFORMED,
    ),
    # Upper layers.
    Case("data offset 4", OUT4.tcp(1, 2, words=4), R.DROP_MALFORMED),
    Case("data offset beyond the end", OUT4.tcp(1, 2, words=6), R.DROP_MALFORMED),
    Case("TCP options", PORT4.tcp(1, 80, options=b"\1" * 40), R.PASS_NEW),
    Case("19 bytes of TCP", OUT4.raw(6, bytes(19)), R.DROP_MALFORMED),
    Case("7 bytes of UDP", OUT6.raw(17, bytes(7)), R.DROP_MALFORMED),
    Case("11 bytes of SCTP", OUT6.raw(132, bytes(11)), R.DROP_MALFORMED),
    Case("7 bytes of ICMP", OUT4.raw(1, bytes(7)), R.DROP_MALFORMED),
    Case("7 bytes of ICMPv6", OUT6.raw(58, bytes(7)), R.DROP_MALFORMED),
    # Fragments.
    Case("a later fragment alone", OUT4.udp(1, 2).fragment(9, 64, False), R.DROP_FRAGMENT),
    Case("a later fragment alone, IPv6", OUT6.fragment(9, 64, False).udp(1, 2), R.DROP_FRAGMENT),
    Case("a first fragment", PORT4.tcp(1, 80).fragment(9, 0, True), R.PASS_NEW),
    Case("a first fragment, denied", PORT6.fragment(9, 0, True).tcp(1, 81), R.DROP_POLICY),
    Case("half a header in it", OUT4.raw(6, tcp(1, 2)[:16]).fragment(9, 0, True), R.DROP_MALFORMED),
    Case("no header in it", OUT6.fragment(9, 0, True).raw(17, b""), R.DROP_MALFORMED),
    Case("it overwrites TCP", OUT4.raw(6, bytes(64)).fragment(9, 8, True), R.DROP_MALFORMED),
    Case("it overwrites TCP's end", OUT6.fragment(9, 16, True).raw(6, bytes(64)), R.DROP_MALFORMED),
    Case("it follows TCP", OUT4.raw(6, bytes(64)).fragment(9, 24, True), R.DROP_FRAGMENT),
    Case("it follows UDP", OUT4.raw(17, bytes(64)).fragment(9, 8, True), R.DROP_FRAGMENT),
]  # fmt: skip

TO = [
    Case("TCP SYN, allowed", ip("10.0.0.2", "10.0.0.1").tcp(1, 2), R.PASS_NEW),
    Case("TCP SYN, denied", ip("10.0.0.6", "10.0.0.1").tcp(1, 2), R.DROP_POLICY),
    Case("allowed in the other direction", ip("fd00::5", "fd00::1").tcp(1, 2), R.DROP_POLICY),
    Case("tcp/80", ip("10.0.0.3", "10.0.0.1").tcp(1, 80), R.PASS_NEW),
    Case("a VLAN tag", ip("10.0.0.2", "10.0.0.1").tcp(1, 2).vlan(), R.DROP_VLAN),
    Case("ARP", frame(ARP, bytes(28)), R.PASS_OUTSIDE),
    Case("a neighbour", ip("fd00::6", "fd00::1").raw(58, NEIGHBOUR).hop(255), R.PASS_OUTSIDE),
    Case("a router", ip("fe80::6", "ff02::1").icmp(134).hop(255), R.PASS_OUTSIDE),
    Case("a forwarded router", ip("fe80::6", "ff02::1").icmp(134).hop(254), R.DROP_POLICY),
    Case("a multicast query", ip("fe80::6", "ff02::1").icmp(130).hop(1), R.PASS_OUTSIDE),
    Case("a redirect of routes", ip("fe80::6", "fd00::1").icmp(137).hop(255), R.DROP_POLICY),
    Case("somebody in its name", ip("10.0.0.1", "10.0.0.1").tcp(1, 2), R.DROP_SPOOFED),
    Case("itself", ip("fd00::1", "fd00::1").tcp(1, 2), R.PASS_SELF, Skb(0, 1, 1)),
    Case("this machine", ip("fd00::7", "fd00::1").tcp(1, 2), R.PASS_NEW),
    Case("somebody in this machine's name", ip("fd00::7", "fd00::1").tcp(1, 2), R.DROP_SPOOFED, Skb(0, 1, 1)),
    Case("an error in this machine's name", ip("10.0.0.7", "10.0.0.1").icmp(3), R.DROP_SPOOFED, Skb(0, 1, 1)),
    Case("a group of listeners", ip("10.0.0.2", "224.0.0.1").udp(1, 2), R.PASS_NEW),
    Case("a source route", ip("10.0.0.2", "10.0.0.1").options(b"\x83\3\4").udp(1, 2), R.DROP_SOURCE_ROUTE),
]  # fmt: skip


def names(cases: list[Case]) -> list[str]:
    found = [case.description for case in cases]
    assert len(set(found)) == len(found)
    return found


@pytest.mark.parametrize("case", FROM, ids=names(FROM))
def test_from_endpoint(stage: Stage, case: Case) -> None:
    outcome = stage.send(case.bytes, case.skb)
    assert outcome.reason is case.reason
    assert outcome.passed is not outcome.reason.dropped
    assert outcome.packet == case.bytes


@pytest.mark.parametrize("case", TO, ids=names(TO))
def test_to_endpoint(stage: Stage, case: Case) -> None:
    outcome = stage.receive(case.bytes, case.skb)
    assert outcome.reason is case.reason
    assert outcome.passed is not outcome.reason.dropped
    assert outcome.packet == case.bytes


def test_an_event_tells_the_flow(stage: Stage) -> None:
    event = stage.send(PORT4.tcp(40000, 443).frame()).event
    assert event.service_key == 6 << 16 | 443
    assert (event.family, event.protocol, event.ports) == (4, 6, (40000, 443))
    assert (event.identity, event.site, event.generation) == (302, 3, 1)
    assert event.allowed


def test_counters_count(stage: Stage) -> None:
    def packets() -> tuple[int, int]:
        key = struct.pack("I", R.DROP_VLAN * 2 + 1)
        values = stage.tables["counters"].lookup(key)
        assert values is not None
        pairs = struct.unpack(f"{len(values) // 8}Q", values)
        return sum(pairs[::2]), sum(pairs[1::2])

    data = OUT4.udp(1, 2).vlan().frame()
    before = packets()
    stage.send(data)
    after = packets()
    assert (after[0] - before[0], after[1] - before[1]) == (1, len(data))
