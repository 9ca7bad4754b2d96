"""One policy, three readings: `decide`, the IR, and the program that is attached to the interface."""

from collections import Counter
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.artifact import Artifact, interpret, peer_bits, service_key, subject_bits
from cpc.compiler.codegen.build import build
from cpc.compiler.codegen.targets import DEFAULT_TARGET
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import ALL, Address, Direction, Isolation, Mode, Policy
from cpc.compiler.policy.semantics import Decision, Reason, Verdict
from cpc.compiler.timings import Timings
from cpc.compiler.verify.verified import verify
from cpc.runtime.reasons import PacketReason
from tests.agreement.flows import OUTCOMES, flows_of, outcome_of
from tests.agreement.world import Enforced, interfaces, inventory_of, opening
from tests.imports.kubernetes import hosts, imported, manifests, network_policies
from tests.nightly import times
from tests.policy.strategies import Shape, address_edges, inventories, origin, policies, port_edges

pytestmark = pytest.mark.kernel

POLICIES = times(510)
IMPORTED = times(64)
FLOWS = 48
"""Flows of each policy."""

SHAPE = Shape(
    names=False, staged=False, audits=False, modes=(*(Mode.DEFAULT, Mode.ALWAYS) * 8, Mode.NEVER)
)


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    with interfaces():
        yield


def compiled(policy: Policy) -> Artifact:
    """The artifact of a policy in which `default allow` for everybody covers every rule."""
    opens = tuple(Isolation(d, ALL, False, origin(900)) for d in Direction)
    verified, diagnostics = verify(replace(policy, open_defaults=opens))
    assert verified is not None, diagnostics
    return build(verified, DEFAULT_TARGET, Timings())


def two_families(inventory: Inventory) -> Inventory:
    """Every endpoint with one more address, of the other family."""
    others: dict[int, str] = {4: "2001:db8:ffff::{}", 6: "100.64.0.{}"}
    return replace(
        inventory,
        endpoints=tuple(
            replace(
                e,
                addresses=(
                    *e.addresses,
                    ip_address(others[e.addresses[0].version].format(number)),
                ),
            )
            for number, e in enumerate(inventory.endpoints, 1)
        ),
    )


def place(decision: Decision) -> tuple[str, int, int] | None:
    """Where the deciding statement stands."""
    if decision.rule is None:
        return None
    return decision.rule.span.file, decision.rule.span.line, decision.rule.span.column


def check_ir(artifact: Artifact, flow: Flow, decision: Decision) -> None:
    """The interpreter says what `decide` says, verdict and rule."""
    program = artifact.program
    outcome = interpret(
        program,
        flow.direction,
        subject_bits(program, flow.subject),
        peer_bits(program, flow.peer),
        service_key(flow.family, flow.protocol, flow.port),
    )
    entry = program.rules[outcome.rule]
    named = (entry.file, entry.line, entry.column) if entry.file else None
    assert (outcome.verdict, named) == (decision.verdict, place(decision)), flow


def peers_of(parties: Sequence[Party], inventory: Inventory) -> list[Address]:
    """Every address that somebody has."""
    own = [a for e in inventory.endpoints for a in e.addresses]
    return [*own, *(p.address for p in parties if p.address is not None and p.address not in own)]


HISTOGRAM: Counter[str] = Counter()
TOTAL: Counter[str] = Counter()


@st.composite
def imported_worlds(draw: st.DrawFn) -> tuple[Policy, tuple[Party, ...]]:
    """NetworkPolicies as they are imported, pods of their namespaces, addresses at their edges."""
    pods = [pod.party() for pod in draw(manifests())]
    parties = (*pods, *(host.party() for host in hosts()))
    return imported(draw(network_policies()), inventory_of(parties)), parties


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Policy, tuple[Party, ...], int]:
    policy = draw(policies(SHAPE))
    return policy, draw(inventories(policy)), draw(st.integers(0, 2**32))


def drawn(number: int) -> settings:
    """So many examples, each a world of its own."""
    return settings(
        max_examples=number,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        database=None,
    )


@drawn(POLICIES)
@given(worlds())
def check_agreement(world: tuple[Policy, tuple[Party, ...], int]) -> None:
    agree(*world)


@drawn(IMPORTED)
@given(imported_worlds(), st.integers(0, 2**32))
def check_imported(world: tuple[Policy, tuple[Party, ...]], chosen: int) -> None:
    agree(*world, chosen)


def agree(policy: Policy, parties: tuple[Party, ...], chosen: int) -> None:
    """The three readings say the same of flows of a policy, and what they say is counted."""
    inventory = two_families(inventory_of(parties))
    if not inventory.endpoints:
        return
    artifact = compiled(policy)
    addresses = peers_of(parties, inventory)
    edges, borders = set(port_edges(policy.rules)), address_edges(policy)
    TOTAL["policies"] += 1
    with Enforced(artifact, inventory) as enforced:
        for number, flow in enumerate(flows_of(policy, inventory, addresses, chosen, FLOWS), 1):
            decision = decide(policy, flow)
            if decision.reason is not Reason.SELF:
                check_ir(artifact, flow, decision)
            enforced.forget()
            seen = enforced.send(flow.subject.name, flow.direction, opening(flow, number))
            allowed = decision.verdict is Verdict.ALLOW
            assert (seen.passed, seen.rule) == (allowed, place(decision)), (flow, decision, seen)
            assert seen.reason in (PacketReason.PASS_NEW, PacketReason.DROP_POLICY)
            TOTAL["flows"] += 1
            TOTAL["ports at an edge"] += (flow.protocol, flow.port) in edges
            TOTAL["peers at an edge"] += flow.peer.address in borders
            HISTOGRAM.update(outcome_of(policy, flow, decision))


def test_decide_the_ir_and_the_attached_program_agree() -> None:
    """Random policies, inventories and packets; every part of a policy decides its share of flows."""
    HISTOGRAM.clear()
    TOTAL.clear()
    check_agreement()
    print(f"\n{TOTAL['policies']} policies, {TOTAL['flows']} flows")
    for where in ("ports at an edge", "peers at an edge"):
        print(f"{where} {TOTAL[where] / TOTAL['flows']:.1%}")
    for outcome in OUTCOMES:
        share = HISTOGRAM[outcome] / TOTAL["flows"]
        print(f"{outcome:14} {HISTOGRAM[outcome]:7} {share:6.1%} {'#' * round(share * 100)}")
    assert TOTAL["policies"] >= times(500) and TOTAL["flows"] >= times(20_000)
    assert TOTAL["ports at an edge"] >= 0.5 * TOTAL["flows"]
    assert TOTAL["peers at an edge"] >= 0.5 * TOTAL["flows"]
    assert all(HISTOGRAM[outcome] >= 0.03 * TOTAL["flows"] for outcome in OUTCOMES)


def test_imported_policies_agree_too() -> None:
    """NetworkPolicies as they are imported, each flow held by the same three readings."""
    TOTAL.clear()
    check_imported()
    print(f"\n{TOTAL['policies']} imported policies, {TOTAL['flows']} flows")
    assert TOTAL["policies"] >= 0.9 * IMPORTED and TOTAL["flows"] >= 30 * TOTAL["policies"]
