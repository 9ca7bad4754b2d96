"""Pods, and what makes pods of a template, as parts of endpoints.

Sources: the API reference of Kubernetes, and `FindPort` of its package `pkg/api/v1/pod` for what a
named port is: those of containers, then those of init containers that go on running beside them.
"""

from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.documents.nodes import Node
from cpc.compiler.imports.objects import METADATA, Object
from cpc.compiler.imports.workloads.fields import (
    CONTAINER,
    CONTAINER_PORT,
    CRON_JOB,
    JOB_TEMPLATE,
    POD,
    TEMPLATE,
    WORKLOADS,
)
from cpc.compiler.imports.workloads.reader import Parts, WorkloadReader
from cpc.compiler.policy.inventory import Pairs
from cpc.compiler.policy.model import Address
from cpc.compiler.policy.resolve_ports import PORT_NAME_HELP, is_port_name
from cpc.compiler.source import Span

__all__ = ["Workload", "WorkloadKey", "workload"]

WorkloadKey = tuple[str, str, str]
"""Namespace, kind and name."""

_OVER = ("Succeeded", "Failed")
"""Phases of pods whose containers have all ended: their addresses are free again."""


class Workload(Struct, frozen=True):
    """A pod, or the pods that an object makes of its template (`is_pod`: which).

    `ports` and `declared` are as an endpoint's. `owner` is the kind and name of what controls it. `node` is
    the address of the machine it runs on. A workload that is `over`, or scaled away by its owner, runs no
    more.
    """

    key: WorkloadKey
    spot: Span
    labels: Pairs
    account: str
    ports: tuple[tuple[str, int, int], ...]
    declared: tuple[tuple[int, int], ...]
    addresses: tuple[tuple[Address, Span], ...]
    owner: tuple[str, str] | None
    node: tuple[Address, Span] | None
    is_pod: bool
    on_host: bool
    over: bool


def workload(object: Object, reader: WorkloadReader) -> Workload | None:
    """What an object of pods says; None after an error, and where it has no template."""
    top, metadata = reader.object(object)
    if object.kind == "Pod":
        status = reader.parts(top.get("status"), "`status`")
        return _workload(object, reader, metadata, metadata, top.get("spec"), status)
    spec = reader.parts(top.get("spec"), "`spec`", WORKLOADS.get(object.kind, CRON_JOB))
    if object.kind == "CronJob":
        job = reader.parts(spec.get("jobTemplate"), "`jobTemplate`", JOB_TEMPLATE)
        spec = reader.parts(job.get("spec"), "`spec`", WORKLOADS["Job"])
    if "template" not in spec:
        if object.kind != "ReplicationController":
            help = "add `template:` to its `spec`: it says which pods there are"
            reader.refuse("CPC804", f"`{object.shown}` has no `template`", object.spot, help)
        return None
    template = reader.parts(spec["template"], "`template`", TEMPLATE)
    inner = reader.parts(template.get("metadata"), "`metadata`", METADATA)
    return _workload(object, reader, metadata, inner, template.get("spec"), spec)


def _workload(
    object: Object,
    reader: WorkloadReader,
    metadata: Parts,
    template: Parts,
    node: Node | None,
    state: Parts,
) -> Workload:
    """`template` is the metadata of the pods; `state` their status, or the spec of what makes them."""
    spec = reader.parts(node, "`spec`", POD)
    is_pod = object.kind == "Pod"
    owner = _owner(metadata, reader)
    over = owner is not None and state.get("replicas") is not None and _is_zero(state["replicas"])
    if is_pod:
        over = reader.word(state.get("phase"), "`phase`") in _OVER
    named = spec.get("serviceAccountName") or spec.get("serviceAccount")
    return Workload(
        (object.namespace or "default", object.kind, object.name),
        object.spot,
        reader.labels(template.get("labels")),
        reader.word(named, "`serviceAccountName`") or "default",
        *_ports(spec, reader),
        tuple(_addresses(state, reader)) if is_pod and not over else (),
        owner,
        reader.address(state.get("hostIP")) if is_pod and not over else None,
        is_pod,
        reader.flag(spec.get("hostNetwork"), "`hostNetwork`"),
        over,
    )


def _is_zero(node: Node) -> bool:
    return getattr(node, "number", None) == 0


def _owner(metadata: Parts, reader: WorkloadReader) -> tuple[str, str] | None:
    """The controller, else the first owner: objects written by hand often leave `controller` out.

    What a node runs by itself is nobody's: the owner of its pod here is the node. An owner without a kind
    is listed as a pod, as np-guard does.
    """
    owners = []
    for item in reader.items(metadata.get("ownerReferences"), "`ownerReferences`"):
        parts = reader.parts(item, "an owner")
        kind, name = (reader.word(parts.get(key), f"`{key}`") for key in ("kind", "name"))
        if name:
            rank = not reader.flag(parts.get("controller"), "`controller`")
            owners.append((rank, kind or "Pod", name))
    first = min(owners, key=lambda owner: owner[0], default=None)
    return None if first is None or first[1] == "Node" else first[1:]


def _addresses(status: Parts, reader: WorkloadReader) -> Iterator[tuple[Address, Span]]:
    """`podIPs`, whose first is `podIP` too."""
    nodes = [status.get("podIP")]
    for item in reader.items(status.get("podIPs"), "`podIPs`"):
        nodes.append(reader.parts(item, "an item of `podIPs`").get("ip"))
    known: set[Address] = set()
    for node in nodes:
        found = reader.address(node)
        if found is not None and found[0] not in known:
            known.add(found[0])
            yield found


def _ports(
    spec: Parts, reader: WorkloadReader
) -> tuple[tuple[tuple[str, int, int], ...], tuple[tuple[int, int], ...]]:
    """Container ports with a name, and all; of two with one name and protocol the first is meant."""
    found: dict[tuple[str, int], int] = {}
    declared: set[tuple[int, int]] = set()
    for container in _running(spec, reader):
        for item in reader.items(container.get("ports"), "`ports`"):
            mark = reader.mark
            parts = reader.parts(item, "a container port", CONTAINER_PORT)
            if "containerPort" not in parts:
                if reader.mark == mark:
                    help = "add `containerPort:`"
                    reader.warn("CPC723", "a port has no `containerPort`", item.span, help)
                continue
            number = reader.number(parts["containerPort"], "`containerPort`", 1, 65535)
            protocol = reader.protocol(parts.get("protocol"))
            name = _port_name(parts["name"], reader) if "name" in parts else None
            if number is not None and protocol is not None:
                declared.add((protocol, number))
                if name is not None:
                    found.setdefault((name, protocol), number)
    named = sorted((name, protocol, port) for (name, protocol), port in found.items())
    return tuple(named), tuple(sorted(declared))


def _port_name(node: Node, reader: WorkloadReader) -> str | None:
    """None where the name is none that a policy could speak of."""
    word = reader.string(node, "`name`")
    if word is None or is_port_name(word.text):
        return None if word is None else word.text
    reader.warn("CPC723", f"`{word.text}` is no port name", word.span, PORT_NAME_HELP)
    return None


def _running(spec: Parts, reader: WorkloadReader) -> Iterator[Parts]:
    """The containers that run while the pod does."""
    for item in reader.items(spec.get("containers"), "`containers`"):
        yield reader.parts(item, "a container", CONTAINER)
    for item in reader.items(spec.get("initContainers"), "`initContainers`"):
        parts = reader.parts(item, "a container", CONTAINER)
        if reader.word(parts.get("restartPolicy"), "`restartPolicy`") == "Always":
            yield parts
