"""What only an inventory tells: the backends of Services, and the addresses of Nodes."""

from collections.abc import Callable

from msgspec import Struct

from cpc.compiler.documents.nodes import Node
from cpc.compiler.imports.cilium.rule import CiliumRule
from cpc.compiler.imports.cilium.selectors import selector_terms
from cpc.compiler.imports.selectors import term
from cpc.compiler.imports.world import holds, nodes_with
from cpc.compiler.policy.inventory import NAMESPACE_KEY, ClusterService
from cpc.compiler.policy.model import Address
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["nodes", "service"]

_BY = ("k8sService", "k8sServiceSelector")


def service(rule: CiliumRule, node: Node, deny: bool) -> tuple[tree.Expr, ...]:
    """The peers that one item of `toServices` stands for; nothing after an error (CPC804, CPC823, CPC827).

    Without an inventory the Services beside the policies are known. Others that a selector takes may be
    elsewhere: what is allowed without them is less, what is denied must be all.
    """
    what = "an item of `toServices`"
    parts = rule.fields(node, what, _BY)
    if not rule.apart(_BY, parts, what, "make an item of each"):
        return ()
    if not parts:
        rule.lacking(f"{what} is empty", node, "name a Service: `k8sService: {serviceName: ...}`")
        return ()
    mark = rule.context.mark
    if "k8sService" in parts:
        asked = _by_name(rule, parts["k8sService"][1])
    else:
        asked = _by_labels(rule, parts["k8sServiceSelector"][1])
    if rule.context.failed(mark) or asked is None:
        return ()
    everyone = rule.context.inventory is not None
    found = [s for s in rule.context.services() if asked.wanted(s)]
    if not found or (deny and not everyone and not asked.is_one):
        _unknown(rule, asked.shown, node.span)
        return ()
    return tuple(e for s in found for e in _backends(rule, s, node.span))


def nodes(rule: CiliumRule, node: Node, what: str) -> tuple[tree.Expr, ...]:
    """The addresses of the Nodes that a selector takes; nothing after an error (CPC827)."""
    terms = selector_terms(rule, node, what)
    if terms is None:
        return ()
    found = nodes_with(rule.context.inventory, terms)
    if not found:
        _unknown(rule, f"a Node with {_labels(terms)}", node.span)
    return tuple(_address(a, node.span, True) for n in found for a in n.addresses)


def _address(address: Address, span: Span, scope_any: bool) -> tree.CidrRef:
    item = tree.CidrItem(tree.Text(str(address), span), (), span)
    return tree.CidrRef((item,), scope_any, span)


class _Asked(Struct, frozen=True):
    """Which Services are meant, in words and as a test; `is_one`: there is only one such."""

    shown: str
    wanted: Callable[[ClusterService], bool]
    is_one: bool


def _by_name(rule: CiliumRule, node: Node) -> _Asked | None:
    """A Service by name; without a namespace it is one of any, as in Cilium."""
    parts = rule.fields(node, "`k8sService`", ("serviceName", "namespace"))
    name, namespace = rule.text(parts, "serviceName"), rule.text(parts, "namespace")
    if name is None:
        rule.lacking("`k8sService` has no `serviceName`", node, "name the Service")
        return None
    space = "" if namespace is None else namespace.text
    shown = f"the Service `{space}/{name.text}`" if space else f"the Service `{name.text}`"
    return _Asked(shown, lambda s: s.name == name.text and space in ("", s.namespace), bool(space))


def _by_labels(rule: CiliumRule, node: Node) -> _Asked | None:
    """Services by their labels; the source of a label means nothing here, as in Cilium."""
    parts = rule.fields(node, "`k8sServiceSelector`", ("selector", "namespace"))
    if "selector" not in parts:
        rule.lacking("`k8sServiceSelector` has no `selector`", node, "add `selector:`")
        return None
    namespace = rule.text(parts, "namespace")
    space = "" if namespace is None else namespace.text
    terms = selector_terms(rule, parts["selector"][1], "`selector`") or ()
    labels = _labels(terms)
    shown = (
        f"a Service of namespace `{space}` with {labels}" if space else f"a Service with {labels}"
    )

    def wanted(service: ClusterService) -> bool:
        return space in ("", service.namespace) and holds(terms, dict(service.labels))

    return _Asked(shown, wanted, False)


def _labels(terms: tuple[tree.LabelTerm, ...]) -> str:
    return ", ".join(f"`{_label(t)}`" for t in terms) or "any labels"


def _label(one: tree.LabelTerm) -> str:
    """A label that is asked for, as in `app=web`."""
    key = one.key.value if isinstance(one.key, tree.Text) else one.key.text
    values = "|".join(v.value for v in one.values if isinstance(v, tree.Text))
    match one.op:
        case "exists":
            return key
        case "absent":
            return f"!{key}"
        case "=" | "in":
            return f"{key}={values}"
        case _:
            return f"{key}!={values}"


def _unknown(rule: CiliumRule, shown: str, span: Span) -> None:
    known = rule.context.inventory is not None
    rule.context.refuse(
        "CPC827",
        f"{shown} is not known",
        span,
        "add its manifest to what `--inventory` names"
        if known
        else "give the manifests of the cluster with `--inventory`: they say what that is",
    )


def _backends(rule: CiliumRule, found: ClusterService, span: Span) -> tuple[tree.Expr, ...]:
    if found.selector is not None:
        pairs = ((NAMESPACE_KEY, found.namespace), *found.selector)
        terms = (
            term(tree.Text(f"k8s:{key}", span), "=", (tree.Text(value, span),), span)
            for key, value in pairs
        )
        return (tree.Labels(tuple(terms), span),)
    if not found.listed:
        rule.context.refuse(
            "CPC827",
            f"the Service `{found.namespace}/{found.name}` has no selector, and no address is known of it",
            span,
            "add its EndpointSlices to what `--inventory` names",
        )
    return tuple(_address(a, span, False) for a in found.listed)
