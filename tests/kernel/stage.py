"""The datapath on a bench: loaded with the hand-written policy, fed packets, asked what it did."""

import shutil
import struct
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Self

from msgspec import Struct

from cpc.runtime import maps
from cpc.runtime.bpf import BpfObject, Map, Program, Ring, Skb, run
from cpc.runtime.reasons import PacketReason

__all__ = [
    "ALLOWED",
    "DENIED",
    "ENDPOINT",
    "ICMP_ONLY",
    "OUT_ONLY",
    "PORTS_ONLY",
    "ROWS",
    "Outcome",
    "Stage",
    "compile_stub",
]

ROOT = Path(__file__).parents[2]

ENDPOINT = ("10.0.0.1", "10.0.0.101", "fd00::1")
"""The endpoint's addresses."""

ALLOWED = ("10.0.0.2", "fd00::2")
PORTS_ONLY = ("10.0.0.3", "fd00::3")
ICMP_ONLY = ("10.0.0.4", "fd00::4")
OUT_ONLY = ("10.0.0.5", "fd00::5")
DENIED = ("10.0.0.6", "fd00::6")
HOST = ("10.0.0.7", "fd00::7")
"""Peers by the bits that stub_policy.bpf.c gives a meaning to, one address of each family."""

CPC_IDENTITY_HOST = 1

ROWS = {ALLOWED: 1, PORTS_ONLY: 2, ICMP_ONLY: 4, OUT_ONLY: 8, DENIED: 0, HOST: 1}
WORDS = 2


def compile_stub(folder: Path, *, words: int = WORDS) -> bytes:
    """The object of the policy written by hand, over so many words of peer bits."""
    policy = ROOT / "tests/kernel/stub_policy.bpf.c"
    target = folder / "stub.o"
    clang = next(filter(None, map(shutil.which, ("clang-19", "clang-20", "clang"))))
    flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror"]
    flags.append(f"-DCPC_WORDS={words}")
    include = ["-I", str(ROOT / "templates/bpf"), "-I", "/usr/include/x86_64-linux-gnu"]
    subprocess.run(
        [clang, *flags, *include, "-c", str(policy), "-o", str(target)], check=True, timeout=60
    )
    return target.read_bytes()


class Event(Struct, frozen=True):
    """What the datapath told of a packet."""

    generation: int
    identity: int
    service_key: int
    site: int
    direction: int
    allowed: bool
    reason: PacketReason
    family: int
    protocol: int
    ports: tuple[int, int]


class Outcome(Struct, frozen=True):
    """Whether the packet goes on, why, the packet itself, and its event."""

    passed: bool
    reason: PacketReason
    packet: bytes
    mark: int
    event: Event


class Stage:
    """The two programs of one endpoint over tables of their own."""

    def __init__(
        self, data: bytes, *, generation: int = 1, subject: int = 0, shared: "Stage | None" = None
    ) -> None:
        self.generation = generation
        with BpfObject.open(data, "cpc_test") as opened:
            opened.resize("rows", len(ROWS) + 2)
            opened.resize("addresses4", 16)
            opened.resize("addresses6", 16)
            opened.resize("events", 1 << 16)
            opened.resize("connections", 1024)
            opened.resize("fragments", 1024)
            if shared is not None:
                opened.share({name: shared.tables[name] for name in ("connections", "fragments")})
            addresses = tuple(ip_address(a) for a in ENDPOINT)
            constant = maps.EndpointConstant(7, generation, addresses, subject)
            opened.constant(".rodata.endpoint", maps.endpoint_constant(constant, 1))
            opened.only(["cpc_from_endpoint", "cpc_to_endpoint"], ["swap_epoch", "swap_programs"])
            opened.load()
            self.outgoing = opened.program("cpc_from_endpoint")
            self.incoming = opened.program("cpc_to_endpoint")
            names = ("rows", "addresses4", "addresses6", "connections", "fragments")
            self.tables: dict[str, Map] = {
                name: opened.map(name) for name in (*names, "events", "control", "counters")
            }
        self._moved = False
        self._fill()
        self.tables["control"].update(maps.U32.pack(0), maps.U32.pack(4))
        self._ring = Ring(self.tables["events"])

    def _fill(self) -> None:
        rows = [maps.pack_row(0, 0, WORDS)]
        for number, (peer, bits) in enumerate(ROWS.items(), 1):
            identity = CPC_IDENTITY_HOST if peer == HOST else 300 + number
            rows.append(maps.pack_row(identity, bits, WORDS))
            for address in peer:
                self._place(address, number)
        entries = [(maps.U32.pack(i), row) for i, row in enumerate(rows)]
        self.tables["rows"].fill(entries)
        self._moved = False

    def move(self, address: str, row: int) -> None:
        """Gives an address another row, until `clear`."""
        self._moved = True
        self._place(address, row)

    def _place(self, address: str, row: int) -> None:
        network = ip_network(address)
        table = self.tables[f"addresses{network.version}"]
        table.update(maps.pack_prefix(network), maps.U32.pack(row))

    def send(self, packet: bytes, skb: Skb | None = None) -> Outcome:
        """A packet from the endpoint."""
        return self._run(self.outgoing, packet, skb)

    def receive(self, packet: bytes, skb: Skb | None = None) -> Outcome:
        """A packet to the endpoint."""
        return self._run(self.incoming, packet, skb)

    def _run(self, program: Program, packet: bytes, skb: Skb | None) -> Outcome:
        ran = run(program, packet, skb)
        records = self._ring.poll(0)
        assert len(records) == 1, records
        event = _event(records[0])
        return Outcome(ran.result == -1, event.reason, ran.packet, ran.mark, event)

    def connections(self) -> dict[bytes, tuple[int, ...]]:
        """Every connection: key bytes to the fields of maps.CONNECTION."""
        return {k: maps.CONNECTION.unpack(v) for k, v in self.tables["connections"].items()}

    def age(self, ticks: int) -> None:
        """Makes every connection older."""
        for key, value in list(self.tables["connections"].items()):
            fields = list(maps.CONNECTION.unpack(value))
            fields[1] = (fields[1] - ticks) % 2**32
            self.tables["connections"].update(key, maps.CONNECTION.pack(*fields))

    def clear(self) -> None:
        """Forgets connections, fragments and moved addresses."""
        if self._moved:
            self._fill()
        for name in ("connections", "fragments"):
            table = self.tables[name]
            for key in list(table.keys()):
                table.delete(key)

    def close(self) -> None:
        self._ring.close()
        for handle in (*self.tables.values(), self.outgoing, self.incoming):
            handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _event(record: bytes) -> Event:
    fields = maps.EVENT.unpack_from(record)
    assert len(record) == maps.EVENT.size + 8 * fields[9]
    (sport,), (dport,) = struct.unpack("!H", fields[7]), struct.unpack("!H", fields[8])
    return Event(
        generation=fields[2],
        identity=fields[3],
        service_key=fields[4],
        site=fields[5],
        direction=fields[10],
        allowed=bool(fields[11]),
        reason=PacketReason(fields[12]),
        family=fields[13],
        protocol=fields[14],
        ports=(sport, dport),
    )
