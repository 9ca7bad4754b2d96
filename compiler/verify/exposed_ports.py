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

    An Ingress or a Route names a port of the service or its target: the first that fits is meant; without one
    it means every port of the service. A target by name is the endpoint's container port. A port is one
    that a container declares: a controller sends nothing to where nobody says that he listens.
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
    ports = [known for known in service.ports if known.protocol == Protocol.TCP]
    if port is not None:
        ports = [known for known in ports if _is_named(known, way, port)][:1]
    targets = [known.target for known in ports]
    for endpoint in inventory.endpoints:
        if targets and service.selects(endpoint):
            for target in targets:
                for number in _numbers(endpoint, target):
                    yield endpoint, number


def _is_named(known: ServicePort, way: ClusterIngress, port: str | int) -> bool:
    if isinstance(port, int):
        return port in (known.port, known.target)
    return port == known.name or (way.kind == "Route" and port == known.target)


def _numbers(endpoint: Endpoint, target: int | str) -> list[int]:
    if isinstance(target, int):
        declared = {*endpoint.declared, *(port[1:] for port in endpoint.ports)}
        return [target] if (Protocol.TCP, target) in declared else []
    return [n for name, protocol, n in endpoint.ports if (name, protocol) == (target, Protocol.TCP)]
