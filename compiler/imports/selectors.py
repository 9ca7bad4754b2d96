"""Label selectors of Kubernetes as label expressions of the language."""

from collections.abc import Callable

from msgspec import Struct

from cpc.compiler.diagnostics import suggest
from cpc.compiler.documents.nodes import Mapping, Node, Scalar
from cpc.compiler.documents.reader import Fields, quoted
from cpc.compiler.imports.context import Context
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS, NAMESPACE_NAME
from cpc.compiler.policy.label_syntax import (
    KEY_HELP,
    VALUE_HELP,
    is_label_key,
    is_label_value,
)
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = [
    "Key",
    "in_any_namespace",
    "label_terms",
    "namespace_key",
    "pod_key",
    "pods",
    "speaks_of_namespaces",
    "term",
]

Key = Callable[[str, Span], tree.Name | tree.Text]
"""How a selector's key is written as a label key of the language."""


def pod_key(key: str, span: Span) -> tree.Text:
    """A label of pods."""
    return tree.Text(f"k8s:{key}", span)


def namespace_key(key: str, span: Span) -> tree.Text:
    """A label of the pod's namespace; the one that holds the namespace's name is the namespace itself."""
    if key == NAMESPACE_NAME:
        return tree.Text(f"k8s:{NAMESPACE_KEY}", span)
    return tree.Text(f"k8s:{NAMESPACE_LABELS}{key}", span)


def term(
    key: tree.Name | tree.Text, op: str, values: tuple[tree.Text, ...], span: Span
) -> tree.LabelTerm:
    """One term; of one value the short form."""
    if len(values) == 1:
        op = {"in": "=", "not-in": "!="}.get(op, op)
    return tree.LabelTerm(key, op, values, span)


def in_any_namespace(span: Span) -> tree.LabelTerm:
    """What holds for every pod, of whatever namespace."""
    return tree.LabelTerm(tree.Text(f"k8s:{NAMESPACE_KEY}", span), "exists", (), span)


def speaks_of_namespaces(terms: tuple[tree.LabelTerm, ...]) -> bool:
    """Whether one of the terms only holds where the namespace is known."""
    return any(
        t.op in ("=", "in", "exists")
        and isinstance(t.key, tree.Text)
        and t.key.value.startswith((f"k8s:{NAMESPACE_KEY}", f"k8s:{NAMESPACE_LABELS}"))
        for t in terms
    )


_OPERATORS = {"In": "in", "NotIn": "not-in", "Exists": "exists", "DoesNotExist": "absent"}


def label_terms(
    context: Context, node: Node, what: str, key: Key, *, sources: bool = False
) -> tuple[tree.LabelTerm, ...] | None:
    """The terms of a `LabelSelector`, none for an empty one; None after an error (CPC702-CPC704, CPC804).

    `sources`: keys may begin with the source of a label, as in Cilium.
    """
    return _Reader(context, key, sources).selector(node, what)


def pods(context: Context, parts: Fields, span: Span, namespace: str | None) -> tree.Labels | None:
    """Pods by `podSelector` and `namespaceSelector`, as NetworkPolicy and its kin select peers.

    Without a namespace selector they are those of `namespace` (None: of every one). None after an
    error.
    """
    terms: list[tree.LabelTerm] = []
    if "namespaceSelector" in parts:
        found = label_terms(
            context, parts["namespaceSelector"][1], "`namespaceSelector`", namespace_key
        )
        if found is None:
            return None
        if not speaks_of_namespaces(found):
            terms.append(in_any_namespace(parts["namespaceSelector"][0].span))
        terms += found
    elif namespace is None:
        terms.append(in_any_namespace(span))
    if "podSelector" in parts:
        found = label_terms(context, parts["podSelector"][1], "`podSelector`", pod_key)
        if found is None:
            return None
        if (
            namespace is not None
            and "namespaceSelector" not in parts
            and speaks_of_namespaces(found)
        ):
            key = tree.Text(f"k8s:{NAMESPACE_KEY}", span)
            terms.append(term(key, "=", (tree.Text(namespace, span),), span))
        terms += found
    return tree.Labels(tuple(terms), span)


class _Reader(Struct, frozen=True):
    context: Context
    key: Key
    sources: bool

    def selector(self, node: Node, what: str) -> tuple[tree.LabelTerm, ...] | None:
        context = self.context
        mark = context.mark
        parts = context.fields(node, what, _SELECTOR, _labels_above(node))
        terms: list[tree.LabelTerm] = []
        if "matchLabels" in parts:
            for word, value in context.mapping(
                parts["matchLabels"][1], "`matchLabels`", None
            ).values():
                text = self._value(value)
                if self._is_key(word) and text is not None:
                    terms.append(term(self.key(word.text, word.span), "=", (text,), word.span))
        if "matchExpressions" in parts:
            for item in context.sequence(parts["matchExpressions"][1], "`matchExpressions`"):
                found = self._expression(item)
                if found is not None:
                    terms.append(found)
        return None if context.failed(mark) else tuple(terms)

    def _expression(self, node: Node) -> tree.LabelTerm | None:
        context = self.context
        parts = context.fields(node, "an expression", ("key", "operator", "values"))
        for name in ("key", "operator"):
            if name not in parts:
                context.refuse(
                    "CPC804", f"an expression has no `{name}`", node.span, f"add `{name}:`"
                )
                return None
        word = context.string(parts["key"][1], "`key`")
        operator = context.string(parts["operator"][1], "`operator`")
        if word is None or operator is None or not self._is_key(word):
            return None
        op = _OPERATORS.get(operator.text)
        if op is None:
            context.choice(operator, "an operator", tuple(_OPERATORS))
            return None
        listed = context.sequence(parts["values"][1], "`values`") if "values" in parts else ()
        values = [self._value(item) for item in listed]
        if (op in ("in", "not-in")) is not bool(values):
            help = "list at least one value" if not values else "remove `values`"
            needs = "needs values" if not values else "takes no values"
            context.refuse("CPC804", f"`{operator.text}` {needs}", operator.span, help)
            return None
        known = tuple(v for v in values if v is not None)
        if len(known) < len(values):
            return None
        return term(self.key(word.text, word.span), op, known, node.span)

    def _value(self, node: Node) -> tree.Text | None:
        """A label's value as Kubernetes takes one: up to 63 of letters, digits, `-`, `_` and `.`."""
        if not isinstance(node, Scalar) or not node.is_string:
            help = "give one value"
            if isinstance(node, Scalar):
                help = 'give one; the empty value is `""`' if node.is_null else quoted(node)
            self.context.refuse("CPC702", "a label's value is a string", node.span, help)
            return None
        if not is_label_value(node.text):
            message = f"`{node.text}` is no label value"
            self.context.refuse("CPC804", message, node.span, VALUE_HELP)
            return None
        return tree.Text(node.text, node.span)

    def _is_key(self, word: Scalar) -> bool:
        """Whether a label key can be one; else an error."""
        if not word.is_string:
            self.context.refuse("CPC702", "a label's key is a string", word.span, quoted(word))
            return False
        _, colon, name = word.text.partition(":")
        if is_label_key(name if colon and self.sources else word.text):
            return True
        help = KEY_HELP
        if colon and is_label_key(name):
            help = f"only Cilium's selectors know sources of labels: write `{name}`"
        self.context.refuse("CPC804", f"`{word.text}` is no label key", word.span, help)
        return False


_SELECTOR = ("matchLabels", "matchExpressions")


def _labels_above(node: Node) -> dict[str, str]:
    """Help for labels that stand where `matchLabels` should."""
    entries = node.entries if isinstance(node, Mapping) else ()
    return {
        key.text: f"labels stand below `matchLabels`: write `matchLabels: {{{key.text}: ...}}`"
        for key, value in entries
        if isinstance(value, Scalar) and suggest(key.text, _SELECTOR) is None
    }
