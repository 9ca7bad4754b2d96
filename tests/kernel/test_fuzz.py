"""Whatever the bytes are, the datapath reads them as the oracle does, and decides as the policy says."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpc.runtime.reasons import PacketReason as R
from tests.kernel.stage import ENDPOINT, ROWS, Stage
from tests.nightly import times
from tests.packet_oracle import Facts, parse
from tests.packets import Ip

pytestmark = pytest.mark.kernel

EXAMPLES = times(2_000, 200_000)
OWN = [ip_address(a) for a in ENDPOINT]
PEERS = {ip_address(a): bits for addresses, bits in ROWS.items() for a in addresses}
SPECIAL = [ip_address(a) for a in ("fe80::1", "::", "ff02::16", "ff02::1", "ff05::2", "192.0.2.1")]
KERNEL_MINIMUM = {b"\x08\x00": 14 + 20, b"\x86\xdd": 14 + 40}
"""Shorter frames of these types are refused by BPF_PROG_TEST_RUN itself."""


def stub_decides(bits: int, key: int, egress: bool) -> bool:
    """stub_policy.bpf.c, in Python."""
    ping = key in (1 << 16 | 8 << 8, 58 << 16 | 128 << 8)
    if bits & 1 or (bits & 8 and egress):
        return True
    if bits & 2 and (ping or key in (6 << 16 | 80, 6 << 16 | 443, 17 << 16 | 53)):
        return True
    return bool(bits & 4) and key >> 16 in (1, 58)


def expected(data: bytes, egress: bool) -> R:
    """What becomes of a frame that no connection and no fragment is remembered for."""
    facts = parse(data)
    if not isinstance(facts, Facts):
        return facts
    kind = IPv4Address if facts.family == 4 else IPv6Address
    source, destination = kind(facts.source), kind(facts.destination)
    if egress and source not in OWN:
        local = source.version == 6 and (source.is_link_local or int(source) == 0)
        if not (facts.outside and local):
            return R.DROP_SPOOFED
    if facts.outside:
        return R.PASS_OUTSIDE
    if not egress and source in OWN:
        return R.DROP_SPOOFED
    if facts.fragment is not None and facts.fragment[0]:
        return R.DROP_FRAGMENT
    peer = destination if egress else source
    if egress and peer in OWN:
        return R.PASS_SELF
    assert facts.service_key is not None
    allowed = stub_decides(PEERS.get(peer, 0), facts.service_key, egress)
    return R.PASS_NEW if allowed else R.DROP_POLICY


@st.composite
def uppers(draw: st.DrawFn) -> tuple[int, bytes]:
    """A protocol and bytes that may well be one of its packets."""
    protocol = draw(st.sampled_from([1, 6, 6, 17, 17, 58, 58, 132, 47, 50, 51, 59, 0, 44, 60]))
    body = bytearray(draw(st.binary(max_size=48)))
    ports = draw(st.sampled_from([80, 443, 53, 81, 0, 65535]))
    if len(body) >= 20 and protocol in (6, 17, 132):
        body[2:4] = ports.to_bytes(2, "big")
        body[12] = draw(st.sampled_from([0x50, 0x50, 0x50, 0x60, 0x40, 0xF0, 0]))
    if len(body) >= 8 and protocol in (1, 58):
        body[0] = draw(st.sampled_from([8, 0, 3, 11, 13, 128, 129, 1, 2, 130, 133, 135, 136, 143]))
        body[1] = draw(st.sampled_from([0, 0, 1]))
    return protocol, bytes(body)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Packets near the rules' edges, some of them bent afterwards."""
    addresses = st.sampled_from([*OWN, *PEERS, *SPECIAL])
    source = draw(addresses)
    destination = draw(addresses.filter(lambda a: a.version == source.version))
    protocol, body = draw(uppers())
    packet = Ip(source, destination, hop_limit=draw(st.sampled_from([64, 255, 255, 1])))
    packet = packet.raw(protocol, body)
    if source.version == 4:
        if draw(st.integers(0, 3)) == 0:
            option = st.sampled_from(
                [b"\1", b"\0", b"\7\4\0\0", b"\x83\3\4", b"\x89", b"\x94\4\0\0"]
            )
            joined = b"".join(draw(st.lists(option | st.binary(max_size=4), max_size=10)))
            packet = packet.options(joined[:40])
    else:
        for kind in draw(st.lists(st.sampled_from([0, 43, 60, 60, 60]), max_size=9)):
            size = draw(st.sampled_from([6, 6, 14, 30]))
            packet = packet.extension(kind, draw(st.binary(min_size=size, max_size=size)))
    if draw(st.integers(0, 3)) == 0:
        offset = 8 * draw(st.sampled_from([0, 0, 1, 2, 3, 100]))
        packet = packet.fragment(draw(st.integers(0, 3)), offset, draw(st.booleans()))
    if draw(st.integers(0, 5)) == 0:
        packet = packet.length(draw(st.integers(0, 120)))
    if draw(st.integers(0, 5)) == 0:
        packet = packet.padded(draw(st.binary(max_size=32)))
    if draw(st.integers(0, 9)) == 0:
        packet = packet.vlan(draw(st.sampled_from([0x8100, 0x88A8, 0x9100])))
    data = bytearray(packet.frame())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        data[draw(st.integers(12, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 9)) == 0:
        data = data[: draw(st.integers(14, len(data)))]
    return bytes(data)


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=frames(), egress=st.booleans())
def test_any_frame_is_read_as_the_oracle_does(bench: Stage, data: bytes, egress: bool) -> None:
    if len(data) < max(15, KERNEL_MINIMUM.get(data[12:14], 0)):
        return
    bench.clear()
    outcome = bench.send(data) if egress else bench.receive(data)
    assert outcome.reason is expected(data, egress)
    assert outcome.passed is not outcome.reason.dropped
    assert outcome.packet == data
    facts = parse(data)
    if isinstance(facts, Facts) and outcome.reason in (R.PASS_NEW, R.DROP_POLICY):
        assert outcome.event.service_key == facts.service_key
        assert outcome.event.ports == facts.ports
