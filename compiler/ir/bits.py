"""Which selector bits a party, or every address of a prefix, has.

The runtime asks here when an endpoint, an identity or a prefix appears; the answers go into
`.rodata` and the rows of the datapath's tables. A bit means exactly what `semantics.matches` says.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct

from cpc.compiler.ir.nodes import Program
from cpc.compiler.policy.decide import CONCRETE, PartyAtoms
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Cidr, Entity, Fqdn, LabelKey, NamedPort, Network, Term
from cpc.compiler.policy.semantics import PartyReading, matches, selects

__all__ = ["contains", "peer_bits", "prefix_bits", "prefixes", "subject_bits"]

_WHOLE: tuple[Network, Network] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


def contains(outer: Network, inner: Network) -> bool:
    """Whether every address of `inner` is in `outer`; never so across families."""
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


class _PrefixReading(Struct, frozen=True):
    """The atoms about an address that nobody owns and whose longest match is `prefix`.

    The table holds every network that the policy names (`prefixes`), so such an address is in a named
    network iff `prefix` is inside it.
    """

    prefix: Network
    cluster: Sequence[Network]

    def managed(self) -> bool:
        return False

    def entity(self, entity: Entity) -> bool:
        return entity is Entity.WORLD and not any(contains(c, self.prefix) for c in self.cluster)

    def has_key(self, key: LabelKey) -> bool:
        return False

    def has_label(self, key: LabelKey, value: str) -> bool:
        return False

    def in_network(self, network: Network) -> bool:
        return contains(network, self.prefix)

    def resolves(self, fqdn: Fqdn) -> bool:
        return False

    def backs(self, service: str) -> bool:
        return False

    def has_port(self, name: str, protocol: int, port: int) -> bool:
        return False


def _peer_mask(program: Program, reading: PartyReading[bool]) -> int:
    return sum(1 << i for i, term in enumerate(program.peers) if matches(CONCRETE, reading, term))


def subject_bits(program: Program, party: Party) -> int:
    """The subject bits of an endpoint: bit i says that `program.subjects[i]` matches it."""
    atoms = PartyAtoms(party)
    return sum(1 << i for i, s in enumerate(program.subjects) if selects(CONCRETE, atoms, s))


def peer_bits(program: Program, party: Party) -> int:
    """The peer bits of a party: bit i says that `program.peers[i]` matches it.

    CIDRs of `scope any` look at the party's address, so two addresses of one endpoint may differ. A
    party without address is in no CIDR.
    """
    return _peer_mask(program, PartyAtoms(party))


def prefix_bits(program: Program, prefix: Network, cluster: Sequence[Network] = ()) -> int:
    """The peer bits of every address whose longest match in the table is `prefix`.

    Such an address belongs to no endpoint and no node: it is external, or unknown when it is inside one
    of the declared `cluster` ranges. The table must hold all of `prefixes(program, cluster)`.
    """
    return _peer_mask(program, _PrefixReading(prefix, cluster))


def prefixes(program: Program, cluster: Sequence[Network] = ()) -> tuple[Network, ...]:
    """Every prefix at which an address's bits may change: sorted, unique, both families whole."""
    found = {*_WHOLE, *cluster}
    for term in program.peers:
        found.update(_networks(term))
    return tuple(sorted(found, key=lambda n: (n.version, int(n.network_address), n.prefixlen)))


def _networks(term: Term) -> Iterator[Network]:
    if isinstance(term, Cidr):
        yield term.network
        yield from term.excepts
    elif isinstance(term, NamedPort):
        yield from _networks(term.term)
