"""Reachability: every pair with exactly what `connectivity` lists, and with the statements that `decide` names."""

import random
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Decision, Verdict, without_staged
from cpc.compiler.verify.connectivity import ExternalRange, connectivity
from cpc.compiler.verify.reachability import Cell, External, Node, Reachability, reachability
from cpc.compiler.verify.sides import Reason
from tests.nightly import times
from tests.verify.test_connectivity import (
    End,
    World,
    answered,
    external_of,
    some_services,
    worlds,
)

Service = tuple[int, int, int]


@pytest.mark.parametrize(
    ("count", "name"),
    [
        (1, "10.0.0.0-10.0.0.255"),
        (2, "10.0.0.0-10.0.0.255 and 1 more range"),
        (3, "10.0.0.0-10.0.0.255 and 2 more ranges"),
    ],
)
def test_external_addresses_are_named_by_their_first_range(count: int, name: str) -> None:
    ends = [(IPv4Address(f"10.{n}.0.0"), IPv4Address(f"10.{n}.0.255")) for n in range(count)]
    assert str(External(tuple(ExternalRange(*pair) for pair in ends))) == name


def number_of(found: Reachability, end: End, family: int) -> int | None:
    """The node of an end."""
    return next((n for n, node in enumerate(found.nodes) if is_at(node, end, family)), None)


def is_at(node: Node, end: End, family: int) -> bool:
    if isinstance(end, IPv4Address | IPv6Address):
        return isinstance(node, External) and any(
            r.first.version == end.version == family and int(r.first) <= int(end) <= int(r.last)
            for r in node.ranges
        )
    return node == end


def said(reasons: tuple[Reason, ...], service: Service) -> set[Decision]:
    """The decisions about a service."""
    return {r.decision for r in reasons if r.services.contains(*service[1:])}


def passing(cell: Cell, service: Service) -> Verdict | None:
    for one in cell.allowed:
        if one.family == service[0] and one.services.contains(*service[1:]):
            partly = one.requests.contains(*service[1:])
            return Verdict.REDIRECT if partly else Verdict.ALLOW
    return None


@given(world=worlds(), seed=st.integers(0, 1 << 32))
@settings(max_examples=times(100))
def test_cells_are_what_is_listed_and_reasons_what_decide_says(world: World, seed: int) -> None:
    chosen = random.Random(seed)
    listed = connectivity(world.policy, world.inventory)
    found = reachability(world.policy, world.inventory, entities=True)
    enforced = without_staged(world.policy)
    cells = {(c.source, c.destination): c for c in found.cells}
    outside: list[tuple[End, list[tuple[Party, int]]]] = [
        (address, [(world.inventory.party_of(address), address.version)])
        for address in external_of(world.policy, world.inventory)
    ]
    ends = [*world.ends.items(), *outside]
    for (source, left), (destination, right) in (
        chosen.sample(ends, 2) for _ in range(min(8, len(ends) ** 2)) if len(ends) > 1
    ):
        if not (left[0][0].managed or right[0][0].managed):
            continue
        for service in some_services(world.policy, chosen)[:8]:
            family = service[0]
            numbers = number_of(found, source, family), number_of(found, destination, family)
            if None in numbers:
                continue
            cell = cells[numbers[0] or 0, numbers[1] or 0]
            assert passing(cell, service) == answered(listed, source, destination, service)
            for one, speaks in left:
                for other, hears in right:
                    if speaks != family or hears != family:
                        continue
                    if one.managed:
                        out = Flow(one, other, Direction.EGRESS, *service)
                        assert decide(enforced, out) in said(cell.egress, service)
                    if other.managed:
                        into = Flow(other, one, Direction.INGRESS, *service)
                        assert decide(enforced, into) in said(cell.ingress, service)


@given(world=worlds())
@settings(max_examples=times(60))
def test_every_external_address_is_in_one_node(world: World) -> None:
    found = reachability(world.policy, world.inventory)
    for address in external_of(world.policy, world.inventory):
        places = [n for n in found.nodes if is_at(n, address, address.version)]
        assert len(places) <= 1
        assert places or address.version == 6
