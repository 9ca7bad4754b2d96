"""Documents as Kubernetes objects: what kind each is, its name and namespace, lists taken apart."""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from cpc.compiler.diagnostics import suggest
from cpc.compiler.documents.nodes import Mapping, Node, Scalar, Sequence
from cpc.compiler.documents.reader import Reader
from cpc.compiler.imports.heads import WHAT, Kinds, head_of, is_near_kind
from cpc.compiler.source import Span

__all__ = ["CILIUM_RULE", "METADATA", "Object", "is_inventory", "objects"]

CILIUM_RULE = "Rule"
"""The kind that we give to a rule of Cilium's own JSON, which has none; its group is `cilium.io`."""

METADATA = frozenset(
    [
        "annotations",
        "clusterName",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "initializers",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    ]
)
"""The fields of every object's `metadata`, those of older servers too."""

_INVENTORY = {"cluster", "entities", "endpoints"}
_SECTIONS = frozenset({"ingress", "ingressdeny", "egress", "egressdeny"})


class Object(Struct, frozen=True):
    """One object as written.

    `group` is empty for the core API; `name` and `namespace` are empty where none is given. `spot` is
    the place that stands for the object: its name, else its kind. `generated`: `name` is only how the
    name begins that the API server makes.
    """

    group: str
    version: str
    kind: str
    name: str
    namespace: str
    node: Mapping
    spot: Span
    generated: bool = False

    @property
    def shown(self) -> str:
        """The object in a message: `NetworkPolicy shop/web`."""
        path = "/".join(part for part in (self.namespace, self.name) if part)
        return f"{self.kind} {path}" if path else self.kind


def is_inventory(document: Node) -> bool:
    """Whether a document is an inventory of cpc's own."""
    if not isinstance(document, Mapping) or document.get("kind") is not None:
        return False
    keys = {key.text for key, _ in document.entries}
    return bool(keys & _INVENTORY)


def objects(document: Node, reader: Reader, strict: bool, known: Kinds) -> Iterator[Object]:
    """The objects of one document, those of lists one by one.

    What is no object is an error where `strict` (CPC801), and is left out elsewhere: folders hold
    files of other programs. What is nearly one of the `known` ones is an error everywhere.
    """
    if isinstance(document, Sequence) and _are_rules(document.items):
        for item in document.items:
            if isinstance(item, Mapping):
                yield _rule(item)
            else:
                reader.refuse("CPC801", "this is no rule of Cilium", item.span, WHAT)
        return
    if not isinstance(document, Mapping):
        if strict:
            reader.refuse("CPC801", "this is no Kubernetes object", document.span, WHAT)
        return
    no_head = document.get("kind") is None and document.get("apiVersion") is None
    if no_head and _is_rule(document):
        yield _rule(document)
        return
    head = head_of(document, reader, strict, known)
    if head is None:
        return
    kind, version = head
    if not kind.text.endswith("List") or (kind.text != "List" and document.get("items") is None):
        yield _object(document, kind, version)
        return
    fields = reader.mapping(document, f"a {kind.text}", None)
    for name, (key, _) in fields.items():
        if name not in _LIST and (kind.text == "List" or is_near_kind(kind.text, known)):
            Reader.unknown(reader, key, f"a {kind.text}", _LIST)
    for item in reader.sequence(fields["items"][1], "`items`") if "items" in fields else ():
        yield from objects(_with_head(item, kind, version), reader, True, known)


_LIST = ("apiVersion", "kind", "metadata", "items")


def _are_rules(items: tuple[Node, ...]) -> bool:
    """Whether one of them says whom it selects: what the others lack is said about each."""
    return any(isinstance(item, Mapping) and _is_rule(item) for item in items)


def _is_rule(node: Mapping) -> bool:
    """Whether a mapping is a rule of Cilium's JSON, perhaps with a slip in the name of its selector.

    Other programs have a `nodeSelector` too, but no list of rules beside it.
    """
    selectors = {_selector_of(key.text) for key, _ in node.entries}
    if "endpointselector" in selectors:
        return True
    return "nodeselector" in selectors and any(
        key.text.lower() in _SECTIONS and isinstance(value, Sequence) for key, value in node.entries
    )


@lru_cache(1 << 12)
def _selector_of(key: str) -> str | None:
    """The selector of a rule that a key is, or nearly is."""
    return suggest(key.lower(), ("endpointselector", "nodeselector"), 0.85)


def _rule(node: Mapping) -> Object:
    place = node.source.span(node.start, min(node.start + 1, node.end))
    return Object("cilium.io", "", CILIUM_RULE, "", "", node, place)


def _with_head(item: Node, kind: Scalar, version: Scalar) -> Node:
    """An item of a typed list such as `PodList` may leave out what the list says."""
    if not isinstance(item, Mapping) or item.get("kind") is not None or kind.text == "List":
        return item
    single = Scalar(kind.source, kind.start, kind.end, kind.text.removesuffix("List"), kind.kind)
    head = [(Scalar(kind.source, kind.start, kind.end, "kind", kind.kind), single)]
    if item.get("apiVersion") is None:
        head.append((Scalar(kind.source, kind.start, kind.end, "apiVersion", kind.kind), version))
    return Mapping(item.source, item.start, item.end, (*head, *item.entries))


def _object(node: Mapping, kind: Scalar, version: Scalar) -> Object:
    group, _, number = version.text.rpartition("/")
    metadata = node.get("metadata")
    given = _text(metadata, "name")
    name = given or _text(metadata, "generateName")
    namespace = _text(metadata, "namespace")
    return Object(
        group,
        number,
        kind.text,
        "" if name is None else name.text,
        "" if namespace is None else namespace.text,
        node,
        kind.span if name is None else name.span,
        given is None and name is not None,
    )


def _text(metadata: Node | None, key: str) -> Scalar | None:
    value = metadata.get(key) if isinstance(metadata, Mapping) else None
    return value if isinstance(value, Scalar) and value.text and not value.is_null else None
