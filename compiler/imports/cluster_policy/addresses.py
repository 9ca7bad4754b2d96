"""Peers of cluster policies beyond pods: nodes, networks and domain names."""

import re
from typing import TypeVar

from msgspec import Struct

from cpc.compiler.documents.nodes import Node, Scalar
from cpc.compiler.imports.cluster_policy.fields import items
from cpc.compiler.imports.context import Context
from cpc.compiler.imports.networks import network_ref
from cpc.compiler.imports.selectors import label_terms, pod_key
from cpc.compiler.imports.world import nodes_with
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Domains", "Plain", "domains", "networks", "nodes"]

_MAX_ITEMS = 25
_LABEL = r"[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?"
_DOMAIN = re.compile(rf"(\*\.)?({_LABEL}\.)+{_LABEL}\.?")

_Item = TypeVar("_Item")


class Plain(Struct, frozen=True):
    """What a peer is, whoever the subject: a side of a rule; empty: nobody."""

    exprs: tuple[tree.Expr, ...]


class Domains(Struct, frozen=True):
    """DNS names, which need a definition of their own."""

    names: tuple[tree.Value, ...]
    span: Span


def nodes(context: Context, node: Node) -> Plain | None:
    """Nodes by their labels: all of them, or the addresses that the inventory knows; None after an error."""
    terms = label_terms(context, node, "`nodes`", pod_key)
    if terms is None:
        return None
    if not terms:
        return Plain((tree.Name("host", node.span), tree.Name("remote-node", node.span)))
    if context.inventory is not None and not context.inventory.nodes and context.for_workloads:
        context.warn(
            "CPC832",
            "no Node is known: this peer matches nothing here",
            node.span,
            "add the Nodes of the cluster if their addresses matter",
        )
        return Plain(())
    if context.inventory is None or not context.inventory.nodes:
        context.refuse(
            "CPC809",
            "a selector of nodes needs the cluster's Nodes",
            node.span,
            "pass them with `--inventory`: their addresses are what is meant",
        )
        return None
    taken = nodes_with(context.inventory, terms)
    addresses = dict.fromkeys(address for one in taken for address in one.addresses)
    if not addresses:
        context.warn(
            "CPC832",
            "no node of the inventory has these labels: this peer matches nothing",
            node.span,
            "correct the selector, or the labels of the Nodes",
        )
        return Plain(())
    texts = (tree.Text(str(address), node.span) for address in addresses)
    cidrs = tuple(tree.CidrItem(text, (), node.span) for text in texts)
    return Plain((tree.CidrRef(cidrs, True, node.span),))


def networks(context: Context, entry: tuple[Scalar, Node]) -> Plain | None:
    """Every address of some CIDRs, inside the cluster too; None after an error."""
    mark = context.mark
    found: dict[str, tree.CidrItem] = {}
    for item in items(context, entry, _MAX_ITEMS, 1):
        ref = network_ref(context, item, (), item.span, scope_any=True)
        for cidr in ref.items if ref is not None else ():
            if isinstance(cidr, tree.CidrItem):
                _once(context, found, cidr.network.value, cidr, cidr.span)
    if context.failed(mark):
        return None
    return Plain((tree.CidrRef(tuple(found.values()), True, entry[1].span),))


def domains(context: Context, entry: tuple[Scalar, Node]) -> Domains | None:
    """DNS names; None after an error."""
    mark = context.mark
    found: dict[str, tree.Value] = {}
    for item in items(context, entry, _MAX_ITEMS, 1):
        name = context.string(item, "a domain name")
        if name is None:
            continue
        if not _DOMAIN.fullmatch(name.text):
            context.refuse(
                "CPC804",
                f"`{name.text}` is no domain name",
                name.span,
                "write a name with a dot, as in `kubernetes.io`, or `*.kubernetes.io` for all names "
                "below it",
            )
            continue
        # `*.` takes one label or more, which is `**.` in the language
        pattern = f"*{name.text}" if name.text.startswith("*.") else name.text
        _once(context, found, name.text, tree.Text(pattern, name.span), name.span)
    return None if context.failed(mark) else Domains(tuple(found.values()), entry[1].span)


def _once(context: Context, found: dict[str, _Item], key: str, value: _Item, span: Span) -> None:
    if key in found:
        context.refuse("CPC804", f"`{key}` is listed twice", span, "remove it: the list is a set")
    found.setdefault(key, value)
