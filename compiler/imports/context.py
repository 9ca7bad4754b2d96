"""What importers share: the shapes and names of one run, and the world they may ask about."""

import re
from collections.abc import Collection

from msgspec import field

from cpc.compiler.diagnostics import Label, suggest
from cpc.compiler.documents.nodes import Node, Scalar, is_null
from cpc.compiler.documents.reader import Fields, Reader
from cpc.compiler.imports.identifiers import free_name, identifier
from cpc.compiler.imports.inventories import inventory_among
from cpc.compiler.imports.object_names import (
    NAME_HELP,
    NAMESPACE_HELP,
    is_generated_name,
    is_namespace_name,
    is_object_name,
)
from cpc.compiler.imports.objects import METADATA, Object
from cpc.compiler.policy.inventory import ClusterService, Inventory
from cpc.compiler.policy.names import ENTITIES
from cpc.compiler.policy.resolve_ports import PORT_NAME_HELP, is_port_name
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Context", "port_range_help"]

_RANGE = re.compile(r"([0-9]{1,5}) ?[-:] ?([0-9]{1,5})")


def port_range_help(text: str, quote: str = "") -> str | None:
    """How a range of ports is written, where a text is one; `quote` stands around the first port."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    return f"write the range as `port: {quote}{found[1]}{quote}` and `endPort: {found[2]}`"


_READABLE = re.compile(r"[\w.-]{1,253}", re.ASCII)
"""Names that are only not spelled as they must be."""

_NAMES = {
    "name": ("name of an object", is_object_name, NAME_HELP),
    "generateName": ("beginning of an object's name", is_generated_name, NAME_HELP),
    "namespace": ("name of a namespace", is_namespace_name, NAMESPACE_HELP),
}


_OF_SERVICES = ("Service", "EndpointSlice", "Endpoints")
"""Kinds that say what a Service is."""


class Context(Reader):
    """A reader of policy objects; `inventory` is the closed world, where one is known.

    `beside` are the workloads among the policy files, a part of a cluster perhaps. `defined` are the names that
    definitions have over the whole run. `for_workloads`: it is only asked what workloads may do, so that
    other peers need not be known.
    """

    inventory: Inventory | None = None
    beside: tuple[Object, ...] = ()
    for_workloads: bool = False
    defined: set[str] = field(default_factory=set)
    _objects: dict[tuple[str, str, str], Span] = field(default_factory=dict)
    _policies: set[tuple[str, str]] = field(default_factory=set)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _tried: dict[str, int] = field(default_factory=dict)
    _services: tuple[ClusterService, ...] | None = None

    def services(self) -> tuple[ClusterService, ...]:
        """The Services of the inventory; without one, those beside the policies.

        The latter are read when they are first asked for: what is wrong with them is said then.
        """
        if self.inventory is not None:
            return self.inventory.services
        if self._services is None:
            found, said = inventory_among([o for o in self.beside if o.kind in _OF_SERVICES])
            self.diagnostics += said
            self._services = () if found is None else found.services
        return self._services

    def choice(self, word: Scalar, what: str, known: Collection[str]) -> None:
        """Reports a word that is none of the `known` ones (CPC804)."""
        near = next((k for k in known if k.lower() == word.text.lower()), None)
        near = near or suggest(word.text, tuple(known))
        help = f"did you mean `{near}`?" if near else f"it is one of {', '.join(known)}"
        self.refuse("CPC804", f"`{word.text}` is not {what}", word.span, help)

    def is_port_name(self, word: Scalar) -> bool:
        """Whether a word can name a port; else an error (CPC804)."""
        if is_port_name(word.text):
            return True
        self.refuse("CPC804", f"`{word.text}` is no port name", word.span, PORT_NAME_HELP)
        return False

    def fields(
        self,
        node: Node,
        what: str,
        known: Collection[str] | None,
        elsewhere: dict[str, str] | None = None,
    ) -> Fields:
        """The fields of an object that are there, as `mapping` reads them: null is absent."""
        found = self.mapping(node, what, known, elsewhere)
        for name in [name for name, (_, value) in found.items() if is_null(value)]:
            del found[name]
        return found

    def object(
        self, object: Object, namespace: str, known: Collection[str] = ("spec", "status")
    ) -> Fields:
        """The top of a policy object: its `known` fields beside `apiVersion`, `kind`, `metadata`.

        `namespace` is the one that it is in, empty where its kind is in none. Says what is wrong with the
        metadata and with an object that is given twice (CPC803).
        """
        mark = self.mark
        fields = self.fields(object.node, object.kind, ("apiVersion", "kind", "metadata", *known))
        if "metadata" in fields:
            self._metadata(fields["metadata"][1], object)
        if not object.name and not self.failed(mark):
            message = f"this {object.kind} has no name"
            self.refuse("CPC804", message, object.spot, "add `metadata: {name: ...}`")
        key = (object.kind, namespace, object.name)
        first = self._objects.get(key)
        if object.name and not object.generated and first is not None:
            self.refuse(
                "CPC803",
                f"there already is a `{object.shown}`",
                object.spot,
                "a cluster keeps one of them: remove the other",
                (Label(first, "first given here"),),
            )
        if not object.generated:
            self._objects.setdefault(key, object.spot)
        return fields

    def _metadata(self, node: Node, object: Object) -> None:
        """Fields that are near to none that Kubernetes knows say nothing about the policy (CPC802)."""
        fields = self.fields(node, "`metadata`", None)
        for name, (key, value) in fields.items():
            if name in _NAMES:
                self._name(name, value)
            elif name in ("labels", "annotations"):
                for _, text in self.mapping(value, f"`{name}`", None).values():
                    if not (isinstance(text, Scalar) and (text.is_string or text.is_null)):
                        self.string(text, f"a value of `{name}`")
            elif name not in METADATA and suggest(name, tuple(METADATA)):
                self.unknown(key, "`metadata`", METADATA)
            elif name not in METADATA:
                self.warn(
                    "CPC802",
                    f"`{name}` is not a field of `metadata`",
                    key.span,
                    f"Kubernetes drops it: `{object.kind}` means the same without it",
                )

    def _name(self, field: str, node: Node) -> None:
        """A name of metadata as the API server takes it; what is empty is absent to it.

        A policy means the same under another name, if it can be read at all (CPC833).
        """
        if isinstance(node, Scalar) and node.is_string and not node.text:
            return
        word = self.string(node, f"`{field}`")
        what, is_name, help = _NAMES[field]
        if word is None or is_name(word.text):
            return
        message = f"`{word.text}` is no {what}"
        if field == "name" and _READABLE.fullmatch(word.text):
            self.warn("CPC833", f"{message}: the API server refuses it", word.span, help)
        else:
            self.refuse("CPC804", message, word.span, help)

    def policy_name(self, object: Object, namespace: str) -> tree.Name:
        """A name for the policy that an object becomes, unique in its namespace over the whole run."""
        wanted = identifier(object.name or object.kind)
        number = self._numbers.get((namespace, wanted), 1)
        name = wanted if number == 1 else f"{wanted}-{number}"
        while (namespace, name) in self._policies:
            number += 1
            name = f"{wanted}-{number}"
        self._policies.add((namespace, name))
        self._numbers[namespace, wanted] = number + 1
        return tree.Name(name, object.spot)

    def definition_name(self, wanted: str, span: Span) -> tree.Name:
        """A name like `wanted` for a definition that an object needs, unique over the whole run."""
        name = free_name(identifier(wanted), self.defined, ENTITIES, tried=self._tried)
        self.defined.add(name)
        return tree.Name(name, span)
