"""A demo: endpoints on one node, their policy on real packets, and a tighter one put in under traffic."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from os import getpid
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from cpc.compiler.artifact import DEFAULT_TARGET, Artifact, RuleEntry
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Options, compile_policy, front
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Entity, Policy
from cpc.compiler.timings import Timings
from cpc.runtime.demo.expect import Expectation, expect, expect_between, shown
from cpc.runtime.demo.flood import Flood
from cpc.runtime.demo.probe import Probe, Service, listening, observe
from cpc.runtime.demo.scenes import Scene
from cpc.runtime.demo.topology import Host, Topology, topology
from cpc.runtime.events import Event
from cpc.runtime.load import load, unload
from cpc.runtime.maps import Address
from cpc.runtime.monitor import monitor
from cpc.runtime.replace import Report, replace_policy

__all__ = ["Cell", "Demo", "Traffic", "run_demo"]


class Cell(Struct, frozen=True):
    """One probe: what the policy says, what was seen, and the rule that the kernel's event names."""

    probe: Probe
    expected: Expectation
    observed: bool
    kernel: str

    @property
    def right(self) -> bool:
        """Whether the packets and the event say what the policy says."""
        return self.observed == self.expected.allowed and self.kernel == self.expected.rule()


class Traffic(Struct, frozen=True):
    """Numbered packets of one flow while the policy was replaced."""

    name: str
    expected: str
    sent: int
    received: int

    @property
    def right(self) -> bool:
        return self.received == (self.sent if self.expected == "all" else 0)


class Demo(Struct):
    """What happened; `after` and `traffic` are empty in a scene of one policy."""

    scene: Scene
    before: list[Cell] = field(default_factory=list)
    after: list[Cell] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    replaced: Report | None = None

    @property
    def right(self) -> bool:
        """Whether everything was as the policies say."""
        cells = (*self.before, *self.after)
        return all(cell.right for cell in cells) and all(flow.right for flow in self.traffic)


class _Compiled(Struct, frozen=True):
    """A policy with the inventory that it was compiled for: every endpoint has an interface."""

    policy: Policy
    artifact: Artifact
    inventory: Inventory


def run_demo(scene: Scene, folder: Path, timings: Timings, say: Callable[[str], None]) -> Demo:
    """The whole demo over the files of a scene, which are in `folder`; `say` hears each step.

    InputError where a policy has errors or the machine lacks something; nothing is left behind.
    """
    say(f"check and compile {' and '.join(scene.policies)}")
    given = tuple(str(folder / name) for name in scene.inventories)
    compiled = [_compile(folder / name, given, timings) for name in scene.policies]
    first, inventory = compiled[0].policy, compiled[0].inventory
    hosts = [*(_host(e) for e in inventory.endpoints), *scene.outside]
    gateways = dict(inventory.entities)[Entity.HOST]
    instance = f"demo-{getpid()}"
    demo = Demo(scene)
    say(f"build {len(hosts)} hosts around a node, in network namespaces")
    with topology(hosts, gateways) as built:
        with built.node.entered():
            say("load it: two programs for each endpoint, on tcx hooks")
            load(compiled[0].artifact, inventory, instance)
        with _watching(instance) as events:
            try:
                probes = _probes(hosts, scene.services)
                say(f"send {len(probes)} probes: TCP, UDP and ping, IPv4 and IPv6")
                demo.before = _matrix(built, scene, first, inventory, probes, events, 1)
                if len(compiled) > 1:
                    say("replace the policy under traffic")
                    with built.node.entered():
                        _swap(demo, built, compiled, inventory, instance)
                    say("send the probes again")
                    then = compiled[-1].policy
                    demo.after = _matrix(built, scene, then, inventory, probes, events, 2)
            finally:
                say("unload it and remove everything")
                unload(instance)
    return demo


def _compile(path: Path, inventories: tuple[str, ...], timings: Timings) -> _Compiled:
    read = front([str(path)], Options(inventory=inventories), timings)
    artifact, found = compile_policy(read, DEFAULT_TARGET, timings)
    if read.policy is None or read.inventory is None or artifact is None:
        raise InputError(*read.diagnostics, *found)
    endpoints = tuple(
        replace(e, interface=e.interface or f"pod{number}")
        for number, e in enumerate(read.inventory.endpoints)
    )
    return _Compiled(read.policy, artifact, replace(read.inventory, endpoints=endpoints))


def _host(endpoint: Endpoint) -> Host:
    name = endpoint.name.rpartition("/")[2]
    return Host(name, str(endpoint.interface), endpoint.addresses)


def _probes(hosts: Sequence[Host], services: Sequence[Service]) -> list[Probe]:
    """Every host to every other, for every service, in both families; not from outside to outside."""
    return [
        Probe(source.name, target.name, from_, to, service)
        for source, target in product(hosts, hosts)
        if source is not target and not (source.outside and target.outside)
        for from_, to in product(source.addresses, target.addresses)
        if from_.version == to.version
        for service in services
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
    scene: Scene,
    policy: Policy,
    inventory: Inventory,
    probes: Sequence[Probe],
    events: Sequence[Event],
    generation: int,
) -> list[Cell]:
    with listening(built, scene.services):
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
    return shown(rule.name, rule.file, rule.line) if rule.file else str(rule.reason)


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
    policies: Sequence[_Compiled],
    inventory: Inventory,
    instance: str,
) -> None:
    """Replaces the first policy by the last while flows run that all of them allow, or all deny."""
    floods = []
    for source, target, port in demo.scene.floods:
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
        demo.replaced = replace_policy(policies[-1].artifact, None, instance)
    demo.traffic = [
        Traffic(name, expected, flood.sent, len(flood.received)) for name, expected, flood in floods
    ]
