"""An inventory as JSON, so that a loaded instance remembers whom it was loaded for."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from cpc.compiler.artifact import (
    ClusterIngress,
    ClusterNamespace,
    ClusterNode,
    ClusterService,
    Endpoint,
    Entity,
    Inventory,
    Label,
    ServicePort,
)
from cpc.runtime.maps import Address

__all__ = ["inventory_from", "inventory_json"]


def inventory_json(inventory: Inventory) -> dict[str, Any]:
    """Plain data; `inventory_from` gives an equal inventory back."""
    return {
        "cluster": [str(network) for network in inventory.cluster],
        "entities": [[str(entity), _texts(addresses)] for entity, addresses in inventory.entities],
        "endpoints": [_endpoint_json(endpoint) for endpoint in inventory.endpoints],
        "host_pods": [_endpoint_json(endpoint) for endpoint in inventory.host_pods],
        "namespaces": [[n.name, _lists(n.labels)] for n in inventory.namespaces],
        "services": [_service_json(service) for service in inventory.services],
        "nodes": [[n.name, _lists(n.labels), _texts(n.addresses)] for n in inventory.nodes],
        "ingresses": [
            [i.kind, i.namespace, i.name, _lists(i.backends)] for i in inventory.ingresses
        ],
    }


def inventory_from(data: dict[str, Any]) -> Inventory:
    """The inventory that `inventory_json` was given; an older one has fewer parts."""
    return Inventory(
        cluster=tuple(ip_network(text) for text in data["cluster"]),
        entities=tuple(
            (Entity(entity), _addresses(addresses)) for entity, addresses in data["entities"]
        ),
        endpoints=tuple(_endpoint_from(endpoint) for endpoint in data["endpoints"]),
        host_pods=tuple(_endpoint_from(endpoint) for endpoint in data.get("host_pods", ())),
        namespaces=tuple(
            ClusterNamespace(name, _tuples(labels)) for name, labels in data.get("namespaces", ())
        ),
        services=tuple(_service_from(service) for service in data.get("services", ())),
        nodes=tuple(
            ClusterNode(name, _tuples(labels), _addresses(addresses))
            for name, labels, addresses in data.get("nodes", ())
        ),
        ingresses=tuple(
            ClusterIngress(kind, namespace, name, _tuples(backends))
            for kind, namespace, name, backends in data.get("ingresses", ())
        ),
    )


def _endpoint_json(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "labels": [[label.source, label.key, label.value] for label in endpoint.labels],
        "addresses": _texts(endpoint.addresses),
        "ports": _lists(endpoint.ports),
        "interface": endpoint.interface,
        "owner": endpoint.owner,
        "declared": _lists(endpoint.declared),
    }


def _endpoint_from(data: dict[str, Any]) -> Endpoint:
    return Endpoint(
        name=data["name"],
        labels=tuple(Label(*label) for label in data["labels"]),
        addresses=_addresses(data["addresses"]),
        ports=_tuples(data["ports"]),
        interface=data["interface"],
        owner=data.get("owner", ""),
        declared=_tuples(data.get("declared", ())),
    )


def _service_json(service: ClusterService) -> dict[str, Any]:
    selector = service.selector
    return {
        "namespace": service.namespace,
        "name": service.name,
        "labels": _lists(service.labels),
        "selector": None if selector is None else _lists(selector),
        "ports": [[p.name, p.protocol, p.port, p.target] for p in service.ports],
        "addresses": _texts(service.addresses),
        "listed": _texts(service.listed),
        "external_name": service.external_name,
    }


def _service_from(data: dict[str, Any]) -> ClusterService:
    selector = data["selector"]
    return ClusterService(
        namespace=data["namespace"],
        name=data["name"],
        labels=_tuples(data["labels"]),
        selector=None if selector is None else _tuples(selector),
        ports=tuple(ServicePort(*port) for port in data["ports"]),
        addresses=_addresses(data["addresses"]),
        listed=_addresses(data["listed"]),
        external_name=data["external_name"],
    )


def _texts(addresses: Iterable[Address]) -> list[str]:
    return [str(address) for address in addresses]


def _addresses(texts: Iterable[str]) -> tuple[Address, ...]:
    return tuple(ip_address(text) for text in texts)


def _lists(rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
    return [list(row) for row in rows]


def _tuples(rows: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    return tuple(tuple(row) for row in rows)
