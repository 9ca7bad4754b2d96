"""Subjects and peers of cluster policies as sides of rules."""

from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.documents.nodes import Mapping, Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cluster_policy.addresses import Domains, Plain, domains, networks, nodes
from cpc.compiler.imports.cluster_policy.dialects import CLUSTER, Dialect
from cpc.compiler.imports.cluster_policy.fields import (
    Closed,
    fields,
    items,
    one_of,
    required,
)
from cpc.compiler.imports.cluster_policy.relations import Relation
from cpc.compiler.imports.context import Context
from cpc.compiler.imports.selectors import (
    in_any_namespace,
    label_terms,
    namespace_key,
    pod_key,
    pods,
    speaks_of_namespaces,
)
from cpc.compiler.syntax import tree

__all__ = ["Peer", "Peers"]

_RELATIONS = ("sameLabels", "notSameLabels")
_NAMESPACED = ("namespaceSelector", *_RELATIONS)


Peer: TypeAlias = Plain | Domains | Relation | Closed


class Peers(Struct, frozen=True):
    """Reads the subject and the peers of one policy."""

    context: Context
    dialect: Dialect

    def subject(self, node: Node) -> tree.Labels | None:
        """The endpoints that a policy is about; None after an error."""
        mark = self.context.mark
        parts = fields(self.context, node, "`subject`", ("namespaces", "pods"))
        if len(parts) != 1:
            if self.context.failed(mark):
                return None
            self.context.refuse(
                "CPC804",
                "`subject` has one of `namespaces` and `pods`",
                node.span,
                "write `namespaces: {}` for every pod of every namespace",
            )
            return None
        word, value = next(iter(parts.values()))
        if word.text == "namespaces":
            return self._in_namespaces(word, value)
        selectors = fields(self.context, value, "`pods`", ("namespaceSelector", "podSelector"))
        return self._pods(selectors, value)

    def peer(self, node: Node, direction: str) -> Peer | None:
        """A peer of a rule; None after an error."""
        known = self.dialect.peers(direction)
        found = one_of(self.context, node, "a peer", known, CLUSTER.egress_peers)
        if found is None or isinstance(found, Closed):
            return found
        word, value = found
        match word.text:
            case "namespaces":
                return self._namespaces_peer(word, value)
            case "pods":
                return self._pods_peer(value)
            case "nodes":
                return nodes(self.context, value)
            case "networks":
                return networks(self.context, found)
            case _:
                return domains(self.context, found)

    # --- pods and namespaces -------------------------------------------------------------------

    def _in_namespaces(self, word: Scalar, node: Node) -> tree.Labels | None:
        """Every pod of the namespaces of a selector."""
        span = word.span.to(node.span)
        terms = label_terms(self.context, node, f"`{word.text}`", namespace_key)
        if terms is None:
            return None
        if not speaks_of_namespaces(terms):
            terms = (in_any_namespace(word.span), *terms)
        return tree.Labels(terms, span)

    def _pods(self, parts: Fields, node: Node) -> tree.Labels | None:
        """Pods by two selectors; v1alpha1 needs both, v1alpha2 the one of pods (CPC833)."""
        names = ["podSelector"]
        if self.dialect is not CLUSTER:
            names.insert(0, "namespaceSelector")
        if not any(name in parts for name in ("namespaceSelector", "podSelector")):
            required(self.context, parts, names[0], "`pods`", node.span)
            return None
        for name in names:
            if name not in parts:
                self.context.warn(
                    "CPC833",
                    f"`pods` has no `{name}`: it is read as one that takes all",
                    node.span,
                    f"write `{name}: {{}}`: the API server refuses a policy without it",
                )
        return pods(self.context, parts, node.span, None)

    def _namespaces_peer(self, word: Scalar, node: Node) -> Peer | None:
        if self.dialect is CLUSTER and self._has_relation(node):
            return None
        if not self._is_namespaced(node):
            labels = self._in_namespaces(word, node)
            return None if labels is None else Plain((labels,))
        found = self._namespaced(node, ())
        if found is None or not isinstance(found, tuple):
            return found
        labels = self._in_namespaces(*found)
        return None if labels is None else Plain((labels,))

    def _pods_peer(self, node: Node) -> Peer | None:
        """Pods by `namespaceSelector`, or by `namespaces` as the first releases had it."""
        context = self.context
        old = isinstance(node, Mapping) and node.get("namespaces") is not None
        if not (old and self.dialect.relations):
            known = ("namespaceSelector", "podSelector")
            labels = self._pods(fields(context, node, "`pods`", known), node)
            return None if labels is None else Plain((labels,))
        parts = fields(context, node, "`pods`", ("namespaces", "podSelector"))
        namespaces = required(context, parts, "namespaces", "`pods`", node.span)
        selector = required(context, parts, "podSelector", "`pods`", node.span)
        if namespaces is None or selector is None:
            return None
        terms = label_terms(context, selector[1], "`podSelector`", pod_key)
        if terms is None:
            return None
        found = self._namespaced(namespaces[1], terms)
        if found is None or not isinstance(found, tuple):
            return found
        both = {"namespaceSelector": found, "podSelector": selector}
        labels = pods(context, both, node.span, None)
        return None if labels is None else Plain((labels,))

    def _is_namespaced(self, node: Node) -> bool:
        """Whether namespaces are chosen as in the first releases of v1alpha1."""
        keys = [k.text for k, _ in node.entries] if isinstance(node, Mapping) else []
        return self.dialect.relations and any(key in _NAMESPACED for key in keys)

    def _has_relation(self, node: Node) -> bool:
        """Reports a relation where the API has none any more (CPC809)."""
        keys = [k for k, _ in node.entries] if isinstance(node, Mapping) else []
        found = next((k for k in keys if k.text in _RELATIONS), None)
        if found is not None:
            self.context.refuse(
                "CPC809",
                f"`{found.text}` is not in this version of the API",
                found.span,
                "a cluster would drop it and mean every namespace: select by `matchLabels`, one policy "
                "for each value",
            )
        return found is not None

    def _namespaced(
        self, node: Node, terms: tuple[tree.LabelTerm, ...]
    ) -> tuple[Scalar, Node] | Relation | Closed | None:
        """A `NamespacedPeer`: a selector of namespaces, or a relation of pods of `terms`."""
        found = one_of(self.context, node, "`namespaces`", _NAMESPACED)
        if found is None or isinstance(found, Closed) or found[0].text == "namespaceSelector":
            return found
        word = found[0]
        listed = items(self.context, found, self.dialect.limit)
        keys = [self.context.string(item, "a label's key") for item in listed]
        known = tuple(tree.Text(k.text, k.span) for k in keys if k is not None)
        if len(known) < len(listed):
            return None
        if self.context.inventory is None:
            self.context.refuse(
                "CPC809",
                f"`{word.text}` needs the namespaces of the cluster",
                word.span,
                "pass them with `--inventory`: what is meant depends on their labels",
            )
            return None
        span = word.span.to(found[1].span)
        return Relation(word.text == "sameLabels", known, terms, span)
