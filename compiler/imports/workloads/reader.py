"""A reader of workloads: fields that Kubernetes would drop are warnings, what is read must have its shape."""

from collections.abc import Collection

from msgspec import field

from cpc.compiler.diagnostics import suggest
from cpc.compiler.documents.nodes import Mapping, Node, Scalar, is_null
from cpc.compiler.documents.reader import Reader, quoted
from cpc.compiler.imports.objects import METADATA, Object
from cpc.compiler.imports.workloads.fields import CONTAINER, OBJECT, POD, WORKLOADS
from cpc.compiler.policy.inventory import Pairs
from cpc.compiler.policy.inventory_addresses import read_address
from cpc.compiler.policy.inventory_owners import Owners
from cpc.compiler.policy.label_syntax import KEY_HELP, VALUE_HELP, is_label_key, is_label_value
from cpc.compiler.policy.model import Address, Protocol
from cpc.compiler.source import Span

__all__ = ["Parts", "WorkloadReader"]

Parts = dict[str, Node]
"""The fields of a mapping that say something, by name."""

_PROTOCOLS = ("TCP", "UDP", "SCTP")


class WorkloadReader(Reader):
    """Reads objects into one inventory; `owners` knows whose each address is."""

    owners: Owners = field(default_factory=Owners)
    _hints: dict[tuple[str, str], str] = field(default_factory=dict)

    def unknown(self, key: Scalar, what: str, known: Collection[str]) -> None:
        """Warns of a field that Kubernetes does not have (CPC720)."""
        asked = (what, key.text)
        if asked not in self._hints:  # generated files make the same slip a thousand times
            self._hints[asked] = _hint(key.text, known)
        message = f"`{key.text}` is not a field of {what}"
        self.warn("CPC720", message, key.span, self._hints[asked])

    def object(self, object: Object, known: Collection[str] | None = OBJECT) -> tuple[Parts, Parts]:
        """The fields of an object, and those of its metadata."""
        top = self.parts(object.node, f"`{object.kind}`", known)
        metadata = self.parts(top.get("metadata"), "`metadata`", METADATA)
        for key in ("name", "namespace", "generateName"):
            self.word(metadata.get(key), f"`{key}`")
        return top, metadata

    def parts(self, node: Node | None, what: str, known: Collection[str] | None = None) -> Parts:
        """The fields of a mapping; what is null or an empty string counts as absent, as in Kubernetes."""
        if node is None:
            return {}
        fields = self.mapping(node, what, known)
        return {name: value for name, (_, value) in fields.items() if not _says_nothing(value)}

    def items(self, node: Node | None, what: str) -> tuple[Node, ...]:
        """The items of a list; none where it is absent."""
        return () if node is None else self.sequence(node, what)

    def word(self, node: Node | None, what: str) -> str:
        """A string; empty where it is absent, and after an error."""
        found = None if node is None else self.string(node, what)
        return "" if found is None else found.text

    def flag(self, node: Node | None, what: str) -> bool:
        """A truth value; false where it is absent, and after an error."""
        return node is not None and bool(self.truth(node, what))

    def labels(self, node: Node | None, what: str = "`labels`") -> Pairs:
        """Labels, or the labels that a selector asks for, sorted by key."""
        found: dict[str, str] = {}
        for word, value in () if node is None else self.mapping(node, what, None).values():
            if isinstance(value, Mapping) and word.text == "matchLabels":
                help = "write its labels directly below `selector`"
                self.refuse("CPC804", f"{what} has no `matchLabels`", word.span, help)
                continue
            text = self._label_value(value)
            if self._is_label_key(word) and text is not None:
                found[word.text] = text
        return tuple(sorted(found.items()))

    def _label_value(self, node: Node) -> str | None:
        if is_null(node):
            return ""
        if not isinstance(node, Scalar) or not node.is_string:
            help = quoted(node) if isinstance(node, Scalar) else "give one value"
            self.refuse("CPC702", "a label's value is a string", node.span, help)
            return None
        if not is_label_value(node.text):
            self.refuse("CPC804", f"`{node.text}` is no label value", node.span, VALUE_HELP)
            return None
        return node.text

    def _is_label_key(self, word: Scalar) -> bool:
        if not word.is_string:
            self.refuse("CPC702", "a label's key is a string", word.span, quoted(word))
            return False
        if not is_label_key(word.text):
            self.refuse("CPC804", f"`{word.text}` is no label key", word.span, KEY_HELP)
            return False
        return True

    def address(self, node: Node | None) -> tuple[Address, Span] | None:
        """An address and its place; None where it is absent, and after an error."""
        found = None if node is None else read_address(self, node)
        return None if found is None or node is None else (found, node.span)

    def protocol(self, node: Node | None) -> int | None:
        """The number of a protocol, TCP where none is given; None after an error."""
        word = None if node is None else self.string(node, "`protocol`")
        if word is None:
            return int(Protocol.TCP) if node is None else None
        if word.text in _PROTOCOLS:
            return int(Protocol[word.text])
        near = word.text.upper()
        help = f"did you mean `{near}`?" if near in _PROTOCOLS else "it is TCP, UDP or SCTP"
        self.refuse("CPC804", f"`{word.text}` is not a protocol", word.span, help)
        return None

    def port(self, node: Node, what: str) -> int | str | None:
        """A port by number or by name; None after an error."""
        if not isinstance(node, Scalar) or not node.is_string:
            return self.number(node, what, 1, 65535)
        if node.text.isdecimal():
            message = f"`{node.text}` is no port name"
            self.refuse("CPC804", message, node.span, "remove the quotes")
            return None
        return node.text


_HOMES = (
    ("`metadata`", METADATA),
    ("a pod's `spec`", POD),
    ("a container", CONTAINER),
    ("the object's `spec`", frozenset[str]().union(*WORKLOADS.values())),
)


def _hint(key: str, known: Collection[str]) -> str:
    """What may be meant by a field that is not among the `known` ones."""
    for place, fields in _HOMES:
        if key in fields and fields is not known and key != "name":
            return f"it is a field of {place}: move it there"
    near = suggest(key, tuple(known))
    return f"did you mean `{near}`?" if near else "Kubernetes drops it: remove it"


def _says_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and (node.is_null or not node.text)
