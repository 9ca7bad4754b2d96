"""Every kind of object that means something here, and what becomes of it."""

from collections.abc import Callable
from typing import TypeAlias

from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.imports.cilium.policies import (
    cilium_network_policy,
    cilium_rule,
    clusterwide_policy,
)
from cpc.compiler.imports.cluster_policy.blocks import (
    admin_network_policy,
    baseline_admin_network_policy,
    cluster_network_policy,
)
from cpc.compiler.imports.context import Context
from cpc.compiler.imports.heads import Kinds, near_kind
from cpc.compiler.imports.network_policy import network_policy
from cpc.compiler.imports.objects import CILIUM_RULE, Object
from cpc.compiler.imports.other_policies import is_named_a_policy, restricts
from cpc.compiler.imports.workloads.kinds import WORKLOADS, is_workload
from cpc.compiler.syntax import tree

__all__ = [
    "KNOWN",
    "POLICIES",
    "Importer",
    "is_policy",
    "misplaced",
    "statements",
]

Importer: TypeAlias = Callable[[Object, Context], tuple[tree.Statement, ...]]
"""From one object to the statements that mean the same; what is wrong goes into the context."""

POLICIES: dict[tuple[str, str], tuple[tuple[str, ...], Importer]] = {
    ("networking.k8s.io", "NetworkPolicy"): (("v1",), network_policy),
    ("cilium.io", "CiliumNetworkPolicy"): (("v2",), cilium_network_policy),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): (("v2",), clusterwide_policy),
    ("cilium.io", CILIUM_RULE): ((), cilium_rule),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): (("v1alpha1",), admin_network_policy),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): (
        ("v1alpha1",),
        baseline_admin_network_policy,
    ),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): ((), cluster_network_policy),
}
"""Policies by group and kind: the versions that are read (none: every one), and their importer."""

KNOWN: Kinds = (*(key for key in POLICIES if key[1] != CILIUM_RULE), *WORKLOADS)
"""What files of policies may hold."""


def is_policy(object: Object) -> bool:
    """Whether an object says who may talk to whom."""
    return (object.group, object.kind) in POLICIES


def statements(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """What a policy object means; nothing after an error."""
    versions, importer = POLICIES[object.group, object.kind]
    if not versions or object.version in versions:
        return importer(object, context)
    context.refuse(
        "CPC808",
        f"`{object.shown}` has version `{_api(object)}`, which is not read",
        object.spot,
        f"write it as `{object.group}/{versions[-1]}`",
    )
    return ()


def misplaced(object: Object) -> Diagnostic | None:
    """An error for what looks like a policy and is not read as one (CPC808, CPC809)."""
    if is_policy(object) or is_workload(object):
        return None
    if restricts(object):
        return _foreign(object)
    kinds = {
        kind: (group, versions)
        for (group, kind), (versions, _) in POLICIES.items()
        if kind != CILIUM_RULE
    }
    if object.kind in kinds:
        group, versions = kinds[object.kind]
        return error(
            "CPC808",
            f"`{object.shown}` is of `{group}`, not of `{_api(object)}`",
            object.spot,
            help=f"write `apiVersion: {group}/{versions[-1] if versions else 'v1alpha2'}`",
        )
    near = near_kind(object.kind, tuple(kinds))
    if near is not None:
        return error(
            "CPC809",
            f"`{object.kind}` is no kind of object that cpc knows",
            object.spot,
            help=f"did you mean `{near}`?",
        )
    return _foreign(object) if is_named_a_policy(object) else None


def _foreign(object: Object) -> Diagnostic:
    return error(
        "CPC809",
        f"`{object.shown}` cannot be imported",
        object.spot,
        help="say what it means in another kind, or leave the file out: nothing of a policy is "
        "left out without a word",
    )


def _api(object: Object) -> str:
    return f"{object.group}/{object.version}" if object.group else object.version
