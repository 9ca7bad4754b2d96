"""What the datapath remembers: replies, related errors, expiry, policy changes, fragments."""

import pytest

from cpc.runtime.bpf import Skb
from cpc.runtime.reasons import PacketReason as R
from tests.kernel.stage import Stage
from tests.packets import Ip, fragments, ip, read_tcp

pytestmark = pytest.mark.kernel

FAMILIES = ["v4", "v6"]
TICK = 2**30 / 1e9


def pair(family: str, peer: int) -> tuple[Ip, Ip]:
    """A packet to a peer of stage.ROWS by its last digit, and one back."""
    local, remote = {
        "v4": ("10.0.0.1", f"10.0.0.{peer}"),
        "v6": ("fd00::1", f"fd00::{peer}"),
    }[family]
    return ip(local, remote), ip(remote, local)


ALLOWED, PORTS, ICMP, OUT, DENIED = 2, 3, 4, 5, 6


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def connect(stage: Stage, family: str, peer: int = OUT) -> tuple[Ip, Ip]:
    """A handshake that the endpoint starts."""
    out, back = pair(family, peer)
    assert stage.send(out.tcp(1000, 80, "S", seq=1).frame()).reason is R.PASS_NEW
    assert stage.receive(back.tcp(80, 1000, "SA", seq=9, ack=2).frame()).reason is R.PASS_REPLY
    assert stage.send(out.tcp(1000, 80, "A", seq=2, ack=10).frame()).reason is R.PASS_ESTABLISHED
    return out, back


# --- connections -------------------------------------------------------------------------------


def test_replies_pass_and_nothing_else(stage: Stage, family: str) -> None:
    _, back = connect(stage, family)
    assert stage.receive(back.tcp(80, 1000, "A").frame()).reason is R.PASS_REPLY
    assert stage.receive(back.tcp(80, 1001, "A").frame()).reason is R.DROP_POLICY
    assert stage.receive(back.tcp(81, 1000, "A").frame()).reason is R.DROP_POLICY
    assert stage.receive(back.udp(80, 1000).frame()).reason is R.DROP_POLICY
    assert stage.receive(back.tcp(80, 1000, "S").frame()).reason is R.DROP_POLICY
    other = ip(str(pair(family, DENIED)[0].destination), str(back.destination))
    assert stage.receive(other.tcp(80, 1000, "A").frame()).reason is R.DROP_POLICY


@pytest.mark.parametrize("kind", ["udp", "sctp", "gre"])
def test_protocols_without_handshake(stage: Stage, family: str, kind: str) -> None:
    out, back = pair(family, OUT)
    ways = {
        "udp": (out.udp(5, 6), back.udp(6, 5)),
        "sctp": (out.sctp(5, 6), back.sctp(6, 5)),
        "gre": (out.raw(47, b"1234"), back.raw(47, b"5")),
    }
    there, answer = ways[kind]
    assert stage.receive(answer.frame()).reason is R.DROP_POLICY
    assert stage.send(there.frame()).reason is R.PASS_NEW
    assert stage.send(there.frame()).reason is R.PASS_ESTABLISHED
    assert stage.receive(answer.frame()).reason is R.PASS_REPLY


@pytest.mark.parametrize("ident", [0, 7, 0xFFFF])
def test_an_echo_request_is_never_a_reply(stage: Stage, family: str, ident: int) -> None:
    out, back = pair(family, OUT)
    assert stage.receive(back.ping(ident, reply=True).frame()).reason is R.DROP_POLICY
    assert stage.send(out.ping(ident).frame()).reason is R.PASS_NEW
    assert stage.receive(back.ping(ident, reply=True).frame()).reason is R.PASS_REPLY
    assert stage.receive(back.ping(ident).frame()).reason is R.DROP_POLICY
    assert stage.receive(back.ping(ident ^ 1, reply=True).frame()).reason is R.DROP_POLICY


def test_an_echo_reply_that_nobody_asked_for_opens_nothing(stage: Stage, family: str) -> None:
    out, back = pair(family, OUT)
    assert stage.send(out.ping(7, reply=True).frame()).reason is R.PASS_NEW
    assert not stage.connections()
    assert stage.receive(back.ping(7).frame()).reason is R.DROP_POLICY


def test_pings_of_both_sides_with_one_identifier(stage: Stage, family: str) -> None:
    out, back = pair(family, PORTS)
    assert stage.send(out.ping(0).frame()).reason is R.PASS_NEW
    assert stage.receive(back.ping(0).frame()).reason is R.PASS_NEW
    assert stage.send(out.ping(0, reply=True).frame()).reason is R.PASS_REPLY
    assert stage.receive(back.ping(0, reply=True).frame()).reason is R.PASS_REPLY


def test_icmp_without_connection_is_asked_each_time(stage: Stage, family: str) -> None:
    out, back = pair(family, ICMP)
    assert stage.send(out.icmp(15).frame()).reason is R.PASS_NEW
    assert stage.send(out.icmp(15).frame()).reason is R.PASS_NEW
    assert stage.receive(back.icmp(16).frame()).reason is R.PASS_NEW
    assert not stage.connections()


def test_a_syn_meets_the_policy_even_on_a_live_connection(stage: Stage, family: str) -> None:
    out, back = connect(stage, family)
    before = stage.connections()
    assert stage.receive(back.tcp(80, 1000, "S").frame()).reason is R.DROP_POLICY
    assert stage.send(out.tcp(1000, 80, "S").frame()).reason is R.PASS_NEW
    assert stage.connections() == before, "a forged SYN must not age a live connection"


def test_both_sides_open_at_once(stage: Stage, family: str) -> None:
    out, back = pair(family, ALLOWED)
    assert stage.send(out.tcp(1, 2, "S").frame()).reason is R.PASS_NEW
    assert stage.receive(back.tcp(2, 1, "S").frame()).reason is R.PASS_NEW
    (fields,) = stage.connections().values()
    assert fields[6] == 1, "the first SYN's direction stays"


# --- time --------------------------------------------------------------------------------------


def ticks(seconds: float) -> int:
    return int(seconds / TICK)


def state_of(stage: Stage) -> int:
    (fields,) = stage.connections().values()
    return fields[7]


@pytest.mark.parametrize(
    ("opening", "lifetime"),
    [("syn", 60), ("established", 21600), ("closed", 10), ("reset", 10), ("udp", 60), ("ping", 60)],
)
def test_connections_expire(stage: Stage, family: str, opening: str, lifetime: int) -> None:
    out, back = pair(family, OUT)
    answer = back.tcp(80, 1000, "A")
    match opening:
        case "syn":
            stage.send(out.tcp(1000, 80, "S").frame())
        case "established":
            connect(stage, family)
        case "closed":
            connect(stage, family)
            stage.send(out.tcp(1000, 80, "FA").frame())
            stage.receive(back.tcp(80, 1000, "FA").frame())
        case "reset":
            connect(stage, family)
            stage.receive(back.tcp(80, 1000, "R").frame())
        case "udp":
            stage.send(out.udp(1000, 80).frame())
            answer = back.udp(80, 1000)
        case _:
            stage.send(out.ping().frame())
            answer = back.ping(reply=True)
    stage.age(ticks(lifetime) - 2)
    saved = list(stage.tables["connections"].items())
    assert stage.receive(answer.frame()).reason is R.PASS_REPLY
    for key, value in saved:
        stage.tables["connections"].update(key, value)
    stage.age(5)
    assert stage.receive(answer.frame()).reason is R.DROP_POLICY


def test_a_half_closed_connection_lives_on(stage: Stage, family: str) -> None:
    out, back = connect(stage, family)
    stage.send(out.tcp(1000, 80, "FA").frame())
    stage.age(ticks(3600))
    assert stage.receive(back.tcp(80, 1000, "A").frame()).reason is R.PASS_REPLY


def test_a_clock_read_late_expires_nothing(stage: Stage, family: str) -> None:
    _, back = connect(stage, family)
    stage.age(-2)
    assert stage.receive(back.tcp(80, 1000, "A").frame()).reason is R.PASS_REPLY


def test_an_expired_connection_is_opened_anew(stage: Stage, family: str) -> None:
    out, _ = connect(stage, family)
    stage.receive(pair(family, OUT)[1].tcp(80, 1000, "R").frame())
    assert state_of(stage) == 3
    assert stage.send(out.tcp(1000, 80, "S").frame()).reason is R.PASS_NEW
    assert state_of(stage) == 1


# --- errors about a connection -----------------------------------------------------------------

ERRORS = {"v4": (3, 11, 12), "v6": (1, 2, 3, 4)}


def test_errors_about_what_the_endpoint_sent(stage: Stage, family: str) -> None:
    out, _ = connect(stage, family)
    router = ip({"v4": "192.0.2.9", "v6": "2001:db8::9"}[family], str(out.source))
    for kind in ERRORS[family]:
        about = router.error(out.tcp(1000, 80, "A"), kind)
        assert stage.receive(about.frame()).reason is R.PASS_RELATED
    assert stage.receive(router.error(out.tcp(1000, 81), None).frame()).reason is R.DROP_POLICY
    assert stage.receive(router.error(out.udp(1000, 80)).frame()).reason is R.DROP_POLICY
    assert stage.receive(router.icmp(5).frame()).reason is R.DROP_POLICY


def test_errors_about_what_the_endpoint_got(stage: Stage, family: str) -> None:
    out, back = pair(family, PORTS)
    assert stage.receive(back.udp(9, 53).frame()).reason is R.PASS_NEW
    assert stage.send(out.error(back.udp(9, 53)).frame()).reason is R.PASS_RELATED
    assert stage.send(out.error(back.udp(9, 54)).frame()).reason is R.DROP_POLICY
    elsewhere = ip(str(out.source), str(pair(family, DENIED)[0].destination))
    assert stage.send(elsewhere.error(back.udp(9, 53)).frame()).reason is R.DROP_POLICY


def test_forged_errors_are_the_policys(stage: Stage, family: str) -> None:
    out, back = connect(stage, family)
    stranger = str(pair(family, DENIED)[0].destination)
    router = ip({"v4": "192.0.2.9", "v6": "2001:db8::9"}[family], str(out.source))
    # What the peer sent cannot come back to the endpoint as an error.
    assert stage.receive(router.error(back.tcp(80, 1000)).frame()).reason is R.DROP_POLICY
    # A connection of somebody else.
    other = ip(stranger, str(out.destination))
    assert stage.receive(router.error(other.tcp(1000, 80)).frame()).reason is R.DROP_POLICY
    # Too little of it, and none of it.
    assert stage.receive(router.error(out.tcp(1000, 80), size=7).frame()).reason is R.DROP_POLICY
    assert stage.receive(router.error(out.tcp(1000, 80), size=-4).frame()).reason is R.DROP_POLICY
    # The rest of the quote in the padding.
    cut = router.error(out.tcp(1000, 80), size=4).padded(bytes(32))
    assert stage.receive(cut.frame()).reason is R.DROP_POLICY
    # A later fragment has no ports.
    assert stage.receive(router.error(later(out, family)).frame()).reason is R.DROP_POLICY


def later(out: Ip, family: str) -> Ip:
    whole = out.tcp(1000, 80, "A", payload=bytes(64))
    return fragments(whole, 5, 32)[1]


def test_errors_about_pings(stage: Stage, family: str) -> None:
    out, _ = pair(family, OUT)
    router = ip({"v4": "192.0.2.9", "v6": "2001:db8::9"}[family], str(out.source))
    assert stage.receive(router.error(out.ping(3)).frame()).reason is R.DROP_POLICY
    stage.send(out.ping(3).frame())
    assert stage.receive(router.error(out.ping(3)).frame()).reason is R.PASS_RELATED
    assert stage.receive(router.error(out.ping(4)).frame()).reason is R.DROP_POLICY
    assert stage.receive(router.error(out.icmp(13)).frame()).reason is R.DROP_POLICY


def test_errors_through_extension_headers(stage: Stage) -> None:
    out, _ = connect(stage, "v6")
    router = ip("2001:db8::9", "fd00::1")
    quoted = out.extension(60).fragment(1, 0, False).tcp(1000, 80, "A")
    assert stage.receive(router.error(quoted).frame()).reason is R.PASS_RELATED


def test_errors_about_an_expired_connection(stage: Stage, family: str) -> None:
    out, _ = connect(stage, family)
    router = ip({"v4": "192.0.2.9", "v6": "2001:db8::9"}[family], str(out.source))
    stage.age(ticks(21600) + 5)
    assert stage.receive(router.error(out.tcp(1000, 80)).frame()).reason is R.DROP_POLICY


# --- a new policy ------------------------------------------------------------------------------


def test_a_policy_that_still_allows_goes_on(stage: Stage, alike: Stage, family: str) -> None:
    out, back = connect(stage, family)
    assert alike.receive(back.tcp(80, 1000, "A").frame()).reason is R.PASS_REPLY
    (fields,) = alike.connections().values()
    assert fields[0] == 2
    assert alike.send(out.tcp(1000, 80, "A").frame()).event.site == 0, (
        "the policy is not asked again"
    )


def test_a_new_policy_decides_in_the_first_packets_direction(
    stage: Stage, alike: Stage, family: str
) -> None:
    """Egress only: the reply, taken for a new connection, would be denied."""
    _, back = connect(stage, family)
    event = alike.receive(back.tcp(80, 1000, "A").frame()).event
    assert (event.reason, event.site) == (R.PASS_REPLY, 7)


@pytest.mark.parametrize("side", ["sender", "receiver"])
def test_a_policy_that_denies_cuts(stage: Stage, stricter: Stage, family: str, side: str) -> None:
    out, back = connect(stage, family, ALLOWED)
    if side == "sender":
        packet = out.tcp(1000, 80, "PA", seq=2, ack=10, payload=b"more of it")
        outcome = stricter.send(packet.frame())
    else:
        packet = back.tcp(80, 1000, "PA", seq=10, ack=2, payload=b"odd")
        outcome = stricter.receive(packet.frame())
    assert outcome.reason is R.DROP_POLICY_CHANGED
    assert outcome.passed, "the RST goes on"
    assert not stricter.connections()
    reset = read_tcp(outcome.packet)
    assert (reset.source, reset.destination) == (packet.source, packet.destination)
    assert reset.valid and reset.flags == "RA" and reset.payload == b""
    assert (reset.seq, reset.ack) == ((2, 10) if side == "sender" else (10, 2))
    assert reset.hop_limit == 64
    assert outcome.mark == 0
    again = stricter.send(out.tcp(1000, 80, "A").frame())
    assert (again.reason, again.passed) == (R.DROP_POLICY, False)


def test_options_survive_in_the_reset(stage: Stage, stricter: Stage) -> None:
    out, _ = connect(stage, "v4", ALLOWED)
    packet = out.options(b"\x94\4\0\0").hop(3).tcp(1000, 80, "A", options=b"\1" * 12)
    reset = read_tcp(stricter.send(packet.padded(bytes(9)).frame()).packet)
    assert reset.valid and reset.flags == "RA" and reset.hop_limit == 3


def test_a_reset_is_passed_on_and_not_answered(stage: Stage, stricter: Stage, family: str) -> None:
    out, _ = connect(stage, family, ALLOWED)
    outcome = stricter.send(out.tcp(1000, 80, "R", seq=77, payload=b"x").frame())
    reset = read_tcp(outcome.packet)
    assert outcome.passed and reset.valid
    assert (reset.flags, reset.seq, reset.payload) == ("R", 77, b"")


def test_datagrams_are_dropped(stage: Stage, stricter: Stage, family: str) -> None:
    out, back = pair(family, ALLOWED)
    stage.send(out.udp(5, 6).frame())
    outcome = stricter.receive(back.udp(6, 5).frame())
    assert (outcome.reason, outcome.passed) == (R.DROP_POLICY_CHANGED, False)
    assert not stricter.connections()
    assert stricter.receive(back.udp(6, 5).frame()).reason is R.DROP_POLICY


def test_errors_about_a_denied_connection(stage: Stage, stricter: Stage, family: str) -> None:
    out, _ = connect(stage, family, ALLOWED)
    router = ip({"v4": "192.0.2.9", "v6": "2001:db8::9"}[family], str(out.source))
    outcome = stricter.receive(router.error(out.tcp(1000, 80)).frame())
    assert (outcome.reason, outcome.passed) == (R.DROP_POLICY_CHANGED, False)
    assert stricter.connections(), "the next packet of the connection carries the RST"
    assert read_tcp(stricter.send(out.tcp(1000, 80, "A").frame()).packet).flags == "RA"


def test_a_peer_that_became_another(stage: Stage, alike: Stage, family: str) -> None:
    out, _ = connect(stage, family)
    alike.move(str(out.destination), 5)
    outcome = alike.send(out.tcp(1000, 80, "A").frame())
    assert outcome.reason is R.DROP_POLICY_CHANGED


def test_our_own_reset_passes_by_its_mark(stage: Stage, family: str) -> None:
    out, _ = pair(family, DENIED)
    marked = Skb(mark=0x40000001)
    outcome = stage.send(out.tcp(1, 2, "R").frame(), marked)
    assert (outcome.reason, outcome.mark) == (R.PASS_RESET, 1)
    assert stage.send(out.tcp(1, 2, "A").frame(), marked).reason is R.DROP_POLICY
    assert stage.send(out.udp(1, 2).frame(), marked).reason is R.DROP_POLICY


# --- fragments ---------------------------------------------------------------------------------


def test_later_fragments_take_the_firsts_verdict(stage: Stage, family: str) -> None:
    out, back = pair(family, PORTS)
    first, second, third = fragments(out.tcp(1, 80, "S", payload=bytes(100)), 9, 32, 64)
    assert stage.send(second.frame()).reason is R.DROP_FRAGMENT
    assert stage.send(first.frame()).reason is R.PASS_NEW
    assert stage.send(third.frame()).reason is R.PASS_ESTABLISHED
    assert stage.send(second.frame()).reason is R.PASS_ESTABLISHED
    assert stage.receive(back.raw(6, bytes(32)).fragment(9, 32, False).frame()).reason is (
        R.DROP_FRAGMENT
    )


def test_fragments_of_a_denied_packet(stage: Stage, family: str) -> None:
    out, _ = pair(family, PORTS)
    first, second = fragments(out.udp(1, 80, bytes(100)), 9, 32)
    assert stage.send(first.frame()).reason is R.DROP_POLICY
    assert stage.send(second.frame()).reason is R.DROP_POLICY


def test_fragments_of_one_identifier_but_another_flow(stage: Stage, family: str) -> None:
    out, _ = pair(family, PORTS)
    other, _ = pair(family, ALLOWED)
    first, second = fragments(out.udp(1, 53, bytes(100)), 9, 32)
    assert stage.send(first.frame()).reason is R.PASS_NEW
    assert stage.send(fragments(other.udp(1, 53, bytes(100)), 9, 32)[1].frame()).reason is (
        R.DROP_FRAGMENT
    )
    assert stage.send(fragments(out.udp(1, 53, bytes(100)), 8, 32)[1].frame()).reason is (
        R.DROP_FRAGMENT
    )
    assert stage.send(second.frame()).reason is R.PASS_ESTABLISHED


def test_a_large_ping(stage: Stage, family: str) -> None:
    out, back = pair(family, OUT)
    for part in fragments(out.ping(3, payload=bytes(200)), 9, 64, 128):
        assert stage.send(part.frame()).passed
    for part in fragments(back.ping(3, reply=True, payload=bytes(200)), 9, 64, 128):
        assert stage.receive(part.frame()).reason is R.PASS_REPLY


def test_fragments_without_connection_are_asked_each_time(stage: Stage, family: str) -> None:
    out, _ = pair(family, ICMP)
    for part in fragments(out.icmp(15, payload=bytes(100)), 9, 32, 64):
        assert stage.send(part.frame()).reason is R.PASS_NEW


def test_a_fragment_that_overwrites_the_options_of_tcp(stage: Stage, family: str) -> None:
    out, _ = pair(family, ALLOWED)
    whole = out.tcp(1, 2, "S", options=b"\1" * 20, payload=bytes(64))
    first, _ = fragments(whole, 9, 48)
    assert stage.send(first.frame()).reason is R.PASS_NEW
    overlap = out.raw(6, bytes(24)).fragment(9, 32, False) if family == "v4" else None
    overlap = overlap or out.fragment(9, 32, False).raw(6, bytes(24))
    assert stage.send(overlap.frame()).reason is R.DROP_MALFORMED


def test_a_fragment_that_overwrites_ports_behind_options(stage: Stage) -> None:
    """IPv6: what a later fragment names need not be the upper layer."""
    out, _ = pair("v6", ALLOWED)
    first = out.fragment(9, 0, True).extension(60, bytes(14)).udp(1, 53, bytes(8))
    assert stage.send(first.frame()).reason is R.PASS_NEW
    for offset in (8, 16):
        overlap = out.fragment(9, offset, False).raw(60, bytes(24))
        assert stage.send(overlap.frame()).reason is R.DROP_MALFORMED
    rest = out.fragment(9, 32, False).raw(60, bytes(24))
    assert stage.send(rest.frame()).reason is R.PASS_ESTABLISHED


def test_fragments_are_forgotten(stage: Stage, family: str) -> None:
    out, _ = pair(family, ALLOWED)
    first, second = fragments(out.udp(1, 2, bytes(100)), 9, 32)
    stage.send(first.frame())
    table = stage.tables["fragments"]
    for seconds, reason in ((25, R.PASS_ESTABLISHED), (10, R.DROP_FRAGMENT)):
        for key, value in list(table.items()):
            seen = int.from_bytes(value[:8], "little") - seconds * 10**9
            table.update(key, seen.to_bytes(8, "little") + value[8:])
        assert stage.send(second.frame()).reason is reason


def test_a_denied_connection_in_fragments_is_dropped(
    stage: Stage, stricter: Stage, family: str
) -> None:
    out, _ = connect(stage, family, ALLOWED)
    first, second = fragments(out.tcp(1000, 80, "A", payload=bytes(100)), 9, 32)
    for part in (first, second):
        outcome = stricter.send(part.frame())
        assert (outcome.reason, outcome.passed) == (R.DROP_POLICY_CHANGED, False)
    assert stricter.connections(), "a whole packet carries the RST"
