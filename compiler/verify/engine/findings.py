"""Every finding about the rules of a policy, of the kinds that are wanted."""

from collections.abc import Collection

from msgspec.structs import replace

from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.engine.half_open import half_open
from cpc.compiler.verify.engine.irrelevant import irrelevant
from cpc.compiler.verify.engine.known_grid import known_effects
from cpc.compiler.verify.engine.memory import Memory
from cpc.compiler.verify.findings import OVERLAPS, WITHOUT_EFFECT, Finding, FindingKind, in_order

__all__ = ["find"]

_OF_EFFECT = WITHOUT_EFFECT | OVERLAPS
"""What is said of what a rule does: not of the open world, where more is known of those who are there."""


def find(
    policy: Policy,
    kinds: Collection[FindingKind],
    inventory: Inventory | None = None,
    memory: Memory | None = None,
) -> tuple[Finding, ...]:
    """The findings of some kinds, and perhaps of others, in the order of rules.

    Under an inventory also the halves that are about nobody there, and those without effect on those who are;
    whether the other side answers is then asked of them too. What `memory` knows of parts of the policy is
    not looked for again.
    """
    found = analyse(policy, notes=not OVERLAPS.isdisjoint(kinds), memory=memory)
    if inventory is not None:
        general = {(id(finding.rule), finding.kind) for finding in found}
        known = [
            replace(finding, known=True)
            for finding in known_effects(policy, inventory)
            if (id(finding.rule), finding.kind) not in general
        ]
        about = {id(finding.rule) for finding in known}
        found = (*(f for f in found if id(f.rule) not in about or f.kind not in _OF_EFFECT), *known)
    if FindingKind.HALF_OPEN in kinds:
        found += tuple(half_open(policy, inventory))
    if FindingKind.IRRELEVANT in kinds and inventory is not None:
        dead = {id(f.rule) for f in found if f.kind is FindingKind.DEAD}
        found += tuple(f for f in irrelevant(policy, inventory) if id(f.rule) not in dead)
    return in_order(found)
