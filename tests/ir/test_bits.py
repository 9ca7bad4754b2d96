"""Bits of parties and of prefixes are the same thing said twice."""

from ipaddress import ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.ir.bits import contains, peer_bits, prefix_bits, prefixes
from cpc.compiler.ir.lower import lower
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Entity, Policy
from tests.ir.strategies import CLUSTER, longest, policies, verified


def _owned_by_nobody(address: str) -> Party:
    """What an address is when no endpoint and no node has it."""
    ip = ip_address(address)
    outside = not any(ip in network for network in CLUSTER)
    return Party(
        "somewhere", False, entities=frozenset({Entity.WORLD} if outside else ()), address=ip
    )


_EDGES = (
    ["9.255.255.255", "10.0.0.0", "10.1.0.0", "10.1.1.255", "10.1.2.0", "10.1.2.255", "10.1.3.0"]
    + ["10.1.255.255", "10.2.0.0", "10.9.0.0", "10.9.0.255", "10.9.1.0", "10.9.255.255", "0.0.0.0"]
    + ["255.255.255.255", "10.10.0.0", "::", "2001:db7:ffff::", "2001:db8::", "2001:db9::"]
)


@settings(max_examples=60)
@given(policies(), st.integers(0, 2**32 - 1))
def test_prefix_and_party_agree(policy: Policy, random: int) -> None:
    program = lower(verified(policy))
    table = prefixes(program, CLUSTER)
    for address in (*_EDGES, str(ip_address(random))):
        prefix = longest(address, table)
        expected = peer_bits(program, _owned_by_nobody(address))
        assert prefix_bits(program, prefix, CLUSTER) == expected, (address, prefix)


def test_prefixes_are_sorted_unique_and_whole() -> None:
    program = lower(verified(Policy(())))
    table = prefixes(program, (ip_network("10.9.0.0/16"), ip_network("10.9.0.0/16")))
    assert [str(n) for n in table] == ["0.0.0.0/0", "10.9.0.0/16", "::/0"]


def test_families_never_contain_each_other() -> None:
    assert not contains(ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert not contains(ip_network("::/0"), ip_network("0.0.0.0/0"))
    assert contains(ip_network("10.0.0.0/8"), ip_network("10.1.0.0/16"))
    assert not contains(ip_network("10.1.0.0/16"), ip_network("10.0.0.0/8"))
