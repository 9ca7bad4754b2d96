"""What an inventory shows about a policy: endpoints that it says nothing about."""

from cpc.compiler.diagnostics import Diagnostics, warning
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Policy

__all__ = ["check_inventory"]


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
