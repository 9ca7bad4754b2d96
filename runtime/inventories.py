"""An inventory as JSON, so that a loaded instance remembers whom it was loaded for."""

from ipaddress import ip_address, ip_network
from typing import Any

from cpc.compiler.artifact import Endpoint, Entity, Inventory, Label

__all__ = ["inventory_from", "inventory_json"]


def inventory_json(inventory: Inventory) -> dict[str, Any]:
    """Plain data; `inventory_from` gives an equal inventory back."""
    return {
        "cluster": [str(network) for network in inventory.cluster],
        "entities": [
            [str(entity), [str(address) for address in addresses]]
            for entity, addresses in inventory.entities
        ],
        "endpoints": [
            {
                "name": endpoint.name,
                "labels": [[label.source, label.key, label.value] for label in endpoint.labels],
                "addresses": [str(address) for address in endpoint.addresses],
                "ports": [list(port) for port in endpoint.ports],
                "interface": endpoint.interface,
            }
            for endpoint in inventory.endpoints
        ],
    }


def inventory_from(data: dict[str, Any]) -> Inventory:
    """The inventory that `inventory_json` was given."""
    return Inventory(
        cluster=tuple(ip_network(text) for text in data["cluster"]),
        entities=tuple(
            (Entity(entity), tuple(ip_address(text) for text in addresses))
            for entity, addresses in data["entities"]
        ),
        endpoints=tuple(
            Endpoint(
                name=endpoint["name"],
                labels=tuple(Label(*label) for label in endpoint["labels"]),
                addresses=tuple(ip_address(text) for text in endpoint["addresses"]),
                ports=tuple((name, protocol, port) for name, protocol, port in endpoint["ports"]),
                interface=endpoint["interface"],
            )
            for endpoint in data["endpoints"]
        ),
    )
