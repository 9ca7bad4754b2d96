"""Statements that only one of two policies has: wherever none of them matches, both decide the same."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeAlias

from cpc.compiler.policy.model import Tier
from cpc.compiler.verify.engine.deciding import Deciding, Meaning
from cpc.compiler.verify.findings import Statement

__all__ = ["odd_bits", "same_statements"]

_Element: TypeAlias = "Meaning | frozenset[tuple[Meaning, ...]]"
"""A rule of a tier, or all blocks of one priority where there are several."""


def odd_bits(old: Deciding, new: Deciding) -> tuple[int, int]:
    """The bits of each policy's statements that have no equal in the other, in the same order.

    In the normal tier order decides nothing about verdicts. In the others, what is left is a sequence that
    both have, so a flow that matches no odd statement is decided by it alone.
    """
    mine, others = _host(old, new)
    one, other = _meanings(old), _meanings(new)
    mine |= sum(bits for meaning, bits in one.items() if meaning not in other)
    others |= sum(bits for meaning, bits in other.items() if meaning not in one)
    for tier in (Tier.ADMIN, Tier.BASELINE):
        left, right = _elements(old, tier), _elements(new, tier)
        kept_left, kept_right = _common([e for e, _ in left], [e for e, _ in right])
        mine |= sum(bits for n, (_, bits) in enumerate(left) if n not in kept_left)
        others |= sum(bits for n, (_, bits) in enumerate(right) if n not in kept_right)
    return mine, others


def _host(old: Deciding, new: Deciding) -> tuple[int, int]:
    """The local host's box and the audited subjects, where they differ."""
    mine = old.order.host & ~new.order.host
    others = new.order.host & ~old.order.host
    if old.audits != new.audits:
        mine |= old.audited if old.audits else 0
        others |= new.audited if new.audits else 0
    return mine, others


def _meanings(one: Deciding) -> dict[Meaning, int]:
    """The bits of the statements of the normal tier by what they mean."""
    found: dict[Meaning, int] = {}
    for number in one.statements(Tier.NORMAL):
        meaning = one.meaning(number)
        found[meaning] = found.get(meaning, 0) | one.order.bits[number]
    return found


def _elements(one: Deciding, tier: Tier) -> list[tuple[_Element, int]]:
    """The elements of an ordered tier with their bits: the first that matches decides."""
    found: list[tuple[_Element, int]] = []
    done = 0
    for number in one.statements(tier):
        bits = one.order.bits[number]
        if bits & done:
            continue
        group = one.order.group_of(number)
        if group is None:
            found.append((one.meaning(number), bits))
            continue
        blocks = (
            tuple(one.meaning(n) for n in one.statements(tier) if one.order.bits[n] & block)
            for block in group.blocks
        )
        found.append((frozenset(blocks), group.mask))
        done |= group.mask
    return found


def _common(left: Sequence[_Element], right: Sequence[_Element]) -> tuple[set[int], set[int]]:
    """The places of a long sequence that both have: equals are paired in order, and of the pairs the most that
    do not cross are kept (patience sorting).
    """
    places: dict[_Element, list[int]] = {}
    for place in reversed(range(len(right))):
        places.setdefault(right[place], []).append(place)
    pairs = [(n, places[e].pop()) for n, e in enumerate(left) if places.get(e)]
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [place]
        piles[pile : pile + 1] = [number]
    kept: list[int] = []
    at = piles[-1] if piles else -1
    while at >= 0:
        kept.append(at)
        at = before[at]
    return {pairs[n][0] for n in kept}, {pairs[n][1] for n in kept}


def same_statements(old: Deciding, new: Deciding) -> bool:
    """Whether two policies say the same in the same order, without a look at boxes."""
    one, other = old.policy, new.policy
    return (
        _said(old) == _said(new)
        and (one.mode, one.allow_host) == (other.mode, other.allow_host)
        and [a.subject for a in one.audits] == [a.subject for a in other.audits]
        and [(r.direction, r.subject, r.peers) for r in one.requirements]
        == [(r.direction, r.subject, r.peers) for r in other.requirements]
    )


def _said(one: Deciding) -> list[tuple[object, ...]]:
    return [_words(s) for s in one.order.statements]


def _words(statement: Statement) -> tuple[object, ...]:
    fields = ("action", "tier", "priority", "block", "index", "subject", "peers", "ports", "l7")
    return tuple(getattr(statement, field, None) for field in fields)
