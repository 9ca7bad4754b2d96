"""Prefixes as Kubernetes and Cilium write them."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from cpc.compiler.documents.nodes import Node
from cpc.compiler.imports.context import Context
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["network_ref"]


def network_ref(
    context: Context, node: Node, excepts: tuple[Node, ...], span: Span, *, scope_any: bool
) -> tree.CidrRef | None:
    """Addresses of one network without `excepts`; None after an error."""
    network = _network(context, node)
    holes = [_network(context, item) for item in excepts]
    known = tuple(h for h in holes if h is not None)
    if network is None or len(known) < len(holes):
        return None
    return tree.CidrRef((tree.CidrItem(network, known, span),), scope_any, span)


def _network(context: Context, node: Node) -> tree.Text | None:
    """A prefix as text; bits after its length are dropped with a warning, as Kubernetes does (CPC807)."""
    text = context.string(node, "a CIDR")
    if text is None:
        return None
    network = _parsed(text.text)
    if network is None:
        context.refuse(
            "CPC804",
            f"`{text.text}` is no CIDR",
            text.span,
            "write an address and a prefix length, as in `10.0.0.0/8` or `fd00::/8`",
        )
        return None
    shown = str(network)
    if shown != text.text and ip_address(text.text.partition("/")[0]) != network.network_address:
        context.warn(
            "CPC807",
            f"`{text.text}` has bits after its prefix: it means `{shown}`",
            text.span,
            f"write `{shown}`",
        )
    return tree.Text(shown, text.span)


def _parsed(text: str) -> IPv4Network | IPv6Network | None:
    address, _, length = text.partition("/")
    if not length.isdecimal() or "%" in address:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
