"""What an instance is and does, for people and programs."""

from msgspec import Struct

from cpc.runtime.attach import HOOKS, Side
from cpc.runtime.bpf import Link, Map, Program
from cpc.runtime.maps import COUNTER, U32, Address
from cpc.runtime.programs import SHARED, TABLES, Tables
from cpc.runtime.reasons import REASONS, PacketReason
from cpc.runtime.state import Instance

__all__ = ["Count", "EndpointStatus", "HookStatus", "Status", "status"]


class HookStatus(Struct, frozen=True):
    """One hook. `attached` is False where the interface is gone or the link was removed by hand.

    `tag` is the kernel's hash of the program; `replacing`: a swap program stands there.
    """

    side: Side
    attached: bool
    tag: str = ""
    replacing: bool = False


class EndpointStatus(Struct, frozen=True):
    """One endpoint that is enforced; `ready` where both hooks are."""

    id: int
    name: str
    interface: str
    identity: int
    addresses: tuple[Address, ...]
    hooks: tuple[HookStatus, ...]

    @property
    def ready(self) -> bool:
        return all(hook.attached for hook in self.hooks)


class Count(Struct, frozen=True):
    """Packets and bytes of one reason in one direction (`ingress`, `egress`), since the load."""

    reason: PacketReason
    direction: str
    packets: int
    bytes: int


class Status(Struct, frozen=True):
    """An instance. `lost` are events that found no room."""

    instance: str
    generation: int
    policy: str
    endpoints: tuple[EndpointStatus, ...]
    identities: int
    addresses: int
    connections: int
    counts: tuple[Count, ...]
    lost: int
    notes: tuple[str, ...] = ()


def status(name: str) -> Status:
    """What is loaded as an instance; InputError where nothing is."""
    instance = Instance(name)
    number = instance.current()
    generation = instance.read(number)
    with (
        Tables.pinned(instance.shared, SHARED) as shared,
        Tables.pinned(instance.tables(number), TABLES) as tables,
    ):
        counts, lost = counters(shared.by_name["counters"])
        return Status(
            instance=name,
            generation=number,
            policy=generation.artifact.policy_hash,
            endpoints=tuple(
                EndpointStatus(
                    e.id,
                    e.name,
                    e.interface,
                    e.identity,
                    e.addresses,
                    tuple(_hook(instance, e.id, hook.side) for hook in HOOKS),
                )
                for e in generation.endpoints
            ),
            identities=len(generation.identities),
            addresses=sum(tables.by_name[f"addresses{version}"].count() for version in (4, 6)),
            connections=shared.by_name["connections"].count(),
            counts=counts,
            lost=lost,
        )


def _hook(instance: Instance, endpoint: int, side: Side) -> HookStatus:
    path = instance.link(endpoint, side)
    if not path.exists():
        return HookStatus(side, attached=False)
    with Link.pinned(path) as link:
        info = link.info()
        if info.interface == 0:
            return HookStatus(side, attached=False)
        with Program.by_id(info.program) as program:
            found = program.info()
    return HookStatus(side, True, found.tag, found.name.startswith("cpc_swap"))


def counters(table: Map) -> tuple[tuple[Count, ...], int]:
    """The counts that are not 0, sums over the CPUs, and the events that found no room."""
    counts: list[Count] = []
    lost = 0
    for slot in range(2 * REASONS + 2):
        raw = table.lookup(U32.pack(slot))
        if raw is None:
            continue
        pairs = list(COUNTER.iter_unpack(raw))
        packets, size = sum(p for p, _ in pairs), sum(b for _, b in pairs)
        if not packets:
            continue
        if slot >= 2 * REASONS:
            lost += packets
        else:
            direction = ("ingress", "egress")[slot % 2]
            counts.append(Count(PacketReason(slot // 2), direction, packets, size))
    return tuple(counts), lost
