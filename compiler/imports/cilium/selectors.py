"""Endpoint selectors of Cilium: label expressions with sources, and reserved labels, which are entities.

Source: Cilium's documentation, "Layer 3 Examples" and "Endpoint Selector"; what its agent adds to the
selectors of CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.
"""

import re

from cpc.compiler.diagnostics import suggest
from cpc.compiler.documents.nodes import Mapping, Node, Scalar, Sequence, is_null
from cpc.compiler.imports.cilium.rule import CiliumRule, Scope
from cpc.compiler.imports.selectors import Key, in_any_namespace, label_terms, term
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.model import Entity, LabelKey
from cpc.compiler.policy.names import ENTITIES
from cpc.compiler.policy.resolve_labels import SOURCES, label_key
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["entity", "peer", "requirement", "selector_terms", "subject"]

_RESERVED = "reserved:"
_SELECTOR = ("matchLabels", "matchExpressions")
_EXPRESSION = ("key", "operator", "values")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_NAME = re.compile(r"[A-Za-z_]\w*(-\w+)*", re.ASCII)
_NAMESPACE = f"k8s:{NAMESPACE_KEY}"
_POSITIVE = ("=", "in", "exists")
_NO_ENDPOINTS = tuple(
    e.value
    for e in Entity
    if e not in (Entity.ALL, Entity.CLUSTER, Entity.WORLD_IPV4, Entity.WORLD_IPV6)
)
"""Those of other labels than endpoints have, and endpoints without any."""

Terms = tuple[tree.LabelTerm, ...]


def subject(rule: CiliumRule, node: Node) -> "tree.Expr | None":
    """Whom a rule is about; None after an error. `init` and `health` endpoints are in no namespace."""
    terms = selector_terms(rule, node, "`endpointSelector`")
    if terms is None:
        return None
    if not _reserved(terms):
        return tree.Labels(_inside(rule, terms), node.span)
    name = _entity_of(rule, terms, node)
    if name is None:
        return None
    if name.text in ("init", "health"):
        return name
    rule.cannot(
        f"`reserved:{name.text}` has no side here: nothing enforces a rule about it",
        node.span,
        "select endpoints by their labels, `reserved:init` or `reserved:health`",
    )
    return None


def _inside(rule: CiliumRule, terms: Terms) -> Terms:
    """Without a namespace other than the policy's own, which Cilium puts in its place (CPC824)."""
    kept: list[tree.LabelTerm] = []
    for one in terms:
        strange = (
            rule.scope is Scope.NAMESPACE
            and isinstance(one.key, tree.Text)
            and (one.key.value, one.op) == (_NAMESPACE, "=")
            and one.values != (tree.Text(rule.namespace, one.span),)
        )
        if not strange:
            kept.append(one)
            continue
        rule.context.warn(
            "CPC824",
            f"a policy of namespace `{rule.namespace}` is about its own endpoints only",
            one.span,
            "remove this label, or move the policy into the other namespace",
        )
    return tuple(kept)


def peer(rule: CiliumRule, node: Node, what: str, deny: bool) -> tuple[tree.Expr, ...]:
    """Peers of a rule: endpoints by labels, or an entity; none after an error or where it is nobody.

    A selector that asks for no label that is there takes the world and the nodes too, which have none
    of the labels that it forbids (CPC828). What is denied is all of that, what is allowed is endpoints.
    """
    terms = selector_terms(rule, node, what)
    if terms is None:
        return ()
    if _reserved(terms):
        entity = _entity_of(rule, terms, node)
        return () if entity is None else (entity,)
    placed = _placed(rule, terms, node.span)
    labels = tree.Labels(placed, node.span)
    if not _takes_others(rule, placed):
        return (labels,)
    denied = "Cilium denies the world and the nodes too with this selector, and so it is read"
    allowed = (
        "Cilium allows the world and the nodes too with this selector: here it means endpoints"
    )
    rule.context.warn(
        "CPC828",
        denied if deny else allowed,
        node.span,
        f"add `{{key: '{_NAMESPACE}', operator: Exists}}` if endpoints are meant, entities if all are",
    )
    return (labels, *_without_labels(placed, node.span)) if deny else (labels,)


def _takes_others(rule: CiliumRule, terms: Terms) -> bool:
    """Whether Cilium finds that what is no endpoint has these labels, of which none has to be there.

    In JSON `{}` is documented to mean every endpoint. A namespace that nobody names is the policy's own.
    """
    if not terms or any(t.op in _POSITIVE for t in terms):
        return False
    keys = [_key_of(t) for t in terms]
    return rule.scope is not Scope.NAMESPACE or any(
        key == NAMESPACE_KEY or key.startswith(NAMESPACE_LABELS) for key in keys
    )


def _without_labels(terms: Terms, span: Span) -> tuple[tree.Name, ...]:
    """The entities that no term keeps out: their only labels are of source `reserved`, by their names."""
    keys = [
        _label_key(t)
        for t in terms
        if t.op == "absent" or any(isinstance(v, tree.Text) and not v.value for v in t.values)
    ]
    forbidden = {key.key for key in keys if key.source == "any"}
    return tuple(tree.Name(e, span) for e in _NO_ENDPOINTS if e not in forbidden)


def requirement(rule: CiliumRule, node: Node, what: str) -> tree.Labels | None:
    """What label peers must also be; None after an error."""
    terms = selector_terms(rule, node, what)
    if terms is None:
        return None
    if _reserved(terms):
        rule.cannot("a reserved label cannot be required", node.span, "require labels of endpoints")
        return None
    return tree.Labels(_placed(rule, terms, node.span), node.span)


def _placed(rule: CiliumRule, terms: Terms, span: Span) -> Terms:
    """A peer with what Cilium adds to it, where the language does not do it for the policy's namespace."""
    if rule.scope is Scope.AGENT or any(_key_of(t) == NAMESPACE_KEY for t in terms):
        return terms
    if rule.scope is Scope.CLUSTER:
        return terms if rule.entity == "init" else (in_any_namespace(span), *terms)
    if not rule.entity or any(_key_of(t).startswith(NAMESPACE_LABELS) for t in terms):
        return terms
    own = term(tree.Text(_NAMESPACE, span), "=", (tree.Text(rule.namespace, span),), span)
    return (own, *terms)


def _key_of(one: tree.LabelTerm) -> str:
    """A term's key, where it may be one of Kubernetes; else nothing."""
    key = _label_key(one)
    return key.key if key.source in ("any", "k8s") else ""


def _label_key(one: tree.LabelTerm) -> LabelKey:
    return label_key(one.key.value if isinstance(one.key, tree.Text) else one.key.text)


# --- labels ------------------------------------------------------------------------------------


def selector_terms(rule: CiliumRule, node: Node, what: str) -> Terms | None:
    """The terms of a selector, those of reserved labels too; None after an error."""
    if is_null(node):
        rule.wrong(f"{what} is nothing", node.span, "write `{}` to select every endpoint")
        return None
    return label_terms(rule.context, _spelled(rule, node), what, _key(rule), sources=True)


def _spelled(rule: CiliumRule, node: Node) -> Node:
    """The selector with its keys and operators as Kubernetes writes them."""
    if not isinstance(node, Mapping):
        return node
    entries: list[tuple[Scalar, Node]] = []
    for word, value in node.entries:
        key = rule.spelled(word, _SELECTOR)
        if key.text == "matchExpressions" and isinstance(value, Sequence):
            value = value._replace(items=tuple(_expression(rule, item) for item in value.items))
        entries.append((key, value))
    return node._replace(entries=tuple(entries))


def _expression(rule: CiliumRule, node: Node) -> Node:
    if not isinstance(node, Mapping):
        return node
    entries: list[tuple[Scalar, Node]] = []
    for word, value in node.entries:
        key = rule.spelled(word, _EXPRESSION)
        if key.text == "operator" and isinstance(value, Scalar):
            value = rule.spelled(value, _OPERATORS)
        entries.append((key, value))
    return node._replace(entries=tuple(entries))


def _key(rule: CiliumRule) -> Key:
    """`source:key`; without a source the label of any."""

    def key(text: str, span: Span) -> tree.Name | tree.Text:
        source, colon, name = text.partition(":")
        if not colon and text.startswith("reserved."):
            return tree.Text(f"{_RESERVED}{text.removeprefix('reserved.')}", span)
        if not colon or source == "any":
            bare = name if colon else text
            return tree.Name(bare, span) if _NAME.fullmatch(bare) else tree.Text(bare, span)
        if source not in (*SOURCES, "reserved"):
            help = f"sources are {', '.join(SOURCES)} and `reserved`"
            if source == "cidr":
                help = "select addresses with `fromCIDR` or `toCIDR`"
            message = f"no endpoint has labels of source `{source}`"
            rule.context.refuse("CPC822", message, span, help)
        return tree.Text(text, span)

    return key


# --- entities ----------------------------------------------------------------------------------


def _reserved(terms: Terms) -> bool:
    return any(isinstance(t.key, tree.Text) and t.key.value.startswith(_RESERVED) for t in terms)


def _entity_of(rule: CiliumRule, terms: Terms, node: Node) -> tree.Name | None:
    """The entity that one reserved label is (CPC822); None also for `none`, which nobody is."""
    if len(terms) > 1:
        rule.context.refuse(
            "CPC822",
            "a reserved label stands alone in a selector: nobody has it beside others",
            node.span,
            "write a selector, or an entity, for each",
        )
        return None
    (one,) = terms
    assert isinstance(one.key, tree.Text)
    if one.op in ("absent", "!=", "not-in"):
        message = f"everyone but `{one.key.value}` cannot be selected"
        rule.context.refuse(
            "CPC822", message, one.span, "select those who are meant, or deny these"
        )
        return None
    if one.op != "exists" and one.values != (tree.Text("", one.span),):
        message = f"`{one.key.value}` has no value"
        rule.context.refuse("CPC822", message, one.span, "match it with the value `''`")
        return None
    return entity(rule, one.key.value.removeprefix(_RESERVED), one.span)


def entity(rule: CiliumRule, word: str, span: Span) -> tree.Name | None:
    """An entity by its word; None for `none`, which nobody is, and after an error."""
    if word in ENTITIES:
        return tree.Name(word, span)
    if word == "ingress":
        rule.cannot(
            "entity `ingress` has no meaning here: the proxies of Cilium's ingress do not exist",
            span,
            "remove it, or name who takes their place",
        )
    elif word != "none":
        near = suggest(word, tuple(ENTITIES))
        help = f"did you mean `{near}`?" if near else f"it is one of {', '.join(sorted(ENTITIES))}"
        rule.wrong(f"`{word}` is not an entity", span, help)
    return None
