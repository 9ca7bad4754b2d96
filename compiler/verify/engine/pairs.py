"""What two rules do to each other: how they overlap, and blocks that contradict each other."""

from collections.abc import Iterator

from cpc.compiler.policy.model import Action, Rule
from cpc.compiler.verify.engine.boxes import product
from cpc.compiler.verify.engine.grid import Grid, Place
from cpc.compiler.verify.engine.index import atoms
from cpc.compiler.verify.engine.space import Box
from cpc.compiler.verify.findings import Finding, FindingKind

__all__ = ["Pairs"]

_MOST_OTHERS = 16
"""Rules that one note names."""


class Pairs:
    """Notes about the rules of one grid that decide otherwise, and the error `ambiguous-priority`."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid

    def notes(self, number: int, idle: int) -> Iterator[Finding]:
        """Which earlier rules take a part of what this rule matches, by how they lie. Raises OutOfSteps.

        `idle` are boxes of rules that decide nothing: they take nothing either. How rules lie is about their
        flows, whatever requests they speak of.
        """
        order = self._grid.order
        rule = self._grid.statement(number)
        if not isinstance(rule, Rule) or rule.action is Action.PASS:
            return
        met = self._grid.meeting(number) & order.opposite(number) & order.before(number) & ~idle
        if not met:
            return
        tier = order.tier_of(number)
        found: dict[FindingKind, list[int]] = {}
        for other in self._grid.owners(met):
            if not order.bits[other] & tier:
                kind = FindingKind.PARTIAL
            elif self._within(other, number):
                kind = FindingKind.GENERALISATION
            elif self._within(number, other):
                continue
            else:
                kind = FindingKind.CORRELATION
            found.setdefault(kind, []).append(other)
        for kind in sorted(found, key=tuple(FindingKind).index):
            others = found[kind][:_MOST_OTHERS]
            place = self._shared(number, others[0])
            yield Finding(
                kind,
                rule,
                tuple(self._grid.statement(n) for n in others),
                None if place is None else self._grid.flow(place.point),
            )

    def _within(self, inner: int, outer: int) -> bool:
        """Whether a rule matches all flows that another one does. Raises OutOfSteps."""
        grid = self._grid
        bits = grid.order.bits[outer]
        for box in grid.boxes_of(inner):
            if grid.index.holding(box) & bits:
                continue
            if bits & (bits - 1) == 0:
                return False
            outside = grid.search.find(box, bits, lambda must: not must, bool)
            if outside is not None:
                return False
        return True

    def _shared(self, one: int, other: int) -> Place | None:
        """A place in both rules, in as few others as a look finds."""
        unwanted = ~(self._grid.order.bits[one] | self._grid.order.bits[other])
        shared = next(self._shares(one, other), None)
        return None if shared is None else Place(self._grid.search.plain(shared, unwanted))

    def _shares(self, one: int, other: int) -> Iterator[Box]:
        """What two statements both match."""
        order = self._grid.order
        for box in self._grid.boxes_of(one):
            for number in atoms(self._grid.index.meeting(box) & order.bits[other]):
                yield from product((box,), (order.boxes[number],))

    def requests(self, number: int) -> Iterator[Finding]:
        """Allows of the same flows that look at requests otherwise, or not at all. Raises OutOfSteps."""
        order = self._grid.order
        rule = order.statements[number]
        if not isinstance(rule, Rule) or rule.action is not Action.ALLOW:
            return
        met = self._grid.meeting(number)
        kind = FindingKind.L7_BYPASS if rule.l7 is None else FindingKind.L7_OVERLAP
        others: list[Rule] = []
        first: Place | None = None
        for other in self._grid.owners(met & order.requests & ~order.bits[number]):
            against = order.statements[other]
            if not isinstance(against, Rule) or against.l7 is None or len(others) == _MOST_OTHERS:
                continue
            if rule.l7 is not None and (other > number or against.l7.protocol == rule.l7.protocol):
                continue
            place = self._open(number, other)
            if place is not None:
                others.append(against)
                first = first or place
        if first is not None:
            yield Finding(kind, rule, tuple(others), self._grid.flow(first.point))

    def _open(self, one: int, other: int) -> Place | None:
        """A place in both rules that is allowed by rules. Raises OutOfSteps."""
        order, search = self._grid.order, self._grid.search
        bits = order.bits[one] | order.bits[other]
        relevant = (order.before(one) | order.before(other)) & ~bits & ~order.requests

        def good(must: int) -> bool:
            outcome = order.decide(must | bits)
            return outcome.allowed and outcome.decider >= 0

        for shared in self._shares(one, other):
            cell = search.find(shared, relevant, good, lambda must: False)
            if cell is not None:
                return Place(search.point(cell))
        return None

    def ambiguous(self, number: int) -> Iterator[Finding]:
        """Rules of other blocks of its priority that match one flow with another action, and come before it
        in the order of statements. Raises OutOfSteps.
        """
        order = self._grid.order
        rule, rivals = order.statements[number], order.rivals(number)
        if not rivals or not isinstance(rule, Rule):
            return
        for other in self._grid.owners(self._grid.meeting(number) & rivals):
            against = order.statements[other]
            if other > number or not isinstance(against, Rule) or against.action is rule.action:
                continue
            place = self._both(number, other)
            if place is not None:
                flow = self._grid.flow(place.point)
                yield Finding(FindingKind.AMBIGUOUS, rule, (against,), flow)

    def _both(self, one: int, other: int) -> Place | None:
        """A place where both are the first of their blocks, and nothing decides before. Raises OutOfSteps."""
        order, search = self._grid.order, self._grid.search
        bits = order.bits[one] | order.bits[other]
        rivals = order.earlier_in_block(one) | order.earlier_in_block(other)
        before = order.before_blocks(one) & ~order.requests
        ending = rivals | (before if bits & order.admin else before & ~order.admin)

        def good(must: int) -> bool:
            outcome = order.decide(must | bits)
            return any(self._grid.acts(number, outcome) for number in (one, other))

        for shared in self._shares(one, other):
            cell = search.find(shared, before | rivals, good, lambda must: bool(must & ending))
            if cell is not None:
                return Place(search.point(cell))
        return None
