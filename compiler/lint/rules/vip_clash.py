"""`vip-clash`: an address that is to mean two things."""

from collections.abc import Iterator

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Label, Severity, error
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Address, Protocol
from cpc.compiler.policy.services import Service

__all__ = ["RULE"]


def check(material: Material) -> Iterator[Diagnostic]:
    """Speaks of a service if an earlier one has the same address with the same protocol and port, or if
    the address is an endpoint's or a node's.
    """
    first: dict[tuple[Address, int, int], Service] = {}
    said: set[tuple[str, str]] = set()
    for service in material.definitions.services:
        for vip in service.vips:
            owner = _owner(vip, material.inventory)
            if owner:
                yield error(
                    "CPC211",
                    f"the address {vip} of service `{service.name}` is that of {owner}",
                    service.origin.span,
                    help="give the service an address that nobody has",
                )
            for port in service.ports:
                other = first.setdefault((vip, port.protocol, port.port), service)
                if other is not service and (other.name, service.name) not in said:
                    said.add((other.name, service.name))
                    yield _clash(service, other, vip, port.protocol, port.port)


def _clash(service: Service, other: Service, vip: Address, protocol: int, port: int) -> Diagnostic:
    word = Protocol(protocol).name.lower()
    return error(
        "CPC211",
        f"services `{other.name}` and `{service.name}` both have {vip} {word}/{port}",
        service.origin.span,
        label="which backends are meant cannot be told",
        labels=(Label(other.origin.span, "the first one"),),
        help="give one of them another address or another port",
    )


def _owner(vip: Address, inventory: Inventory | None) -> str:
    """Who else has an address; empty for nobody."""
    if inventory is None:
        return ""
    endpoint = inventory.endpoint_at(vip)
    if endpoint is not None:
        return f"endpoint `{endpoint.name}`"
    return next((f"`{entity}`" for entity, addresses in inventory.entities if vip in addresses), "")


RULE = Rule(
    Page(
        "CPC211",
        "an address of a service is taken",
        "Two services have one address, protocol and port, or a service has the address of an endpoint or "
        "a node. A packet to it could mean either.",
        'endpoints web = { app = "web" }\n'
        "service a {\n  vip 10.96.0.10\n  port tcp/80 -> 8080\n  backends web\n}\n"
        "service b {\n  vip 10.96.0.10\n  port tcp/80 -> 9090\n  backends web\n}",
        'endpoints web = { app = "web" }\n'
        "service a {\n  vip 10.96.0.10\n  port tcp/80 -> 8080\n  backends web\n}\n"
        "service b {\n  vip 10.96.0.11\n  port tcp/80 -> 9090\n  backends web\n}",
        "vip-clash",
    ),
    Severity.ERROR,
    check,
)
