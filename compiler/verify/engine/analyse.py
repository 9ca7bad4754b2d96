"""Every finding of a policy about how its rules hang together."""

from collections.abc import Iterator

from cpc.compiler.policy.model import Direction, Mode, Policy, Rule
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.engine.boxes import space_of
from cpc.compiler.verify.engine.effects import Effects
from cpc.compiler.verify.engine.grid import Grid, Place
from cpc.compiler.verify.engine.pairs import Pairs
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.findings import Finding, FindingKind, Statement
from cpc.compiler.verify.languages.requests import RequestSpace

__all__ = ["analyse"]

_TOO_LONG = "the search for an answer was stopped"
_TOO_MANY = "its expressions have too many alternatives"


def analyse(policy: Policy, notes: bool = True) -> tuple[Finding, ...]:
    """The findings of a policy in the open world, in the order of its rules.

    Exact: over unions of rules, tiers, isolation, requirements and requests. Rules found redundant can be
    removed together, and those without effect with them. `notes` adds how rules overlap.
    """
    if policy.mode is Mode.NEVER:
        return ()
    policy = without_staged(policy)
    space = space_of([policy])
    requests = RequestSpace()
    found: list[Finding] = []
    for direction in Direction:
        grid = Grid(policy, direction, space)
        found += _Direction(grid, requests).findings(notes)
    return tuple(sorted(found, key=lambda f: (f.rule.origin.order, f.rule.direction)))


class _Direction:
    def __init__(self, grid: Grid, requests: RequestSpace) -> None:
        self._grid = grid
        self._effects = Effects(grid, requests)
        self._pairs = Pairs(grid)

    def findings(self, notes: bool) -> Iterator[Finding]:
        """All of them, one statement after the other."""
        order = self._grid.order
        yield from (Finding(FindingKind.DEAD, r, undecided=_TOO_MANY) for r in order.complex)
        rules = [n for n, s in enumerate(order.statements) if isinstance(s, Rule)]
        doubtful: list[tuple[int, Place]] = []
        without = 0
        lively: list[int] = []
        for number in rules:
            if not order.bits[number]:
                yield from self._dead(number)
                continue
            place, needed = self._effects.glance(number)
            if needed:
                lively.append(number)
                continue
            try:
                place = place or self._effects.effective(number)
                if place is None:
                    without |= order.bits[number]
                    yield self._without_effect(number)
                else:
                    doubtful.append((number, place))
                    lively.append(number)
            except OutOfSteps:
                yield self._unknown(number, FindingKind.SHADOWED)
        yield from self._redundant(doubtful, without)
        if notes:
            for number in lively:
                yield from self._pairs.notes(number, without)
        try:
            yield from self._pairs.ambiguous()
        except OutOfSteps:
            pass

    def _redundant(self, doubtful: list[tuple[int, Place]], idle: int) -> Iterator[Finding]:
        """Rules whose removal changes nothing, by itself and together with those found before."""
        effects, order = self._effects, self._grid.order
        gone = idle
        for number, place in reversed(doubtful):
            try:
                if effects.needed(number) is not None:
                    continue
                instead = [self._grid.statement(n) for n in sorted(effects.instead) if n >= 0]
                effects.removed = gone
                if effects.needed(number) is None:
                    gone |= order.bits[number]
                    yield self._finding(FindingKind.REDUNDANT, number, place, tuple(instead))
            except OutOfSteps:
                yield self._unknown(number, FindingKind.REDUNDANT)
            finally:
                effects.removed = 0

    def _dead(self, number: int) -> Iterator[Finding]:
        rule = self._grid.statement(number)
        if isinstance(rule, Rule) and not rule.named and rule not in self._grid.order.complex:
            yield Finding(FindingKind.DEAD, rule)

    def _without_effect(self, number: int) -> Finding:
        place = self._effects.otherwise(number)
        blockers = tuple(self._grid.statement(n) for n in self._effects.blockers(number))
        if place is not None:
            return self._finding(FindingKind.SHADOWED, number, place, blockers)
        return self._finding(FindingKind.DUPLICATE, number, self._effects.any(number), blockers)

    def _finding(
        self,
        kind: FindingKind,
        number: int,
        place: Place,
        others: tuple[Statement, ...] = (),
    ) -> Finding:
        flow = self._grid.flow(place.point)
        self._grid.replay(flow, place)
        return Finding(kind, self._grid.statement(number), others, flow, place.request)

    def _unknown(self, number: int, kind: FindingKind) -> Finding:
        return Finding(kind, self._grid.statement(number), undecided=_TOO_LONG)
