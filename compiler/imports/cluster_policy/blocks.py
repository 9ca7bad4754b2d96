"""AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy as blocks of the tiers.

Source: kubernetes-sigs/network-policy-api, `apis/v1alpha1` and `apis/v1alpha2`.
"""

import re

from cpc.compiler.documents.nodes import Mapping, Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cluster_policy.dialects import (
    ADMIN,
    BASELINE,
    CLUSTER,
    MAX_PRIORITY,
    Dialect,
)
from cpc.compiler.imports.cluster_policy.fields import fields, required
from cpc.compiler.imports.cluster_policy.peers import Peers
from cpc.compiler.imports.cluster_policy.rules import Rules
from cpc.compiler.imports.context import Context
from cpc.compiler.imports.identifiers import identifier
from cpc.compiler.imports.objects import Object
from cpc.compiler.syntax import tree

__all__ = ["admin_network_policy", "baseline_admin_network_policy", "cluster_network_policy"]

_TIERS = {"Admin": "admin", "Baseline": "baseline"}
_LATER = re.compile(r"v1alpha([2-9]|[1-9][0-9]+)|v1beta[0-9]+|v[0-9]+")
"""Versions that are read as ClusterNetworkPolicy v1alpha2: it, and what comes after it."""


def admin_network_policy(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """The block of the admin tier that an AdminNetworkPolicy is."""
    return _block(object, context, ADMIN)


def baseline_admin_network_policy(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """The block of the baseline tier that the one BaselineAdminNetworkPolicy of a cluster is."""
    if object.name != "default":
        context.refuse(
            "CPC804",
            f"`{object.shown}` is not named `default`",
            object.spot,
            "a cluster has one BaselineAdminNetworkPolicy: write `name: default`",
        )
    return _block(object, context, BASELINE)


def cluster_network_policy(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """The block of its tier that a ClusterNetworkPolicy is."""
    if not _LATER.fullmatch(object.version):
        context.refuse(
            "CPC808",
            f"`{object.shown}` has version `{object.group}/{object.version}`, which is not read",
            object.spot,
            f"write it as `{object.group}/v1alpha2`",
        )
        return ()
    return _block(object, context, CLUSTER)


def _block(object: Object, context: Context, dialect: Dialect) -> tuple[tree.Statement, ...]:
    """The block, after the definitions that it needs; nothing after an error."""
    mark = context.mark
    top = context.object(object, "")
    _check_namespace(object, context, top)
    entry = required(context, top, "spec", f"`{object.shown}`", object.spot)
    if entry is None:
        return ()
    start = context.mark
    spec = fields(context, entry[1], "`spec`", dialect.spec)
    said = context.failed(start)
    tier, priority, subject = (
        required(context, spec, name, "`spec`", object.spot, said=said)
        if name in dialect.spec
        else None
        for name in ("tier", "priority", "subject")
    )
    kind = dialect.tier or _tier(context, tier)
    number = _priority(context, priority) or tree.Number(0, object.spot)
    labels = None if subject is None else Peers(context, dialect).subject(subject[1])
    name = tree.Name(identifier(object.name or object.kind), object.spot)
    rules = Rules(context, dialect, name.text, labels or tree.Labels((), object.spot))
    for direction in ("ingress", "egress"):
        if direction in spec:
            rules.read(direction, spec[direction])
    if context.failed(mark):
        return ()
    block = tree.Tier(kind, name, number, tuple(rules.rules), "", object.node.span)
    return (*rules.definitions, block)


def _check_namespace(object: Object, context: Context, top: Fields) -> None:
    """A warning for the namespace of an object that is about the whole cluster (CPC831)."""
    metadata = top["metadata"][1] if "metadata" in top else None
    entries = metadata.entries if isinstance(metadata, Mapping) else ()
    place = next((key.span for key, _ in entries if key.text == "namespace"), None)
    if object.namespace and place is not None:
        context.warn(
            "CPC831",
            f"`{object.kind}` is in no namespace: `{object.namespace}` does not narrow it",
            place,
            "remove `namespace`, and select it in `subject`",
        )


def _tier(context: Context, entry: tuple[Scalar, Node] | None) -> str:
    word = None if entry is None else context.string(entry[1], "`tier`")
    if word is not None and word.text not in _TIERS:
        context.choice(word, "a tier", tuple(_TIERS))
    return "admin" if word is None else _TIERS.get(word.text, "admin")


def _priority(context: Context, entry: tuple[Scalar, Node] | None) -> tree.Number | None:
    if entry is None:
        return None
    number = context.number(entry[1], "`priority`", 0, MAX_PRIORITY)
    return None if number is None else tree.Number(number, entry[1].span)
