"""What will be loaded, worked out before anything is: no system call, no root."""

from collections.abc import Mapping

from msgspec import Struct, field

from cpc.compiler.artifact import Inventory, Party, Program, peer_bits, subject_bits
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.runtime.addresses import Entry, entries
from cpc.runtime.identity import UNKNOWN, Labels, allocate, identity_of, spell
from cpc.runtime.maps import Address, words_for

__all__ = ["Known", "Plan", "PlannedEndpoint", "Sizes", "plan"]


class Sizes(Struct, frozen=True):
    """Entries of the tables that do not follow from the policy; `events` in bytes, a power of two."""

    connections: int = 65536
    fragments: int = 8192
    events: int = 1 << 20


class Known(Struct, frozen=True):
    """Numbers that were given out before and stay; `reserved` are of endpoints that go."""

    identities: Mapping[Labels, int] = field(default_factory=dict)
    endpoints: Mapping[str, int] = field(default_factory=dict)
    reserved: frozenset[int] = frozenset()


class PlannedEndpoint(Struct, frozen=True):
    """An endpoint with an interface: it gets programs. `subject` are its subject bits."""

    id: int
    name: str
    interface: str
    identity: int
    addresses: tuple[Address, ...]
    subject: int


class Plan(Struct, frozen=True):
    """Everything that goes into the kernel for one policy and inventory.

    `rows` are (identity, peer bits), unique, row 0 the unknown identity; `places` are the address
    entries with their row. Endpoints are sorted by name.
    """

    generation: int
    words: int
    subject_words: int
    rows: tuple[tuple[int, int], ...]
    places: tuple[tuple[Entry, int], ...]
    endpoints: tuple[PlannedEndpoint, ...]
    identities: dict[Labels, int]

    def entries_of(self, version: int) -> int:
        """How many address entries a family has."""
        return sum(1 for entry, _ in self.places if entry.network.version == version)


def plan(
    program: Program, inventory: Inventory, generation: int, known: Known | None = None
) -> Plan:
    """The plan.

    InputError where no endpoint has an interface (CPC612), two share one (CPC615), or one has a container
    port that the program was not made for (CPC620).
    """
    _check_port_names(program, inventory)
    known = known or Known()
    sets = [spell(endpoint.labels) for endpoint in inventory.endpoints]
    numbers = allocate(sets, known.identities)
    unknown = (UNKNOWN, peer_bits(program, Party("unknown", managed=False)))
    rows = {unknown: 0}
    places = tuple(
        (entry, rows.setdefault((entry.identity, entry.bits), len(rows)))
        for entry in entries(program, inventory, numbers)
    )
    endpoints = _endpoints(program, inventory, numbers, known)
    if not endpoints:
        raise InputError(
            error(
                "CPC612",
                "no endpoint of the inventory has an interface here",
                help="give endpoints of this machine an `interface: NAME`",
            )
        )
    _check_interfaces(endpoints)
    return Plan(
        generation=generation,
        words=words_for(len(program.peers)),
        subject_words=words_for(len(program.subjects)),
        rows=tuple(rows),
        places=places,
        endpoints=endpoints,
        identities=numbers,
    )


def _check_port_names(program: Program, inventory: Inventory) -> None:
    """A rule about a port's name holds for the numbers that were known when it was compiled."""
    numbers = {(known.name, known.protocol): known.numbers for known in program.port_names}
    for endpoint in inventory.endpoints:
        for name, protocol, number in endpoint.ports:
            known = numbers.get((name, protocol))
            if known is not None and number not in known:
                compiled = ", ".join(map(str, known)) or "no number at all"
                raise InputError(
                    error(
                        "CPC620",
                        f"endpoint `{endpoint.name}` has port `{name}` at {number}, and the policy was "
                        f"compiled for {compiled}",
                        help="compile it again with `--inventory` and this inventory",
                    )
                )


def _check_interfaces(endpoints: tuple[PlannedEndpoint, ...]) -> None:
    owners: dict[str, str] = {}
    for endpoint in endpoints:
        other = owners.setdefault(endpoint.interface, endpoint.name)
        if other != endpoint.name:
            raise InputError(
                error(
                    "CPC615",
                    f"endpoints `{other}` and `{endpoint.name}` share interface "
                    f"`{endpoint.interface}`",
                    help="an interface belongs to one endpoint: what comes through is its",
                )
            )


def _endpoints(
    program: Program,
    inventory: Inventory,
    numbers: Mapping[Labels, int],
    known: Known,
) -> tuple[PlannedEndpoint, ...]:
    taken = {*known.endpoints.values(), *known.reserved}
    following = 1
    found: list[PlannedEndpoint] = []
    for endpoint in sorted(inventory.endpoints, key=lambda e: e.name):
        if endpoint.interface is None:
            continue
        number = known.endpoints.get(endpoint.name)
        if number is None:
            while following in taken:
                following += 1
            number = following
            taken.add(number)
        party = endpoint.party()
        found.append(
            PlannedEndpoint(
                id=number,
                name=endpoint.name,
                interface=endpoint.interface,
                identity=identity_of(party, numbers),
                addresses=endpoint.addresses,
                subject=subject_bits(program, party),
            )
        )
    return tuple(found)
