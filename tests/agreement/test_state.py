"""What one side remembers: replies, related errors, expiry, fragments, spoofing, policy changes.

What the attached program does with each packet is worked out from `decide` alone.
"""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Verdict
from cpc.runtime.reasons import PacketReason
from tests.agreement.flows import flows_of
from tests.agreement.test_agreement import SHAPE, compiled, peers_of, two_families
from tests.agreement.world import Enforced, Seen, interfaces, inventory_of, opening, reply
from tests.nightly import times
from tests.packets import Ip, fragments, ip
from tests.policy.strategies import inventories, policies

pytestmark = pytest.mark.kernel

POLICIES = times(40)
FLOWS = 10
ROUNDS = 4
_OTHER = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}
_PORTS = (6, 17, 132)
_HOUR_IN_TICKS = 3353
CHECKED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    with interfaces():
        yield


class Case(Struct, frozen=True):
    """One flow of an enforced policy. `number` keeps its packets apart from other flows'."""

    enforced: Enforced
    policy: Policy
    flow: Flow
    number: int

    def allows(self, flow: Flow) -> bool:
        return decide(self.policy, flow).verdict is Verdict.ALLOW

    def forth(self, packet: Ip) -> Seen:
        return self.enforced.send(self.flow.subject.name, self.flow.direction, packet)

    def back(self, packet: Ip) -> Seen:
        return self.enforced.send(self.flow.subject.name, _OTHER[self.flow.direction], packet)

    def answer(self) -> Flow:
        """The reply as a flow of its own, which it is where nothing is remembered."""
        port = self.flow.port
        if self.flow.protocol in _PORTS:
            port = 40000 + self.number
        elif self.flow.protocol in (1, 58) and port:
            port = (0 if self.flow.family == 4 else 129) << 8
        return replace(self.flow, direction=_OTHER[self.flow.direction], port=port)

    def error(self) -> Flow:
        """An ICMP error from the other side as a flow of its own."""
        protocol, port = (1, 3 << 8 | 3) if self.flow.family == 4 else (58, 1 << 8 | 4)
        return replace(
            self.flow, direction=_OTHER[self.flow.direction], protocol=protocol, port=port
        )

    @property
    def portless(self) -> str:
        """The protocol, where neither ports nor an identifier tell its connections apart."""
        echo = self.flow.protocol == (1 if self.flow.family == 4 else 58)
        return "" if echo or self.flow.protocol in _PORTS else f"protocol {self.flow.protocol}"

    @property
    def remembered(self) -> bool:
        """Of ICMP only an echo request opens a connection."""
        own = self.flow.protocol == (1 if self.flow.family == 4 else 58)
        return not own or self.flow.port == (8 if self.flow.family == 4 else 128) << 8


def check_reply(case: Case, allowed: bool) -> None:
    packet = reply(case.flow, case.number)
    if packet is None:
        return
    seen = case.back(packet)
    if allowed:
        assert seen.reason is PacketReason.PASS_REPLY, (case.flow, seen)
    else:
        assert seen.passed is case.allows(case.answer()), (case.flow, seen)
    CHECKED[f"reply {'of allowed' if allowed else 'of denied'}"] += 1


def check_related(case: Case, allowed: bool) -> None:
    source, target = (case.flow.peer, case.flow.subject)
    if case.flow.direction is Direction.INGRESS:
        source, target = target, source
    error = ip(str(source.address), str(target.address)).error(opening(case.flow, case.number))
    seen = case.back(error)
    if allowed and case.remembered:
        assert seen.reason is PacketReason.PASS_RELATED, (case.flow, seen)
    else:
        assert seen.passed is case.allows(case.error()), (case.flow, seen)
    CHECKED[f"error about {'allowed' if allowed else 'denied'}"] += 1


def check_expiry(case: Case, allowed: bool) -> None:
    packet = reply(case.flow, case.number)
    if not allowed or packet is None:
        return
    case.enforced.age(8 * _HOUR_IN_TICKS)
    seen = case.back(packet)
    assert seen.passed is case.allows(case.answer()), (case.flow, seen)
    assert seen.reason is not PacketReason.PASS_REPLY
    CHECKED["reply after expiry"] += 1


def check_fragments(case: Case, allowed: bool) -> None:
    whole = opening(case.flow, case.number)
    if whole.source.version == 6 and whole.protocol == 58 and 130 <= case.flow.port >> 8 <= 143:
        return  # multicast listeners and neighbour discovery
    whole = replace(whole, payload=whole.payload + bytes(-len(whole.payload) % 8 + 64))
    first, later = fragments(whole, 0x4000 + case.number, len(whole.payload) - 16)
    case.enforced.forget()
    assert case.forth(later).reason is PacketReason.DROP_FRAGMENT, case.flow
    assert case.forth(first).passed is allowed, case.flow
    assert case.forth(later).passed is allowed, case.flow
    CHECKED["fragments"] += 1


def check_spoof(case: Case) -> None:
    if case.flow.direction is Direction.EGRESS:
        assert case.flow.peer.address is not None
        packet = replace(opening(case.flow, case.number), source=case.flow.peer.address)
        assert case.forth(packet).reason is PacketReason.DROP_SPOOFED, case.flow
        CHECKED["spoofed"] += 1


def continuing(case: Case) -> Ip:
    """A later packet of the flow: TCP has its handshake behind it."""
    packet = opening(case.flow, case.number)
    if case.flow.protocol != 6:
        return packet
    return replace(packet, payload=b"").tcp(40000 + case.number, case.flow.port, "A", seq=2, ack=2)


def check_change(cases: list[Case], after: Policy) -> None:
    """Connections of a policy under the next one: allowed goes on, denied is cut."""
    enforced = cases[0].enforced
    enforced.forget()
    # Protocols without ports have one connection between two addresses, whoever began it.
    apart = {(c.flow.subject, c.flow.peer, c.portless or c.number): c for c in cases}
    open_ = [
        c for c in apart.values() if c.remembered and c.forth(opening(c.flow, c.number)).passed
    ]
    enforced.replace(compiled(after))
    for case in open_:
        allowed = decide(after, case.flow).verdict is Verdict.ALLOW
        seen = case.forth(continuing(case))
        wanted = PacketReason.PASS_ESTABLISHED if allowed else PacketReason.DROP_POLICY_CHANGED
        assert seen.reason is wanted, (case.flow, seen)
        CHECKED[f"{'kept' if allowed else 'cut'} by a policy change"] += 1
        if not allowed and case.flow.protocol != 6:
            assert not case.forth(continuing(case)).passed, case.flow


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Policy, Policy, tuple[Party, ...], int]:
    policy = draw(policies(SHAPE))
    return policy, draw(policies(SHAPE)), draw(inventories(policy)), draw(st.integers(0, 2**32))


@settings(
    max_examples=POLICIES,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
    database=None,
)
@given(worlds())
def check_state(world: tuple[Policy, Policy, tuple[Party, ...], int]) -> None:
    policy, after, parties, chosen = world
    inventory = two_families(inventory_of(parties))
    if not inventory.endpoints:
        return
    addresses = peers_of(parties, inventory)
    with Enforced(compiled(policy), inventory) as enforced:
        cases = [
            Case(enforced, policy, flow, number)
            for number, flow in enumerate(flows_of(policy, inventory, addresses, chosen, FLOWS), 1)
        ]
        for case in cases:
            for check in (check_reply, check_related, check_expiry):
                enforced.forget()
                allowed = case.forth(opening(case.flow, case.number)).passed
                check(case, allowed)
            check_fragments(case, case.allows(case.flow))
            check_spoof(case)
        if cases:
            check_change(cases, after)


def test_what_is_remembered_follows_from_decide() -> None:
    """Worlds are drawn until each kind of case was seen often: some draws allow little."""
    CHECKED.clear()
    for _ in range(ROUNDS):
        check_state()
        if len(CHECKED) == 9 and min(CHECKED.values()) >= POLICIES // 2:
            break
    print()
    for what, number in sorted(CHECKED.items()):
        print(f"{what:24} {number}")
    assert len(CHECKED) == 9 and min(CHECKED.values()) >= POLICIES // 2, CHECKED
