"""What differs between the kinds and versions of cluster policies.

Source: kubernetes-sigs/network-policy-api, `apis/v1alpha1` and `apis/v1alpha2`.
"""

from collections.abc import Mapping

from msgspec import Struct

__all__ = ["ADMIN", "BASELINE", "CLUSTER", "MAX_PRIORITY", "Dialect"]

MAX_PRIORITY = 1000

_INGRESS = ("namespaces", "pods")
_EGRESS = ("namespaces", "pods", "nodes", "networks")


class Dialect(Struct, frozen=True):
    """How one kind writes its rules.

    `actions` are its words and ours, `ports` the field of a rule that narrows it to ports, `limit` the
    most items of a list. `relations`: it has `sameLabels` and `notSameLabels`. `tier` is empty where
    each object says its own.
    """

    tier: str
    spec: tuple[str, ...]
    actions: Mapping[str, str]
    ports: str
    egress_peers: tuple[str, ...]
    limit: int
    relations: bool
    ingress_peers: tuple[str, ...] = _INGRESS

    def peers(self, direction: str) -> tuple[str, ...]:
        """What a peer of a rule of this direction may be."""
        return self.ingress_peers if direction == "ingress" else self.egress_peers


ADMIN = Dialect(
    tier="admin",
    spec=("priority", "subject", "ingress", "egress"),
    actions={"Allow": "allow", "Deny": "deny", "Pass": "pass"},
    ports="ports",
    egress_peers=(*_EGRESS, "domainNames"),
    limit=100,
    relations=True,
)
"""AdminNetworkPolicy v1alpha1; `sameLabels` and its kin are those of its first releases (v0.1.0, v0.1.1)."""

BASELINE = Dialect(
    tier="baseline",
    spec=("subject", "ingress", "egress"),
    actions={"Allow": "allow", "Deny": "deny"},
    ports="ports",
    egress_peers=_EGRESS,
    limit=100,
    relations=True,
)
"""BaselineAdminNetworkPolicy v1alpha1."""

CLUSTER = Dialect(
    tier="",
    spec=("tier", "priority", "subject", "ingress", "egress"),
    actions={"Accept": "allow", "Deny": "deny", "Pass": "pass"},
    ports="protocols",
    egress_peers=(*_EGRESS, "domainNames"),
    limit=25,
    relations=False,
)
"""ClusterNetworkPolicy v1alpha2, and what later versions have of it."""
