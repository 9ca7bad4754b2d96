"""Questions about one connection: whom its ends mean, under the definitions of a policy."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, error, has_errors, suggest
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Address, PortRange, Selector
from cpc.compiler.policy.names import ENTITIES, Scope, collect
from cpc.compiler.policy.resolve_addresses import Addresses
from cpc.compiler.policy.resolve_claims import numbers_of
from cpc.compiler.policy.resolve_labels import LabelExprs
from cpc.compiler.policy.resolve_ports import Ports
from cpc.compiler.policy.resolve_sides import Sides, peers_of
from cpc.compiler.policy.resolve_test_requests import TestRequests
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["End", "KnownEndpoint", "Question", "Selected", "WhoeverAt", "resolve_connection"]


class KnownEndpoint(Struct, frozen=True):
    """The endpoint of the inventory that has this name."""

    name: str
    span: Span


class WhoeverAt(Struct, frozen=True):
    """Whoever is at an address."""

    address: Address
    span: Span


class Selected(Struct, frozen=True):
    """Anyone whom a selector selects."""

    selector: Selector
    span: Span


End: TypeAlias = KnownEndpoint | WhoeverAt | Selected


class Question(Struct, frozen=True):
    """What is asked about; `ports` None: no port was given."""

    client: End
    server: End
    ports: tuple[PortRange, ...] | None
    request: Request | None
    span: Span


def resolve_connection(
    asked: tree.Connection,
    files: Sequence[tree.File],
    params: Mapping[str, str],
    inventory: Inventory | None,
    namespace: str = "",
) -> tuple[Question | None, Diagnostics]:
    """The meaning of a question in the words of `files`, which resolve without errors.

    Label selectors hold inside the namespace (empty: everywhere), as peers in a policy do. Errors are those of
    sides, ports and requests, and CPC243 for an endpoint that the inventory does not have.
    """
    scope = collect(files, params, inventory)
    values = Values(scope)
    sides = Sides(scope, LabelExprs(scope, values), Addresses(scope, values))
    ports = Ports(scope, values)
    scope.diagnostics.clear()  # of the files: said when they were resolved
    ends = [_end(e, scope, sides, namespace) for e in (asked.left, asked.right)]
    found = None if asked.ports is None else ports.ports((asked.ports,))
    numbers = numbers_of(found, scope)
    request = None
    if asked.request is not None:
        request = TestRequests(scope, values).request(asked.request)
    client, server = ends
    failed = has_errors(scope.diagnostics)
    if client is None or server is None or failed:
        return None, scope.diagnostics
    return Question(client, server, numbers, request, asked.span), scope.diagnostics


def _end(end: "tree.Expr | tree.Text", scope: Scope, sides: Sides, namespace: str) -> End | None:
    """One end; a bare name that the files do not define may be an endpoint of the inventory."""
    names = [] if scope.inventory is None else [e.name for e in scope.inventory.endpoints]
    if isinstance(end, tree.Text):
        if end.value in names:
            return KnownEndpoint(end.value, end.span)
        scope.diagnostics.append(_no_endpoint(end, names))
        return None
    address = _one_address(end)
    if address is not None:
        return WhoeverAt(address, end.span)
    if isinstance(end, tree.Name) and end.text not in scope.definitions:
        inside = f"{namespace}/{end.text}" if namespace else end.text
        if inside in names and end.text not in ENTITIES:
            return KnownEndpoint(inside, end.span)
    side = sides.side((end,), namespace)
    return None if side is None else Selected(peers_of(side), end.span)


def _one_address(end: tree.Expr) -> Address | None:
    match end:
        case tree.CidrRef((tree.CidrItem(tree.Text(text), ()),), False):
            return _address(text)
        case _:
            return None


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _no_endpoint(name: tree.Text, names: Sequence[str]) -> Diagnostic:
    if _address(name.value) is not None:
        help = f"an address stands without them: `{name.value}`"
        message = f"`{name.value}` in quotes is an endpoint's name"
        return error("CPC243", message, name.span, help=help)
    if not names:
        help = 'name the endpoints with `--inventory FILE`, or ask about labels: `{ app = "web" }`'
        message = f"`{name.value}` is an endpoint's name, and no inventory says which there are"
        return error("CPC243", message, name.span, help=help)
    near = suggest(name.value, list(names))
    help = f"did you mean `{near}`?" if near else f"it has `{names[0]}` and {len(names) - 1} more"
    message = f"the inventory has no endpoint `{name.value}`"
    return error("CPC243", message, name.span, help=help)
