"""Who may reach whom, and by which statements: every pair of an inventory, those that nothing may pass between too."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Decision
from cpc.compiler.verify.connectivity import (
    CONTROLLER,
    Allowed,
    Connection,
    ExternalRange,
    KnownParty,
    Peer,
    Workload,
    World,
    controller,
    world_of,
)
from cpc.compiler.verify.service_sets import ServiceSet
from cpc.compiler.verify.sides import Passing, Reason

__all__ = ["Cell", "External", "Node", "Reachability", "reachability"]


class External(Struct, frozen=True):
    """External addresses of one family that no statement tells apart: neighbours are one range."""

    ranges: tuple[ExternalRange, ...]

    def __str__(self) -> str:
        first, *others = self.ranges
        plural = "s" if len(others) > 1 else ""
        more = f" and {len(others)} more range{plural}" if others else ""
        return f"{first.first}-{first.last}{more}"


Node: TypeAlias = Workload | KnownParty | External


class Cell(Struct, frozen=True):
    """What may pass from one node to another, by numbers in `Reachability.nodes`.

    `allowed` has the families that both speak. `egress` says what decides on the side of the source, `ingress` on
    that of the destination: nothing of a side that nobody manages. The services of the reasons of a
    side are all services, once or more: a node may stand for several that decide otherwise.
    """

    source: int
    destination: int
    allowed: tuple[Allowed, ...]
    egress: tuple[Reason, ...]
    ingress: tuple[Reason, ...]


class Reachability(Struct, frozen=True):
    """Nodes in the order of their names, workloads first; cells in the order of nodes.

    Pairs of which neither end is managed have no cell, nor has a node with itself.
    """

    nodes: tuple[Node, ...]
    cells: tuple[Cell, ...]


def reachability(policy: Policy, inventory: Inventory, entities: bool = False) -> Reachability:
    """Every pair, as `connectivity` lists those that something may pass between.

    With `entities` the host, nodes and the like are among the nodes.
    """
    world = world_of(policy, inventory)
    ends = _ends(world, entities)
    brought = {c.destination: c for c in world.through_controller(inventory)}
    nodes: list[Node] = [*ends, *([CONTROLLER] if brought else [])]
    cells = [
        _cell(world, (i, source, ends[source]), (j, destination, ends[destination]))
        for i, source in enumerate(ends)
        for j, destination in enumerate(ends)
        if i != j and (_managed(world, ends[source]) or _managed(world, ends[destination]))
    ]
    if brought:
        last = len(nodes) - 1
        for number, node in enumerate(ends):
            if isinstance(node, Workload) and node in brought:
                cells.append(_brought(world, last, number, ends[node], brought[node]))
    return Reachability(tuple(nodes), tuple(sorted(cells, key=lambda c: (c.source, c.destination))))


_Classes: TypeAlias = tuple[int, ...]


def _ends(world: World, entities: bool) -> dict[Node, _Classes]:
    """The nodes with the numbers of their classes."""
    members = sorted(world.members.items(), key=lambda item: str(item[0]))
    found: dict[Node, _Classes] = {}
    for kind in (Workload, KnownParty) if entities else (Workload,):
        for peer, own in members:
            if isinstance(peer, kind) and not isinstance(peer, ExternalRange):
                found[peer] = own
    return found | dict(_outside(world))


def _managed(world: World, classes: _Classes) -> bool:
    return any(world.classes.classes[n].party.managed for n in classes)


def _outside(world: World) -> Iterator[tuple[External, _Classes]]:
    """External addresses, those together of which every side says the same, for the same reasons."""
    sides = {
        id(reasons): reasons
        for own in world.members.values()
        for one in own
        if world.classes.classes[one].party.managed
        for direction in Direction
        for reasons in (world.sides.reasons(one, direction),)
    }
    for family in world.listed:
        alike: dict[object, list[tuple[int, int]]] = {}
        for segment, number in world.ranges[family]:
            if world.segments.external(segment):
                said = tuple(reasons[number] for reasons in sides.values())
                alike.setdefault(said, []).append((segment, number))
        for group in alike.values():
            segments = [segment for segment, _ in group]
            yield External(tuple(_ranges(world, segments))), (group[0][1],)


def _ranges(world: World, segments: Sequence[int]) -> Iterator[ExternalRange]:
    first = last = segments[0]
    for segment in segments[1:]:
        if segment != last + 1:
            yield ExternalRange(world.segments.first(first), world.segments.last(last))
            first = segment
        last = segment
    yield ExternalRange(world.segments.first(first), world.segments.last(last))


_End: TypeAlias = tuple[int, Peer | External, _Classes]


def _cell(world: World, source: _End, destination: _End) -> Cell:
    allowed: list[Allowed] = []
    egress: list[Reason] = []
    ingress: list[Reason] = []
    sides = world.sides
    for family in (4, 6):
        passing: list[Passing] = []
        for one in _speaking(world, source[2], family):
            for other in _speaking(world, destination[2], family):
                out = sides.side(one, Direction.EGRESS)[other]
                passing.append(out & sides.side(other, Direction.INGRESS)[one])
                egress += _reasons(world, one, other, Direction.EGRESS)
                ingress += _reasons(world, other, one, Direction.INGRESS)
        if passing:
            both = reduce(or_, passing)
            allowed.append(Allowed(family, both.services, both.services - both.wholly))
    return Cell(source[0], destination[0], tuple(allowed), _merged(egress), _merged(ingress))


def _speaking(world: World, classes: _Classes, family: int) -> list[int]:
    return [n for n in classes if world.classes.classes[n].family == family]


def _reasons(world: World, subject: int, peer: int, direction: Direction) -> tuple[Reason, ...]:
    if not world.classes.classes[subject].party.managed:
        return ()
    return world.sides.reasons(subject, direction)[peer]


def _brought(
    world: World, source: int, destination: int, classes: _Classes, found: Connection
) -> Cell:
    """What the ingress controller brings to a workload: the egress of nobody, and exposed ports only."""
    exposed = reduce(or_, (one.services for one in found.allowed))
    reasons = [
        Reason(reason.decision, reason.services & exposed)
        for one in classes
        for reason in _reasons(
            world,
            one,
            world.classes.number[controller(world.classes.classes[one].family)],
            Direction.INGRESS,
        )
    ]
    return Cell(source, destination, found.allowed, (), _merged(reasons))


def _merged(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """One reason for each decision; those of no service are left out."""
    by_decision: dict[Decision, ServiceSet] = {}
    for reason in reasons:
        known = by_decision.get(reason.decision)
        services = reason.services if known is None else known | reason.services
        if services:
            by_decision[reason.decision] = services
    return tuple(Reason(decision, services) for decision, services in by_decision.items())
