"""Fields of cluster policies: what is required, how long lists may be, and objects of exactly one field."""

from collections.abc import Collection

from msgspec import Struct

from cpc.compiler.diagnostics import suggest
from cpc.compiler.documents.nodes import Mapping, Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.context import Context
from cpc.compiler.source import Span

__all__ = ["Closed", "fields", "items", "one_of", "required"]

_MISPLACED = {
    "destinationPort": "it stands inside `tcp`, `udp` or `sctp`: indent it below one of them"
}
"""Help for fields that are near to another one by name only."""

_ELSEWHERE = {
    "podSelector": "write `pods`, with a `namespaceSelector` and this `podSelector` inside",
    "ipBlock": "write the CIDR as `networks` of an egress peer",
    "nodes": "only peers of `to` have `nodes`",
    "networks": "only peers of `to` have `networks`",
    "domainNames": "only peers of `to` have `domainNames`, and not those of a baseline of v1alpha1",
    "portNumber": "ClusterNetworkPolicy has `tcp: {destinationPort: {number: ...}}`",
    "portRange": "ClusterNetworkPolicy has `tcp: {destinationPort: {range: ...}}`",
    "tcp": "v1alpha1 has `portNumber: {protocol: TCP, port: ...}`",
    "udp": "v1alpha1 has `portNumber: {protocol: UDP, port: ...}`",
    "sctp": "v1alpha1 has `portNumber: {protocol: SCTP, port: ...}`",
}
"""Help for fields that mean something in another place."""


class Closed(Struct, frozen=True):
    """An object with none of the fields that we know: its rule fails closed.

    `known` are the fields that it could have; `key` the one that it has instead.
    """

    what: str
    key: str | None
    known: tuple[str, ...]
    span: Span

    @property
    def help(self) -> str:
        """What to write instead."""
        known = ", ".join(f"`{name}`" for name in self.known)
        return _ELSEWHERE.get(self.key or "") or f"the fields known here are {known}"


def fields(context: Context, node: Node, what: str, known: Collection[str] | None) -> Fields:
    """The fields of an object that are there: null is absent."""
    return context.fields(node, what, known)


def required(
    context: Context, found: Fields, name: str, what: str, place: Span, *, said: bool = False
) -> tuple[Scalar, Node] | None:
    """A field that must be there; None after an error at `place`.

    `said`: something is wrong with the fields already, perhaps a typo of this one.
    """
    if name not in found and said:
        return None
    if name not in found:
        context.refuse("CPC804", f"{what} has no `{name}`", place, f"add `{name}:`")
        return None
    return found[name]


def items(
    context: Context, entry: tuple[Scalar, Node], most: int, least: int = 0
) -> tuple[Node, ...]:
    """The items of a list with as many as the API takes; too few or too many are an error."""
    word, node = entry
    listed = context.sequence(node, f"`{word.text}`")
    if len(listed) > most:
        context.refuse(
            "CPC804",
            f"`{word.text}` has more than {most} items",
            listed[most].span,
            f"the API takes up to {most}: move the rest into another rule or policy",
        )
    elif len(listed) < least and not isinstance(node, Scalar | Mapping):
        context.refuse(
            "CPC804",
            f"`{word.text}` is empty",
            node.span,
            "list at least one item, as the API asks",
        )
    return listed


def one_of(
    context: Context,
    node: Node,
    what: str,
    known: tuple[str, ...],
    elsewhere: tuple[str, ...] = (),
) -> tuple[Scalar, Node] | Closed | None:
    """The one field that an object has, of those that are known; None after an error.

    A single unknown field that is near to a known one is taken for a typo, unless it is known
    `elsewhere`.
    """
    mark = context.mark
    found = fields(context, node, what, None)
    if context.failed(mark):
        return None
    if len(found) > 1:
        second = list(found.values())[1][0]
        context.refuse(
            "CPC804",
            f"{what} has more than one field",
            second.span,
            "write each field as an item of its own" if what.startswith("a ") else "keep one",
        )
        return None
    for name, (key, value) in found.items():
        if name in known:
            return key, value
        if name not in elsewhere and (name in _MISPLACED or _near(name, known)):
            near = _near(name, known)
            help = _MISPLACED.get(name) or f"did you mean `{near}`?"
            context.refuse("CPC703", f"`{name}` is not a key of {what}", key.span, help)
            return None
        return Closed(what, name, known, key.span)
    return Closed(what, None, known, node.span)


def _near(word: str, known: tuple[str, ...]) -> str | None:
    same = next((k for k in known if k.lower() == word.lower()), None)
    return same or suggest(word, known)
