"""A policy really enforced, on no network but its own: packets are bytes, and nothing is sent."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import count
from typing import Self

from msgspec import Struct, field
from pyroute2 import IPRoute

from cpc.compiler.artifact import Artifact, Endpoint, Entity, Inventory, Party
from cpc.runtime.attach import HOOKS, Side
from cpc.runtime.bpf import Map, Program, Ring
from cpc.runtime.demo.namespaces import Namespace
from cpc.runtime.events import Event, Namer, decode
from cpc.runtime.load import load, unload
from cpc.runtime.maps import CONNECTION, U32, Address
from cpc.runtime.monitor import Tell
from cpc.runtime.plan import Sizes
from cpc.runtime.reasons import PacketReason
from cpc.runtime.replace import replace_policy
from cpc.runtime.state import Instance
from cpc.runtime.testrun import attached, try_packet

__all__ = ["ENDPOINTS", "Enforced", "Seen", "interfaces", "inventory_of"]

ENDPOINTS = 4
"""Endpoints that may have programs."""

_instances = count()
_SIZES = Sizes(connections=1024, fragments=256, events=1 << 16)


@contextmanager
def interfaces() -> Iterator[None]:
    """A namespace of our own with interfaces `end0`, `end1`, ...; the thread is in it."""
    with Namespace.create("rehearsal") as space, space.entered():
        with IPRoute() as route:
            for number in range(ENDPOINTS):
                route.link("add", ifname=f"end{number}", kind="veth", peer=f"far{number}")
        yield


def inventory_of(parties: Sequence[Party]) -> Inventory:
    """The inventory in which each party is what it is: `party_of` gives its facts back.

    Each has an address. Endpoints have the interfaces `end0`, `end1`, ... in order.
    """
    endpoints: list[Endpoint] = []
    entities: dict[Entity, list[Address]] = {}
    cluster: list[IPv4Network | IPv6Network] = []
    for party in parties:
        assert party.address is not None
        listed = party.entities - {Entity.WORLD, Entity.INIT}
        for entity in listed:
            entities.setdefault(entity, []).append(party.address)
        if not party.managed and not party.entities:
            cluster.append(ip_network(party.address))
        if party.managed and not listed:
            endpoints.append(
                Endpoint(
                    party.name,
                    tuple(sorted(party.labels)),
                    (party.address,),
                    tuple(sorted(party.ports)),
                    f"end{len(endpoints)}",
                )
            )
    return Inventory(
        tuple(cluster),
        tuple((entity, tuple(addresses)) for entity, addresses in sorted(entities.items())),
        tuple(endpoints),
    )


class Seen(Struct, frozen=True):
    """What became of one packet: whether it went on, why, and the event with its rule."""

    passed: bool
    reason: PacketReason
    event: Event

    @property
    def rule(self) -> tuple[str, int, int] | None:
        """(file, line, column) of the statement that the event names; None for mode and host."""
        named = self.event.rule
        return (named.file, named.line, named.column) if named and named.file else None


class Enforced(Struct, dict=True):
    """An artifact loaded and attached for an inventory. A context manager."""

    artifact: Artifact
    inventory: Inventory
    instance: str = field(default_factory=lambda: f"rehearsal-{os.getpid()}-{next(_instances)}")

    def __enter__(self) -> Self:
        load(self.artifact, self.inventory, self.instance, sizes=_SIZES)
        self._held = ExitStack()
        self._held.callback(unload, self.instance)
        try:
            self._open()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _open(self) -> None:
        place = Instance(self.instance)
        self._events = self._held.enter_context(Map.pinned(place.shared / "events"))
        self._ring = self._held.enter_context(Ring(self._events))
        self._connections = self._held.enter_context(Map.pinned(place.shared / "connections"))
        with Map.pinned(place.shared / "control") as control:
            control.update(U32.pack(0), U32.pack(Tell.ALL))
        self._find()

    def _find(self) -> None:
        """The programs that are attached now."""
        place = Instance(self.instance)
        self._namer = Namer(lambda number: place.read(number))
        self._programs: dict[tuple[str, Side], Program] = {}
        for endpoint in (e for e in self.inventory.endpoints if e.interface is not None):
            for hook in HOOKS:
                program = attached(self.instance, endpoint.name, hook.side)
                self._programs[endpoint.name, hook.side] = self._held.enter_context(program)

    def replace(self, artifact: Artifact) -> None:
        """Another policy in place of this one; connections stay."""
        replace_policy(artifact, None, self.instance, grace=0.0)
        self._find()

    def give(self, endpoint: str, side: Side, frame: bytes) -> Seen:
        """A frame from an endpoint or to it, through the attached program."""
        tried = try_packet(self._programs[endpoint, side], frame)
        records = self._ring.poll(0)
        assert len(records) == 1, records
        event = self._namer.name(decode(records[0]))
        reason = event.raw.reason
        # What a cut connection's packet becomes goes on: it is a RST by then.
        assert reason.dropped is not tried.passed or reason is PacketReason.DROP_POLICY_CHANGED
        return Seen(not reason.dropped, reason, event)

    def age(self, ticks: int) -> None:
        """Makes every connection older."""
        for key, value in list(self._connections.items()):
            fields = list(CONNECTION.unpack(value))
            fields[1] = (fields[1] - ticks) % 2**32
            self._connections.update(key, CONNECTION.pack(*fields))

    def forget(self) -> None:
        """Removes every connection."""
        for key in list(self._connections.keys()):
            self._connections.delete(key)
