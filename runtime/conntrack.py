"""The connections of an instance: read, swept, forgotten."""

import time
from collections.abc import Iterator
from enum import IntEnum

from msgspec import Struct

from cpc.runtime.bpf import Map
from cpc.runtime.maps import CONNECTION, CONNECTION_KEY, Address, unpack_address
from cpc.runtime.state import Instance

__all__ = ["LIFETIMES", "Connection", "ConnectionState", "connections", "flush", "now", "sweep"]

_TICK_SHIFT = 30


class ConnectionState(IntEnum):
    """enum cpc_connection_state of conntrack.h."""

    OPEN = 0
    SYN = 1
    ESTABLISHED = 2
    CLOSING = 3


LIFETIMES = {
    ConnectionState.OPEN: 60,
    ConnectionState.SYN: 60,
    ConnectionState.ESTABLISHED: 21600,
    ConnectionState.CLOSING: 10,
}
"""Seconds without a packet after which a connection is as if it were not there."""


class Connection(Struct, frozen=True):
    """One entry, as its endpoint sees it; `idle` in seconds, to about one. Ports of pings: the
    identifier stands on the side that asked."""

    local: Address
    remote: Address
    local_port: int
    remote_port: int
    protocol: int
    family: int
    direction: str
    state: ConnectionState
    generation: int
    site: int
    idle: float

    @property
    def alive(self) -> bool:
        return self.idle <= LIFETIMES[self.state]


def now() -> int:
    """The datapath's clock, in ticks."""
    return (time.clock_gettime_ns(time.CLOCK_MONOTONIC) >> _TICK_SHIFT) & 0xFFFFFFFF


def _ticks(seconds: int) -> int:
    return (seconds * 10**9 >> _TICK_SHIFT) + 1


def _age(value: bytes) -> int:
    """Ticks since the last packet; below 0 where another CPU's clock was ahead."""
    seen: int = CONNECTION.unpack(value)[1]
    age = (now() - seen) & 0xFFFFFFFF
    return age - (1 << 32) if age >> 31 else age


def decode(key: bytes, value: bytes) -> Connection:
    """One entry of the table."""
    local, remote, local_port, remote_port, protocol, family, _ = CONNECTION_KEY.unpack(key)
    generation, _, _, site, _, _, direction, state, _, _ = CONNECTION.unpack(value)
    return Connection(
        local=unpack_address(local, family),
        remote=unpack_address(remote, family),
        local_port=int.from_bytes(local_port, "big"),
        remote_port=int.from_bytes(remote_port, "big"),
        protocol=protocol,
        family=family,
        direction="egress" if direction else "ingress",
        state=ConnectionState(state),
        generation=generation,
        site=site,
        idle=max(0, _age(value)) * (1 << _TICK_SHIFT) / 1e9,
    )


def _table(instance: str) -> Map:
    place = Instance(instance)
    place.current()
    return Map.pinned(place.shared / "connections")


def connections(instance: str = "node") -> Iterator[Connection]:
    """Every entry, also those that expired and were not met since."""
    with _table(instance) as table:
        for key, value in table.items():
            yield decode(key, value)


def sweep(instance: str = "node") -> int:
    """Removes what expired, and how much that was. The datapath does not need it: the table does."""
    removed = 0
    with _table(instance) as table:
        for key, value in table.items():
            state = ConnectionState(CONNECTION.unpack(value)[7])
            # A packet may touch the entry meanwhile: a tick of grace, then it is told apart by chance
            # once in hours, and decided by the policy again.
            if _age(value) > _ticks(LIFETIMES[state]) + 1:
                removed += table.delete(key)
    return removed


def flush(instance: str = "node") -> int:
    """Forgets every connection: their next packets are new to the policy."""
    with _table(instance) as table:
        return sum(table.delete(key) for key in list(table.keys()))
