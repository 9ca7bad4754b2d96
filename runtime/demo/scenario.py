"""The demo: a shop on one node, its policy on real packets, and a tighter policy put in under traffic."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import product
from os import getpid
from pathlib import Path

from cpc.compiler.artifact import DEFAULT_TARGET, Artifact, RuleEntry
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Options, compile_policy, front
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Entity, Policy
from cpc.compiler.timings import Timings
from cpc.runtime.demo.expect import Expectation, expect, expect_between
from cpc.runtime.demo.flood import Flood
from cpc.runtime.demo.probe import Probe, Service, listening, observe
from cpc.runtime.demo.topology import Host, Topology, topology
from cpc.runtime.events import Event
from cpc.runtime.load import load, unload
from cpc.runtime.maps import Address
from cpc.runtime.monitor import monitor
from cpc.runtime.replace import Report, replace_policy

__all__ = ["SERVICES", "Cell", "Demo", "Traffic", "run_demo"]

SERVICES = (
    *(Service("tcp", port) for port in (22, 80, 443, 5432, 8080, 9091)),
    Service("udp", 8125),
    Service("ping"),
)
"""What every host is asked for."""

OUTSIDE = (
    Host("office", "office0", (ip_address("198.51.100.10"), ip_address("2001:db8:1::10")), True),
    Host(
        "stranger", "stranger0", (ip_address("203.0.113.66"), ip_address("2001:db8:bad::66")), True
    ),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One probe: what the policy says, what was seen, and the rule that the kernel's event names."""

    probe: Probe
    expected: Expectation
    observed: bool
    kernel: str

    @property
    def right(self) -> bool:
        """Whether the packets and the event say what the policy says."""
        return self.observed == self.expected.allowed and self.kernel == self.expected.rule()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Numbered packets of one flow while the policy was replaced."""

    name: str
    expected: str
    sent: int
    received: int

    @property
    def right(self) -> bool:
        return self.received == (self.sent if self.expected == "all" else 0)


@dataclass(slots=True)
class Demo:
    """What happened."""

    before: list[Cell] = field(default_factory=list)
    after: list[Cell] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    replaced: Report | None = None

    @property
    def right(self) -> bool:
        """Whether everything was as the policies say."""
        cells = (*self.before, *self.after)
        return all(cell.right for cell in cells) and all(flow.right for flow in self.traffic)


@dataclass(frozen=True, slots=True)
class _Compiled:
    policy: Policy
    artifact: Artifact


def run_demo(folder: Path, timings: Timings, say: Callable[[str], None]) -> Demo:
    """The whole demo over the policies and the inventory in `folder`; `say` hears each step.

    InputError where a policy has errors or the machine lacks something; nothing is left behind.
    """
    inventory_path = str(folder / "inventory.yaml")
    say("check and compile policy.cil and policy-locked.cil")
    first, inventory = _compile(folder / "policy.cil", inventory_path, timings)
    locked, _ = _compile(folder / "policy-locked.cil", inventory_path, timings)
    hosts = [
        *(Host(e.name, str(e.interface), e.addresses) for e in inventory.endpoints),
        *OUTSIDE,
    ]
    gateways = dict(inventory.entities)[Entity.HOST]
    instance = f"demo-{getpid()}"
    demo = Demo()
    say("build five hosts around a node, in network namespaces")
    with topology(hosts, gateways) as built:
        with built.node.entered():
            say("load it: two programs for each endpoint, on tcx hooks")
            load(first.artifact, inventory, instance)
        with _watching(instance) as events:
            try:
                probes = _probes(hosts)
                say(f"send {len(probes)} probes: TCP, UDP and ping, IPv4 and IPv6")
                demo.before = _matrix(built, first.policy, inventory, probes, events, 1)
                say("replace the policy under traffic")
                with built.node.entered():
                    _swap(demo, built, (first, locked), inventory, instance)
                say("send the probes again")
                demo.after = _matrix(built, locked.policy, inventory, probes, events, 2)
            finally:
                say("unload it and remove everything")
                unload(instance)
    return demo


def _compile(path: Path, inventory: str, timings: Timings) -> tuple[_Compiled, Inventory]:
    read = front([str(path)], Options(inventory=(inventory,)), timings)
    artifact, found = compile_policy(read, DEFAULT_TARGET, timings)
    if read.policy is None or read.inventory is None or artifact is None:
        raise InputError(*read.diagnostics, *found)
    return _Compiled(read.policy, artifact), read.inventory


def _probes(hosts: Sequence[Host]) -> list[Probe]:
    """Every host to every other, for every service, in both families; not from outside to outside."""
    return [
        Probe(source.name, target.name, from_, to, service)
        for source, target in product(hosts, hosts)
        if source is not target and not (source.outside and target.outside)
        for from_, to in product(source.addresses, target.addresses)
        if from_.version == to.version
        for service in SERVICES
    ]


@contextmanager
def _watching(instance: str) -> Iterator[list[Event]]:
    """Events of the instance, collected until it is unloaded."""
    events: list[Event] = []
    ready = threading.Event()

    def watch() -> None:
        source = monitor(instance, started=ready.set)
        events.extend(source)

    thread = threading.Thread(target=watch)
    thread.start()
    ready.wait(5)
    try:
        yield events
    finally:
        thread.join()


def _matrix(
    built: Topology,
    policy: Policy,
    inventory: Inventory,
    probes: Sequence[Probe],
    events: Sequence[Event],
    generation: int,
) -> list[Cell]:
    with listening(built, SERVICES):
        observed = observe(built, probes)
    named = _named(events, generation)
    return [
        Cell(
            probe,
            expect(policy, inventory, probe),
            seen,
            named.get((probe.source_address, probe.address, probe.service), "no event"),
        )
        for probe, seen in zip(probes, observed, strict=True)
    ]


def _named(events: Sequence[Event], generation: int) -> dict[tuple[Address, Address, Service], str]:
    """The rule that the last hook asked decided by, for each connection: a drop is the last word."""
    named: dict[tuple[Address, Address, Service], str] = {}
    for event in events:
        raw = event.raw
        service = _service(event)
        if raw.generation != generation or service is None:
            continue
        if raw.source is None or raw.destination is None or event.rule is None:
            continue
        named[raw.source, raw.destination, service] = _shown(event.rule)
    return named


def _shown(rule: RuleEntry) -> str:
    return f"{rule.name} ({Path(rule.file).name}:{rule.line})" if rule.file else str(rule.reason)


def _service(event: Event) -> Service | None:
    match event.raw.protocol:
        case 6:
            return Service("tcp", event.raw.destination_port)
        case 17:
            return Service("udp", event.raw.destination_port)
        case 1 | 58:
            return Service("ping")
        case _:
            return None


def _swap(
    demo: Demo,
    built: Topology,
    policies: tuple[_Compiled, _Compiled],
    inventory: Inventory,
    instance: str,
) -> None:
    """Replaces the first policy by the second while flows run that both allow, and that both deny."""
    floods = []
    for source, target, port in (("orders", "web", 8125), ("web", "db", 8125)):
        for from_, to in zip(
            built.hosts[source].addresses, built.hosts[target].addresses, strict=True
        ):
            verdicts = {
                expect_between(c.policy, inventory, from_, to, Service("udp", port)).allowed
                for c in policies
            }
            assert len(verdicts) == 1
            name = f"{source} -> {target} udp/{port} IPv{to.version}"
            flood = Flood(built, source, target, to, port)
            floods.append((name, "all" if verdicts.pop() else "none", flood))
    with ExitStack() as running:
        for _, _, flood in floods:
            running.enter_context(flood)
        demo.replaced = replace_policy(policies[1].artifact, None, instance)
    demo.traffic = [
        Traffic(name, expected, flood.sent, len(flood.received)) for name, expected, flood in floods
    ]
