"""Kinds of objects that say who is there, and what looks like one of them and is none."""

from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.imports.heads import near_kind
from cpc.compiler.imports.objects import Object

__all__ = ["WORKLOADS", "is_workload", "misplaced_workload"]

WORKLOADS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): ("v1",),
    ("", "Namespace"): ("v1",),
    ("", "Node"): ("v1",),
    ("", "Service"): ("v1",),
    ("", "Endpoints"): ("v1",),
    ("", "ReplicationController"): ("v1",),
    ("apps", "Deployment"): ("v1", "v1beta2", "v1beta1"),
    ("apps", "StatefulSet"): ("v1", "v1beta2", "v1beta1"),
    ("apps", "DaemonSet"): ("v1", "v1beta2"),
    ("apps", "ReplicaSet"): ("v1", "v1beta2"),
    ("apps.openshift.io", "DeploymentConfig"): ("v1",),
    ("batch", "Job"): ("v1",),
    ("batch", "CronJob"): ("v1", "v1beta1", "v2alpha1"),
    ("discovery.k8s.io", "EndpointSlice"): ("v1", "v1beta1"),
    ("networking.k8s.io", "Ingress"): ("v1", "v1beta1"),
    ("route.openshift.io", "Route"): ("v1",),
    ("extensions", "Deployment"): ("v1beta1",),
    ("extensions", "DaemonSet"): ("v1beta1",),
    ("extensions", "ReplicaSet"): ("v1beta1",),
    ("extensions", "Ingress"): ("v1beta1",),
}
"""What an inventory is made of, by group and kind, with the versions that are read: those in which the
parts that matter here are the same.
"""

_GROUPS = frozenset({"", "apps", "batch", "extensions", "discovery.k8s.io"})
"""Groups of which every kind is known, so that what is near to one of ours is a slip."""


def is_workload(object: Object) -> bool:
    """Whether an object says who is there."""
    return (object.group, object.kind) in WORKLOADS


def misplaced_workload(object: Object) -> Diagnostic | None:
    """An error for what looks like a workload and is not read as one (CPC722)."""
    versions = WORKLOADS.get((object.group, object.kind), ())
    if object.version in versions or (object.group not in _GROUPS and not versions):
        return None
    written = f"{object.group}/{object.version}" if object.group else object.version
    group, versions = next(
        ((g, v) for (g, kind), v in WORKLOADS.items() if kind == object.kind), ("", ())
    )
    if versions:
        right = f"{group}/{versions[0]}" if group else versions[0]
        return error(
            "CPC722",
            f"`{object.shown}` is of `{written}`, where no `{object.kind}` is known",
            object.spot,
            help=f"write `apiVersion: {right}`",
        )
    near = near_kind(object.kind, tuple(dict.fromkeys(kind for _, kind in WORKLOADS)))
    if near is None:
        return None
    return error(
        "CPC722",
        f"`{object.kind}` is no kind of object of `{written}`",
        object.spot,
        help=f"did you mean `{near}`?",
    )
