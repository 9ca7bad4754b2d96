"""An attached program on packet bytes: what would become of this packet?"""

from msgspec import Struct

from cpc.runtime.attach import Side
from cpc.runtime.bpf import Link, Program, Skb, run
from cpc.runtime.state import Instance, no_endpoint

__all__ = ["Tried", "attached", "try_packet"]


class Tried(Struct, frozen=True):
    """Whether the packet goes on, the packet as it goes on, and its mark."""

    passed: bool
    packet: bytes
    mark: int


def attached(instance: str, endpoint: str, side: Side) -> Program:
    """The program that is attached for an endpoint, owned by the caller."""
    place = Instance(instance)
    generation = place.read(place.current())
    numbers = {e.name: e.id for e in generation.endpoints}
    if endpoint not in numbers:
        raise no_endpoint(endpoint, numbers)
    with Link.pinned(place.link(numbers[endpoint], side)) as link:
        return Program.by_id(link.info().program)


def try_packet(program: Program, packet: bytes, skb: Skb | None = None) -> Tried:
    """Runs a program on an Ethernet frame; connections are remembered as if it had been sent."""
    ran = run(program, packet, skb)
    return Tried(ran.result == -1, ran.packet, ran.mark)
