"""What an inventory shows about a policy, and what an answer under one does not show."""

from cpc.compiler.diagnostics import Diagnostics, error, note, warning
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Fqdn, NamedPort, Policy, Term

__all__ = ["check_inventory", "nobody_there", "told_of_host_pods", "told_of_names"]


def check_inventory(policy: Policy, inventory: Inventory) -> Diagnostics:
    """A warning (CPC712) for each endpoint of no default, where the policy has defaults at all.

    Nothing isolates such an endpoint, and nobody said that this is meant: a slip in a label looks so.
    """
    defaults = (*policy.isolations, *policy.open_defaults)
    if not defaults:
        return []
    known: dict[tuple[Label, ...], bool] = {}

    def covered(endpoint: Endpoint) -> bool:
        if endpoint.labels not in known:
            party = endpoint.party()
            known[endpoint.labels] = any(party_selected(party, d.subject) for d in defaults)
        return known[endpoint.labels]

    return [
        warning(
            "CPC712",
            f"nothing isolates endpoint `{endpoint.name}`: no `default` is about its labels",
            notes=(f"its labels: {', '.join(map(str, endpoint.labels)) or 'none'}",),
            help="check its labels in the inventory, or add a `default deny` that covers it",
        )
        for endpoint in inventory.endpoints
        if not covered(endpoint)
    ]


def nobody_there() -> Diagnostics:
    """The error (CPC730) of an answer about everybody that there is, where that is not told."""
    return [
        error(
            "CPC730",
            "nothing says who is there",
            help="pass `--inventory`, or the manifests of the workloads beside the policies",
        )
    ]


def told_of_host_pods(inventory: Inventory) -> Diagnostics:
    """A note (CPC731) that pods on the network of their node are taken for endpoints."""
    if not inventory.host_pods:
        return []
    first, *others = inventory.host_pods
    subject = f"pod `{first.name}` is"
    if others:
        subject = f"pod `{first.name}` and {len(others)} more are"
    return [
        note("CPC731", f"{subject} on the network of the node: listed as if policies reached there")
    ]


def told_of_names(policy: Policy) -> Diagnostics:
    """A note (CPC732) at each enforced rule about DNS names: nobody knows their addresses here."""
    return [
        note(
            "CPC732",
            f"`{rule.origin.name}` is about DNS names, whose addresses are not known here: what it does "
            "with them is not listed",
            rule.origin.span,
        )
        for rule in policy.rules
        if not rule.staged and any(map(_of_names, rule.peers))
    ]


def _of_names(term: Term) -> bool:
    return _of_names(term.term) if isinstance(term, NamedPort) else isinstance(term, Fqdn)
