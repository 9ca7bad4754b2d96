"""Every finding of a policy about how its rules hang together."""

from collections.abc import Collection, Iterator

from cpc.compiler.policy.model import Direction, Mode, Policy, Rule
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.engine.boxes import space_of
from cpc.compiler.verify.engine.effects import Effects
from cpc.compiler.verify.engine.grid import Grid, Place
from cpc.compiler.verify.engine.pairs import Pairs
from cpc.compiler.verify.engine.parts import Part, parts
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.findings import Finding, FindingKind, Statement
from cpc.compiler.verify.languages.requests import RequestSpace

__all__ = ["analyse"]

_TOO_LONG = "the search for an answer was stopped"
_TOO_MANY = "its expressions have too many alternatives"


def analyse(policy: Policy, notes: bool = True) -> tuple[Finding, ...]:
    """The findings of a policy in the open world, in the order of its rules.

    Exact: over unions of rules, tiers, isolation, requirements and requests. Rules found redundant can be
    removed together, and those without effect with them unless another block has their priority: a rule
    that decides nothing may keep others of its block from contesting there. `notes` adds how rules overlap.
    """
    if policy.mode is Mode.NEVER:
        return ()
    policy = without_staged(policy)
    requests = RequestSpace()
    found: list[Finding] = []
    for direction in Direction:
        gone: set[int] = set()
        asked = [_Part(part, direction, requests, gone) for part in parts(policy, direction)]
        for one in asked:
            found += one.effects()
        idle = frozenset(gone)
        for one in asked:
            found += one.redundant()
        for one in asked:
            found += one.pairs(idle) if notes else one.contradictions()
    return tuple(sorted(found, key=lambda f: (f.rule.origin.order, f.rule.direction)))


class _Part:
    """The questions about the rules that are at home in one part.

    `gone` are the rules of the direction, by `id`, that decide nothing and mask nothing, and then those that
    are redundant too: all of them can be removed together.
    """

    def __init__(
        self, part: Part, direction: Direction, requests: RequestSpace, gone: set[int]
    ) -> None:
        self._grid = Grid(part.policy, direction, space_of([part.policy]))
        self._effects = Effects(self._grid, requests)
        self._pairs = Pairs(self._grid)
        home = {id(rule) for rule in part.home}
        statements = self._grid.order.statements
        self._home = [n for n, s in enumerate(statements) if id(s) in home]
        self._gone = gone
        self._doubtful: list[tuple[int, Place]] = []
        self._lively: list[int] = []

    def effects(self) -> Iterator[Finding]:
        """Rules that match or decide nothing; what is left for `redundant` is remembered."""
        order = self._grid.order
        too_large = {id(rule) for rule in order.complex}
        for number in self._home:
            rule = order.statements[number]
            if id(rule) in too_large:
                yield Finding(FindingKind.DEAD, rule, undecided=_TOO_MANY)
                continue
            if not order.bits[number]:
                if isinstance(rule, Rule) and not rule.named:
                    yield Finding(FindingKind.DEAD, rule)
                continue
            place, needed = self._effects.glance(number)
            if needed:
                self._lively.append(number)
                continue
            try:
                place = place or self._effects.effective(number)
                if place is None:
                    if order.group_of(number) is None:
                        self._gone.add(id(rule))  # else it keeps rules of its block from contesting
                    yield self._without_effect(number)
                else:
                    self._doubtful.append((number, place))
                    self._lively.append(number)
            except OutOfSteps:
                yield self._unknown(number, FindingKind.SHADOWED)

    def redundant(self) -> Iterator[Finding]:
        """Rules whose removal changes nothing, by itself and together with those that are gone."""
        effects, order = self._effects, self._grid.order
        if not self._doubtful:
            return
        gone = self._bits(self._gone)
        for number, place in reversed(self._doubtful):
            try:
                if effects.needed(number) is not None:
                    continue
                instead = [self._grid.statement(n) for n in sorted(effects.instead) if n >= 0]
                effects.removed = gone
                if effects.needed(number) is None:
                    gone |= order.bits[number]
                    self._gone.add(id(order.statements[number]))
                    yield self._finding(FindingKind.REDUNDANT, number, place, tuple(instead))
            except OutOfSteps:
                yield self._unknown(number, FindingKind.REDUNDANT)
            finally:
                effects.removed = 0

    def pairs(self, idle: frozenset[int]) -> Iterator[Finding]:
        """How the rules overlap with others; `idle` ones, by `id`, take nothing of anybody."""
        bits = self._bits(idle)
        for number in self._lively:
            yield from self._pairs.notes(number, bits)
        yield from self.contradictions()

    def contradictions(self) -> Iterator[Finding]:
        """Blocks of one priority that contradict each other, and request parts that others undo."""
        for number in self._home:
            try:
                yield from self._pairs.ambiguous(number)
            except OutOfSteps:
                yield self._unknown(number, FindingKind.AMBIGUOUS)
        for number in self._lively:
            try:
                yield from self._pairs.requests(number)
            except OutOfSteps:
                yield self._unknown(number, FindingKind.L7_BYPASS)

    def _bits(self, rules: Collection[int]) -> int:
        order = self._grid.order
        return sum(b for s, b in zip(order.statements, order.bits, strict=True) if id(s) in rules)

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
