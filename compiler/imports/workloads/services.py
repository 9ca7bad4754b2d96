"""Services, the addresses of their backends, and the ways in from outside: Ingress and Route.

Sources: the API references of Kubernetes and of OpenShift (Route), and of older versions of Ingress.
"""

from collections.abc import Iterator

from cpc.compiler.documents.nodes import Node
from cpc.compiler.imports.objects import Object
from cpc.compiler.imports.workloads.fields import (
    HTTP,
    HTTP_PATH,
    INGRESS,
    INGRESS_BACKEND,
    INGRESS_RULE,
    ROUTE,
    ROUTE_PORT,
    ROUTE_TARGET,
    SERVICE,
    SERVICE_BACKEND,
    SERVICE_PORT,
)
from cpc.compiler.imports.workloads.reader import Parts, WorkloadReader
from cpc.compiler.policy.inventory import ClusterIngress, ClusterService, ServicePort
from cpc.compiler.policy.model import Address
from cpc.compiler.source import Span

__all__ = ["Listed", "ingress", "listed_addresses", "service"]

Listed = tuple[tuple[Address, Span], ...]
"""Addresses of a service's backends, and where they are said."""

_SERVICE_NAME = "kubernetes.io/service-name"
"""The label of an EndpointSlice that names its service."""


def service(object: Object, reader: WorkloadReader) -> ClusterService:
    """A service without the addresses of its backends, which others list."""
    top, metadata = reader.object(object)
    spec = reader.parts(top.get("spec"), "`spec`", SERVICE)
    is_name = reader.word(spec.get("type"), "`type`") == "ExternalName"
    ports = [_service_port(item, reader) for item in reader.items(spec.get("ports"), "`ports`")]
    return ClusterService(
        object.namespace or "default",
        object.name,
        reader.labels(metadata.get("labels")),
        None if is_name else reader.labels(spec.get("selector"), "`selector`") or None,
        tuple(p for p in ports if p is not None),
        () if is_name else tuple(sorted(set(_own(spec, top, reader)), key=_order)),
        external_name=reader.word(spec.get("externalName"), "`externalName`") if is_name else "",
    )


def _order(address: Address) -> tuple[int, int]:
    return address.version, int(address)


def _service_port(node: Node, reader: WorkloadReader) -> ServicePort | None:
    parts = reader.parts(node, "a service's port", SERVICE_PORT)
    if "port" not in parts:
        reader.refuse("CPC804", "a service's port has no `port`", node.span, "add `port:`")
        return None
    port = reader.number(parts["port"], "`port`", 1, 65535)
    protocol = reader.protocol(parts.get("protocol"))
    target = reader.port(parts["targetPort"], "`targetPort`") if "targetPort" in parts else port
    if port is None or protocol is None or target is None:
        return None
    return ServicePort(reader.word(parts.get("name"), "`name`"), protocol, port, target)


def _own(spec: Parts, top: Parts, reader: WorkloadReader) -> Iterator[Address]:
    """The addresses that stand for the service: of the cluster, external ones, and a load balancer's.

    A load balancer of mode `Proxy` sends its traffic on by itself: it is somebody outside.
    """
    nodes = [spec.get("clusterIP"), spec.get("loadBalancerIP")]
    nodes += reader.items(spec.get("clusterIPs"), "`clusterIPs`")
    nodes += reader.items(spec.get("externalIPs"), "`externalIPs`")
    status = reader.parts(top.get("status"), "`status`")
    balancer = reader.parts(status.get("loadBalancer"), "`loadBalancer`")
    for item in reader.items(balancer.get("ingress"), "`ingress`"):
        parts = reader.parts(item, "an item of `ingress`")
        if reader.word(parts.get("ipMode"), "`ipMode`") != "Proxy":
            nodes.append(parts.get("ip"))
    for node in nodes:
        if getattr(node, "text", None) != "None":
            found = reader.address(node)
            if found is not None:
                yield found[0]


def listed_addresses(object: Object, reader: WorkloadReader) -> tuple[str, Listed]:
    """A service's name and the addresses that an EndpointSlice or Endpoints gives it, ready ones only;
    an empty name where it has no service.
    """
    top, metadata = reader.object(object, None)
    if object.kind == "Endpoints":
        return object.name, tuple(_of_subsets(top, reader))
    labels = dict(reader.labels(metadata.get("labels")))
    named = reader.word(top.get("addressType"), "`addressType`") == "FQDN"
    return labels.get(_SERVICE_NAME, ""), () if named else tuple(_of_slice(top, reader))


def _of_subsets(top: Parts, reader: WorkloadReader) -> Iterator[tuple[Address, Span]]:
    for subset in reader.items(top.get("subsets"), "`subsets`"):
        parts = reader.parts(subset, "a subset")
        for item in reader.items(parts.get("addresses"), "`addresses`"):
            found = reader.address(reader.parts(item, "an item of `addresses`").get("ip"))
            if found is not None:
                yield found


def _of_slice(top: Parts, reader: WorkloadReader) -> Iterator[tuple[Address, Span]]:
    for endpoint in reader.items(top.get("endpoints"), "`endpoints`"):
        parts = reader.parts(endpoint, "an item of `endpoints`")
        conditions = reader.parts(parts.get("conditions"), "`conditions`")
        if "ready" in conditions and not reader.flag(conditions["ready"], "`ready`"):
            continue
        for item in reader.items(parts.get("addresses"), "`addresses`"):
            found = reader.address(item)
            if found is not None:
                yield found


_Backend = tuple[str, str | int | None]


def ingress(object: Object, reader: WorkloadReader) -> ClusterIngress:
    """The ways in that an Ingress or a Route opens."""
    top, _ = reader.object(object)
    known = ROUTE if object.kind == "Route" else INGRESS
    spec = reader.parts(top.get("spec"), "`spec`", known)
    found = _of_route(spec, reader) if object.kind == "Route" else _of_ingress(spec, reader)
    backends = sorted({b for b in found if b is not None}, key=lambda b: (b[0], str(b[1])))
    return ClusterIngress(object.kind, object.namespace or "default", object.name, tuple(backends))


def _of_ingress(spec: Parts, reader: WorkloadReader) -> Iterator[_Backend | None]:
    for key in ("defaultBackend", "backend"):
        if key in spec:
            yield _ingress_backend(spec[key], reader)
    for rule in reader.items(spec.get("rules"), "`rules`"):
        inner = reader.parts(rule, "an Ingress rule", INGRESS_RULE).get("http")
        paths = reader.parts(inner, "`http`", HTTP).get("paths")
        for path in reader.items(paths, "`paths`"):
            parts = reader.parts(path, "a path", HTTP_PATH)
            if "backend" in parts:
                yield _ingress_backend(parts["backend"], reader)


def _ingress_backend(node: Node, reader: WorkloadReader) -> _Backend | None:
    """None for a resource, which is no service, and after an error."""
    parts = reader.parts(node, "a backend", INGRESS_BACKEND)
    name, port = parts.get("serviceName"), parts.get("servicePort")
    if "service" in parts:
        inner = reader.parts(parts["service"], "`service`", SERVICE_BACKEND)
        numbers = reader.parts(inner.get("port"), "`port`", ("name", "number"))
        name, port = inner.get("name"), numbers.get("number") or numbers.get("name")
    if name is None:
        if "resource" not in parts:
            reader.refuse("CPC804", "a backend has no service", node.span, "add `service:`")
        return None
    word = reader.word(name, "a service's name")
    return (word, None if port is None else reader.port(port, "`port`")) if word else None


def _of_route(spec: Parts, reader: WorkloadReader) -> Iterator[_Backend | None]:
    target = reader.parts(spec.get("port"), "`port`", ROUTE_PORT).get("targetPort")
    port = None if target is None else reader.port(target, "`targetPort`")
    others = reader.items(spec.get("alternateBackends"), "`alternateBackends`")
    for node in (spec.get("to"), *others):
        parts = reader.parts(node, "a Route's target", ROUTE_TARGET)
        kind = reader.word(parts.get("kind"), "`kind`") or "Service"
        name = reader.word(parts.get("name"), "`name`")
        if name and kind == "Service":
            yield name, port
