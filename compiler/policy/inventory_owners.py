"""Whose each address and each endpoint name of an inventory is, over all of its files."""

from msgspec import Struct, field

from cpc.compiler.diagnostics import Label
from cpc.compiler.documents.reader import Reader
from cpc.compiler.policy.model import Address, Entity
from cpc.compiler.source import Span

__all__ = ["Owners"]

_NODES = {Entity.HOST.value, Entity.REMOTE_NODE.value}


class Owners(Struct):
    """What is taken, by whom, and where that is said."""

    _addresses: dict[Address, tuple[str, Span]] = field(default_factory=dict)
    _names: dict[str, Span] = field(default_factory=dict)

    def of(self, address: Address) -> str | None:
        """Who has an address: an endpoint's name, or an entity."""
        found = self._addresses.get(address)
        return None if found is None else found[0]

    def is_node(self, address: Address) -> bool:
        """Whether it is the address of a machine of the cluster."""
        return self.of(address) in _NODES

    def take_name(self, reader: Reader, name: str, span: Span) -> None:
        """Gives an endpoint its name, which nobody else has (else an error, CPC707)."""
        first = self._names.setdefault(name, span)
        if first is not span:
            reader.refuse(
                "CPC707",
                f"there already is an endpoint `{name}`",
                span,
                "rename one of them",
                (Label(first, "first named here"),),
            )

    def take(self, reader: Reader, address: Address, span: Span, owner: str) -> bool:
        """Whether the address is its owner's alone (else an error, CPC706); the API server may share a
        node's.
        """
        first = self._addresses.get(address)
        if first is None:
            self._addresses[address] = (owner, span)
            return True
        pair = {first[0], owner}
        if Entity.KUBE_APISERVER.value in pair and len(pair) == 2 and pair & _NODES:
            return True
        reader.refuse(
            "CPC706",
            f"`{address}` is already the address of `{first[0]}`",
            span,
            "an address has one owner: remove one of them",
            (Label(first[1], "first given here"),),
        )
        return False
