"""Generated C with one fault: each mutant is refuted by a packet, or agrees on every flow that differs.

The policy's selectors and ports cut all flows into finitely many kinds. `UNIVERSE` has a party for each
kind that can exist, and every service on either side of each boundary, so a mutant that agrees on all of
its flows is equivalent to the program: nothing is left undecided.
"""

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from itertools import product
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.artifact import Artifact
from cpc.compiler.codegen.clang import find_clang, flags_for
from cpc.compiler.codegen.targets import DEFAULT_TARGET
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Front, Options, compile_policy, front
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Label
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Direction, Entity
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.timings import Timings
from tests.agreement.mutate import Kind, Mutant, mutants
from tests.agreement.world import Enforced, interfaces, opening
from tests.nightly import NIGHTLY
from tests.packets import Ip

pytestmark = pytest.mark.kernel

SOURCE = Path(__file__).parent / "mutants.cil"
LABELS = ("app=web", "tag=1", "safe=1")
"""What the policy's label selectors ask; every subset is an endpoint."""

HOSTS = 58
"""Addresses of the list `hosts`: so many that the peers' bits fill more than one word."""

EXTERNAL = (
    *("10.0.0.1", "10.1.0.1", "8.8.8.8", "192.0.2.1", "2001:db8::1", "2001:db9::1"),
    *(f"192.0.2.{2 * number}" for number in range(HOSTS)),
)
PER_KIND = 40
"""Mutants of one kind that a run tries, about."""

FOREIGN = {4: (58, 0), 6: (1, 0)}
"""Each family's ICMP in the other, where it is a protocol like any."""

ODD = ((0, 0), (47, 0), (255, 0))
"""(protocol, port) of protocols that no rule names."""


class Known(Struct, frozen=True):
    """One flow, its packet, and what the policy says: whether it passes and the rule's line."""

    endpoint: str
    direction: Direction
    packet: Ip
    passes: bool
    line: int | None


def _labels(number: int) -> tuple[Label, ...]:
    chosen = [text.split("=") for i, text in enumerate(LABELS) if number >> i & 1]
    return tuple(sorted(Label("k8s", key, value) for key, value in chosen))


def _inventory() -> Inventory:
    """An endpoint for each label set; those that differ as subjects have an interface."""
    endpoints = []
    for number in range(2 ** len(LABELS)):
        interface = f"end{number}" if number < 4 else None
        addresses = (ip_address(f"10.9.0.{number + 1}"), ip_address(f"fd09::{number + 1}"))
        endpoints.append(Endpoint(f"e{number}", _labels(number), addresses, (), interface))
    return Inventory(
        (ip_network("10.9.0.0/16"), ip_network("fd09::/64")),
        (
            (Entity.HOST, (ip_address("10.9.1.1"), ip_address("fd09::ffff"))),
            (Entity.REMOTE_NODE, (ip_address("10.9.1.2"),)),
        ),
        tuple(endpoints),
    )


def _services(artifact: Artifact, family: int) -> list[tuple[int, int]]:
    """(protocol, port) of a family on both sides of every boundary of both decisions."""
    program = artifact.program
    starts = {s for d in (program.ingress, program.egress) for s in d.starts}
    found = {FOREIGN[family], *ODD}
    for key in (key for start in starts for key in (start - 1, start, start + 1)):
        protocol, port = key >> 16, key & 0xFFFF
        own = protocol in (6, 17, 132) or protocol == (1 if family == 4 else 58)
        if 0 <= protocol <= 255:
            found.add((protocol, port if own else 0))
    if family == 6:  # these are no upper-layer protocols there
        found = {service for service in found if service[0] not in (0, 43, 44, 60)}
    return sorted(found)


def _universe(read: Front, artifact: Artifact, inventory: Inventory) -> list[Known]:
    assert read.policy is not None
    addresses = [a for e in inventory.endpoints for a in e.addresses]
    addresses += [a for _, listed in inventory.entities for a in listed]
    addresses += [ip_address(a) for a in (*EXTERNAL, "10.9.200.1")]
    known: dict[tuple[str, Direction, bytes], Known] = {}
    subjects = [(e, a) for e in inventory.endpoints if e.interface for a in e.addresses]
    services = {family: _services(artifact, family) for family in (4, 6)}
    pairs = [
        (e, own, a)
        for (e, own), a in product(subjects, addresses)
        if own.version == a.version and a not in e.addresses
    ]
    for (endpoint, own, address), direction in product(pairs, Direction):
        peer = inventory.party_of(address)
        for protocol, port in services[own.version]:
            flow = Flow(endpoint.party(own), peer, direction, own.version, protocol, port)
            decision = decide(read.policy, flow)
            line = decision.rule.span.line if decision.rule else None
            packet = opening(flow, 1)
            known[endpoint.name, direction, packet.frame()] = Known(
                endpoint.name, direction, packet, decision.verdict is Verdict.ALLOW, line
            )
    return list(known.values())


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    with interfaces():
        yield


class Bench(Struct, frozen=True):
    """The program, everything that it is asked, and how to try a mutant of it."""

    artifact: Artifact
    inventory: Inventory
    universe: list[Known]

    def files(self) -> dict[str, str]:
        return {"policy.bpf.c": self.artifact.source, **dict(self.artifact.library)}

    def broken(self, mutant: Mutant) -> Artifact | None:
        """The artifact of a mutant; None where clang refuses it."""
        files = {**self.files(), mutant.file: mutant.text}
        # A slip may leave a variable unused: that is not what finds it here.
        flags = [f for f in flags_for(self.artifact.target) if f != "-Werror"]
        try:
            return replace(self.artifact, object=find_clang().compile(files, flags))
        except InputError:
            return None

    def refutation(self, artifact: Artifact) -> Known | None:
        """The first flow on which an artifact differs from the policy."""
        with Enforced(artifact, self.inventory) as enforced:
            for known in self.universe:
                if known.packet.protocol != 6:  # a SYN is the policy's, whatever is remembered
                    enforced.forget()
                seen = enforced.send(known.endpoint, known.direction, known.packet)
                line = seen.rule[1] if seen.rule else None
                if (seen.passed, line) != (known.passes, known.line):
                    return known
        return None


@pytest.fixture(scope="module")
def bench() -> Bench:
    timings = Timings()
    read = front([str(SOURCE)], Options(), timings)
    artifact, diagnostics = compile_policy(read, DEFAULT_TARGET, timings)
    assert artifact is not None, [*read.diagnostics, *diagnostics]
    inventory = _inventory()
    return Bench(artifact, inventory, _universe(read, artifact, inventory))


def test_the_program_itself_agrees_on_the_whole_universe(bench: Bench) -> None:
    assert bench.artifact.program.words == 2
    assert bench.refutation(bench.artifact) is None
    passing = sum(known.passes for known in bench.universe)
    assert 1000 < passing < len(bench.universe) - 1000


def _chosen(every: Iterator[Mutant]) -> list[Mutant]:
    """All of them nightly; else the same few hundred of each run, of every kind."""
    found = list(every)
    if NIGHTLY:
        return found
    sizes = Counter(mutant.kind for mutant in found)
    numbers: Counter[Kind] = Counter()
    chosen = []
    for mutant in found:
        numbers[mutant.kind] += 1
        if numbers[mutant.kind] % max(1, sizes[mutant.kind] // PER_KIND) == 0:
            chosen.append(mutant)
    return chosen


def test_every_mutant_is_refuted_or_equivalent(bench: Bench) -> None:
    refuted: Counter[Kind] = Counter()
    equivalent: Counter[Kind] = Counter()
    refused: Counter[Kind] = Counter()
    for mutant in _chosen(mutants(bench.files())):
        artifact = bench.broken(mutant)
        if artifact is None:
            refused[mutant.kind] += 1
        elif artifact.object == bench.artifact.object:
            equivalent[mutant.kind] += 1
        else:
            try:
                found = bench.refutation(artifact)
            except InputError:
                refused[mutant.kind] += 1
                continue
            (equivalent if found is None else refuted)[mutant.kind] += 1
            if found is None:
                print("equivalent:", mutant.kind, mutant.what)
    print(f"\n{len(bench.universe)} flows")
    print(f"{'':10} refuted  equivalent  does not compile or load")
    for kind in Kind:
        print(f"{kind:10} {refuted[kind]:7} {equivalent[kind]:11} {refused[kind]:7}")
    assert refuted.total() >= 100
    assert all(refuted[kind] for kind in Kind)
