"""Every finding about the rules of a policy, of the kinds that are wanted."""

from collections.abc import Collection

from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.engine.half_open import half_open
from cpc.compiler.verify.engine.irrelevant import irrelevant
from cpc.compiler.verify.findings import OVERLAPS, Finding, FindingKind

__all__ = ["find"]


def find(
    policy: Policy, kinds: Collection[FindingKind], inventory: Inventory | None = None
) -> tuple[Finding, ...]:
    """The findings of some kinds, and perhaps of others, in the order of rules.

    Under an inventory also the halves that are about nobody there; whether the other side answers is then
    asked of those who are there.
    """
    found = analyse(policy, notes=not OVERLAPS.isdisjoint(kinds))
    if FindingKind.HALF_OPEN in kinds:
        found += tuple(half_open(policy, inventory))
    if FindingKind.IRRELEVANT in kinds and inventory is not None:
        dead = {id(f.rule) for f in found if f.kind is FindingKind.DEAD}
        found += tuple(f for f in irrelevant(policy, inventory) if id(f.rule) not in dead)
    return tuple(sorted(found, key=lambda f: (f.rule.origin.order, f.rule.direction)))
