"""What statements say by themselves: found once, and then wherever the statements lie."""

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.model import Audit, Isolation, Requirement, Rule, Tier
from cpc.compiler.policy.resolve_places import placed_origin
from cpc.compiler.source import Span
from cpc.compiler.syntax.moved import Place

__all__ = ["Facts", "RuleName", "placed"]

S = TypeVar("S", Isolation, Requirement, Audit)

RuleName = tuple[str, str, int | None, str]
"""Namespace and policy, the number of the tier or baseline block (None: none), and the rule's name."""


class Facts(Struct, frozen=True):
    """Rules and what goes with them, in written order.

    Tier and baseline blocks are numbered from 0, `blocks` are how many there are. `rule_names` and
    `policies` are the names given, with their places. `used` are the definitions that were looked up,
    `port_names` the container ports, `unenforced` is as in `Policy`.
    """

    rules: tuple[Rule, ...]
    isolations: tuple[Isolation, ...]
    open_defaults: tuple[Isolation, ...]
    requirements: tuple[Requirement, ...]
    audits: tuple[Audit, ...]
    rule_names: tuple[tuple[RuleName, Span], ...]
    policies: tuple[tuple[tuple[str, str], Span], ...]
    blocks: int
    used: frozenset[str]
    port_names: frozenset[tuple[str, int]]
    unenforced: tuple[tuple[str, Span], ...]


def placed(facts: Facts, place: Place, file: int, blocks: int) -> Facts:
    """The facts of a stretch that lies so much further, in file number `file`, behind `blocks` more blocks."""
    rules: list[Rule] = []
    known = origin = None
    for rule in facts.rules:
        if rule.origin is not known:  # halves of one rule share theirs
            known, origin = rule.origin, placed_origin(rule.origin, place, file)
        assert origin is not None
        if blocks and rule.tier is not Tier.NORMAL:
            rules.append(replace(rule, origin=origin, block=rule.block + blocks))
        else:
            rules.append(replace(rule, origin=origin))
    return Facts(
        tuple(rules),
        facts.isolations and _placed(facts.isolations, place, file),
        facts.open_defaults and _placed(facts.open_defaults, place, file),
        facts.requirements and _placed(facts.requirements, place, file),
        facts.audits and _placed(facts.audits, place, file),
        facts.rule_names
        and tuple([(_name(k, blocks), place.span(s)) for k, s in facts.rule_names]),
        facts.policies and tuple((key, place.span(span)) for key, span in facts.policies),
        facts.blocks,
        facts.used,
        facts.port_names,
        facts.unenforced and tuple([(what, place.span(span)) for what, span in facts.unenforced]),
    )


def _placed(statements: tuple[S, ...], place: Place, file: int) -> tuple[S, ...]:
    return tuple(replace(s, origin=placed_origin(s.origin, place, file)) for s in statements)


def _name(name: RuleName, blocks: int) -> RuleName:
    namespace, policy, block, rule = name
    return name if block is None else (namespace, policy, block + blocks, rule)
