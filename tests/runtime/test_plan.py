"""The plan: numbers, rows, addresses, endpoints. No root, no kernel."""

from ipaddress import ip_address, ip_network
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.errors import InputError
from cpc.compiler.policy.inventory import ClusterService
from cpc.compiler.policy.model import PortName
from cpc.runtime.identity import FIRST, allocate
from cpc.runtime.inventories import inventory_from, inventory_json
from cpc.runtime.maps import Address, Network
from cpc.runtime.plan import Known, Plan, plan
from tests.runtime.world import INVENTORY, PROGRAM, endpoint

label_sets = st.lists(
    st.lists(st.sampled_from(["a=1", "a=2", "b=1", "c=1"]), max_size=3).map(
        lambda labels: tuple(sorted(set(labels)))
    ),
    max_size=8,
)


@given(label_sets)
def test_numbers_are_unique_and_repeatable(sets: list[tuple[str, ...]]) -> None:
    numbers = allocate(sets, {})
    assert set(numbers) == {labels for labels in sets if labels}
    assert len(set(numbers.values())) == len(numbers)
    assert all(number >= FIRST for number in numbers.values())
    assert allocate(reversed(sets), {}) == numbers


@given(label_sets, label_sets)
def test_known_numbers_stay(sets: list[tuple[str, ...]], more: list[tuple[str, ...]]) -> None:
    first = allocate(sets, {})
    second = allocate(more, first)
    for labels in second.keys() & first.keys():
        assert second[labels] == first[labels]
    fresh = {number for labels, number in second.items() if labels not in first}
    assert not fresh & set(first.values())


def row_at(planned: Plan, address: str) -> tuple[int, int]:
    """(identity, bits) by the longest match, as the kernel's tries find it."""
    wanted: Address = ip_address(address)
    found: list[tuple[Network, int]] = [
        (entry.network, row) for entry, row in planned.places if wanted in entry.network
    ]
    return planned.rows[max(found, key=lambda f: f[0].prefixlen)[1]]


@pytest.mark.parametrize(
    ("address", "identity", "bits"),
    [
        ("10.0.0.1", 257, 0b0010),
        ("fd00::1", 257, 0b0010),
        ("10.0.0.2", 256, 0b0001),
        ("10.0.0.9", 256, 0b0001),
        ("10.0.0.10", 5, 0),
        ("10.0.0.254", 1, 0b0100),
        ("10.0.0.77", 0, 0),
        ("fd00::77", 0, 0),
        ("192.0.2.1", 2, 0b1000),
        ("192.0.2.128", 2, 0),
        ("198.51.100.1", 2, 0),
        ("2001:db8::1", 2, 0),
    ],
)
def test_who_is_where(address: str, identity: int, bits: int) -> None:
    assert row_at(plan(PROGRAM, INVENTORY, 1), address) == (identity, bits)


def test_rows_are_shared_and_the_first_is_unknown() -> None:
    planned = plan(PROGRAM, INVENTORY, 1)
    assert planned.rows[0] == (0, 0)
    assert len(set(planned.rows)) == len(planned.rows)
    assert {row for _, row in planned.places} <= set(range(len(planned.rows)))
    assert {ip_network("0.0.0.0/0"), ip_network("::/0")} <= {e.network for e, _ in planned.places}


def test_only_endpoints_with_an_interface_are_enforced() -> None:
    planned = plan(PROGRAM, INVENTORY, 1)
    assert [(e.name, e.interface) for e in planned.endpoints] == [
        ("shop/friend", "cpct-friend"),
        ("shop/web", "cpct-web"),
    ]


def test_the_order_of_the_inventory_does_not_matter() -> None:
    plans = {
        repr(plan(PROGRAM, replace(INVENTORY, endpoints=order), 1))
        for order in permutations(INVENTORY.endpoints)
    }
    assert len(plans) == 1


def test_endpoints_keep_their_numbers_and_take_no_others() -> None:
    first = plan(PROGRAM, INVENTORY, 1)
    numbers = {e.name: e.id for e in first.endpoints}
    fresh = endpoint("shop/a", "web", "10.0.0.3", interface="cpct-a")
    known = Known(first.identities, {"shop/web": numbers["shop/web"]}, frozenset(numbers.values()))
    grown = replace(INVENTORY, endpoints=(fresh, *INVENTORY.endpoints))
    second = {e.name: e.id for e in plan(PROGRAM, grown, 2, known).endpoints}
    assert second["shop/web"] == numbers["shop/web"]
    assert len(set(second.values())) == 3
    assert second["shop/friend"] not in numbers.values()


def test_subject_bits() -> None:
    strict = endpoint("shop/strict", "strict", "10.0.0.3", interface="cpct-s")
    planned = plan(PROGRAM, replace(INVENTORY, endpoints=(strict, *INVENTORY.endpoints)), 1)
    assert {e.name: e.subject for e in planned.endpoints} == {
        "shop/friend": 0,
        "shop/strict": 1,
        "shop/web": 0,
    }


def test_no_endpoint_here() -> None:
    with pytest.raises(InputError, match="no endpoint of the inventory has an interface"):
        plan(PROGRAM, replace(INVENTORY, endpoints=INVENTORY.endpoints[2:]), 1)


def test_one_interface_for_two() -> None:
    twin = endpoint("shop/twin", "web", "10.0.0.3", interface="cpct-web")
    with pytest.raises(InputError, match="`shop/twin` and `shop/web` share interface `cpct-web`"):
        plan(PROGRAM, replace(INVENTORY, endpoints=(*INVENTORY.endpoints, twin)), 1)


def test_an_inventory_survives_its_json() -> None:
    assert inventory_from(inventory_json(INVENTORY)) == INVENTORY


def test_a_port_that_the_program_was_not_made_for_is_refused() -> None:
    """A deny of a named port would pass over an endpoint with another number under that name."""
    number = 9090
    ports = (("metrics", 6, number),)
    first, *others = INVENTORY.endpoints
    inventory = replace(INVENTORY, endpoints=(replace(first, ports=ports), *others))
    for known in ((9000,), ()):
        program = replace(PROGRAM, port_names=(PortName("metrics", 6, known),))
        with pytest.raises(InputError, match="port `metrics` at 9090"):
            plan(program, inventory, 1)
    for program in (PROGRAM, replace(PROGRAM, port_names=(PortName("metrics", 6, (9090,)),))):
        assert plan(program, inventory, 1).endpoints


def test_a_service_is_nobody_outside() -> None:
    own = tuple(map(ip_address, ("192.0.2.5", "10.0.0.1", "10.0.7.7")))
    planned = plan(
        PROGRAM, replace(INVENTORY, services=(ClusterService("a", "b", addresses=own),)), 1
    )
    assert row_at(planned, "192.0.2.5") == row_at(planned, "10.0.7.7") == (0, 0)
    assert row_at(planned, "192.0.2.6") != (0, 0)
    assert row_at(planned, "10.0.0.1") == row_at(plan(PROGRAM, INVENTORY, 1), "10.0.0.1")
