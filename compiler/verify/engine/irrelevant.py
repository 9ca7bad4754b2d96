"""Rules that are about nobody in an inventory."""

from collections.abc import Iterator

from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Fqdn, NamedPort, Policy, Rule, ServiceTerm, Term
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.engine.known_connections import known_connections
from cpc.compiler.verify.engine.space import SUBJECT
from cpc.compiler.verify.findings import Finding, FindingKind

__all__ = ["about_unknown", "irrelevant"]


def irrelevant(policy: Policy, inventory: Inventory) -> Iterator[Finding]:
    """A finding for each half that no flow of those in an inventory matches, external addresses included.

    Not of halves about DNS names and services, of which an inventory does not say whom they mean, nor of
    halves whose container ports have halves of their own.
    """
    world = known_connections(policy, inventory, (), ())
    for rule in without_staged(policy).rules:
        if rule.named or about_unknown(rule):
            continue
        boxes = world.boxes.rule(rule)
        own = ({**box, SUBJECT: box.get(SUBJECT, world.managed) & world.managed} for box in boxes)
        if not any(box[SUBJECT] and world.fits(box) for box in own):
            yield Finding(FindingKind.IRRELEVANT, rule)


def about_unknown(rule: Rule) -> bool:
    """Whether a half is about DNS names or services."""
    return any(map(_unknown, (*rule.peers, *rule.subject)))


def _unknown(term: Term) -> bool:
    if isinstance(term, NamedPort):
        return _unknown(term.term)
    return isinstance(term, Fqdn | ServiceTerm)
