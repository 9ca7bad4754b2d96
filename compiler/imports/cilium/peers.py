"""Who a rule of Cilium is about besides its subject: endpoints, addresses, entities, services, names."""

import re
from ipaddress import ip_address

from cpc.compiler.documents.nodes import Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cilium.rule import CiliumRule
from cpc.compiler.imports.cilium.selectors import entity, peer
from cpc.compiler.imports.cilium.world import nodes, service
from cpc.compiler.imports.networks import network_ref
from cpc.compiler.policy.resolve_addresses import dns_pattern
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["dns_text", "members", "peers"]


def members(direction: str, deny: bool) -> tuple[str, ...]:
    """The fields that say who a rule is about; a rule has one of them."""
    side = "from" if direction == "ingress" else "to"
    found = ("Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Groups")
    extra = () if direction == "ingress" else ("toServices",) if deny else ("toServices", "toFQDNs")
    return (*(side + name for name in found), *extra)


def peers(
    rule: CiliumRule, parts: Fields, direction: str, deny: bool
) -> tuple[tree.Expr, ...] | None:
    """The peers of a rule: None where it does not say, none where it matches nobody."""
    lists: dict[str, tuple[Node, ...]] = {}
    for name in members(direction, deny):
        items = rule.items(parts, name)
        if items is not None:
            lists[name] = items
    if not lists:
        return None
    used = [name for name, items in lists.items() if items]
    if not rule.apart(
        used, parts, "one rule", "make a rule of each: a rule with both has no meaning"
    ):
        return ()
    if len(used) < len(lists):
        return ()  # an empty list beside another one still matches nothing
    (name,) = used
    word, node = parts[name]
    return _member(rule, name, word, node.span, lists[name], deny)


def _member(
    rule: CiliumRule, name: str, word: Scalar, span: Span, items: tuple[Node, ...], deny: bool
) -> tuple[tree.Expr, ...]:
    side = "from" if name.startswith("from") else "to"
    found: list[tree.Expr | None] = []
    match name.removeprefix(side):
        case "Endpoints":
            found = [e for item in items for e in peer(rule, item, f"a selector of `{name}`", deny)]
        case "CIDR":
            found = [_cidr(rule, item) for item in items]
        case "CIDRSet":
            found = [_cidr_of_set(rule, item, name) for item in items]
        case "Entities":
            for item in items:
                text = rule.context.string(item, "an entity")
                found.append(None if text is None else entity(rule, text.text, text.span))
        case "Services":
            found = [e for item in items for e in service(rule, item, deny)]
        case "FQDNs":
            found = [_names(rule, items, span)]
        case "Nodes":
            found = [e for item in items for e in nodes(rule, item, f"a selector of `{name}`")]
        case _:
            rule.cannot(
                f"`{name}` cannot be imported: the groups of a cloud are not known here",
                word.span,
                f"list their addresses with `{side}CIDRSet`",
            )
    return tuple(e for e in found if e is not None)


# --- addresses ---------------------------------------------------------------------------------


def _cidr(rule: CiliumRule, node: Node) -> tree.CidrRef | None:
    """A prefix, or one address."""
    text = rule.context.string(node, "a CIDR")
    if text is None:
        return None
    if "/" in text.text:
        return network_ref(rule.context, node, (), node.span, scope_any=False)
    try:
        address = ip_address(text.text)
    except ValueError:
        help = "write an address or a prefix, as in `192.0.2.1` or `10.0.0.0/8`"
        rule.wrong(f"`{text.text}` is no CIDR", node.span, help)
        return None
    one = tree.CidrItem(tree.Text(str(address), node.span), (), node.span)
    return tree.CidrRef((one,), False, node.span)


def _cidr_of_set(rule: CiliumRule, node: Node, name: str) -> tree.CidrRef | None:
    what = f"an item of `{name}`"
    parts = rule.fields(node, what, ("cidr", "except", "cidrGroupRef", "cidrGroupSelector"))
    for group in ("cidrGroupRef", "cidrGroupSelector"):
        if group in parts:
            rule.cannot(
                f"`{group}` cannot be imported: the CiliumCIDRGroup is not known",
                parts[group][0].span,
                "write the addresses of the group as `cidr`",
            )
            return None
    if "cidr" not in parts:
        rule.lacking(f"{what} has no `cidr`", node, "add `cidr:`")
        return None
    listed = rule.context.sequence(parts["except"][1], "`except`") if "except" in parts else ()
    return network_ref(rule.context, parts["cidr"][1], listed, node.span, scope_any=False)


# --- DNS names ---------------------------------------------------------------------------------


def _names(rule: CiliumRule, items: tuple[Node, ...], span: Span) -> tree.Name | None:
    """The name of a definition that lists the DNS names of a rule."""
    found = [dns_text(rule, item, "a name of `toFQDNs`") for item in items]
    known = tuple(text for text in found if text is not None)
    if len(known) < len(found):
        return None
    name = rule.context.definition_name(f"{rule.name}-fqdn", span)
    rule.definitions.append(tree.FqdnDef(name, known, "", span))
    return name


def dns_text(rule: CiliumRule, node: Node, what: str) -> tree.Text | None:
    """A DNS name or pattern, as `toFQDNs` and `dns` have them; None after an error."""
    parts = rule.fields(node, what, ("matchName", "matchPattern"))
    if not rule.apart(("matchName", "matchPattern"), parts, what, "make an item of each"):
        return None
    if not parts:
        rule.lacking(f"{what} is empty", node, "give `matchName` or `matchPattern`")
        return None
    ((name, (_, value)),) = parts.items()
    text = rule.context.string(value, f"`{name}`")
    if text is None:
        return None
    pattern = dns_pattern(text.text)
    plain = name == "matchPattern" or "*" not in text.text
    if pattern is not None and plain and not re.fullmatch(r"[0-9.]+", pattern):
        return tree.Text(text.text, text.span)
    help = "write labels of letters, digits, `-` and `_` with dots between"
    if not plain:
        help = "write it as `matchPattern`"
    rule.wrong(f"`{text.text}` is no DNS name", text.span, help)
    return None
