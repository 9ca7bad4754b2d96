"""Ways in from outside: the ports of endpoints that an Ingress or a Route brings requests to."""

from collections.abc import Iterator

from cpc.compiler.policy.inventory import (
    ClusterIngress,
    ClusterService,
    Endpoint,
    Inventory,
    ServicePort,
)
from cpc.compiler.policy.model import Protocol

__all__ = ["exposed_ports"]


def exposed_ports(inventory: Inventory) -> Iterator[tuple[Endpoint, int]]:
    """Endpoints with TCP ports, by the services that Ingress and Route objects name.

    An Ingress names a port of the service; a Route a port of the service by name, or its target. What names
    no port means every port of the service. A target by name is the endpoint's container port.
    """
    services = {(service.namespace, service.name): service for service in inventory.services}
    for way in inventory.ingresses:
        for name, port in way.backends:
            service = services.get((way.namespace, name))
            if service is not None:
                yield from _behind(service, way, port, inventory)


def _behind(
    service: ClusterService, way: ClusterIngress, port: str | int | None, inventory: Inventory
) -> Iterator[tuple[Endpoint, int]]:
    targets = [
        known.target
        for known in service.ports
        if known.protocol == Protocol.TCP and (port is None or _is_named(known, way, port))
    ]
    for endpoint in inventory.endpoints:
        if targets and service.selects(endpoint):
            for target in targets:
                for number in _numbers(endpoint, target):
                    yield endpoint, number


def _is_named(known: ServicePort, way: ClusterIngress, port: str | int) -> bool:
    if way.kind == "Route":
        return port in (known.name, known.target)
    return port in (known.name, known.port)


def _numbers(endpoint: Endpoint, target: int | str) -> list[int]:
    if isinstance(target, int):
        return [target]
    return [n for name, protocol, n in endpoint.ports if (name, protocol) == (target, Protocol.TCP)]
