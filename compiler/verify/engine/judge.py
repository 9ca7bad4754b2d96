"""Every finding about some rules of a grid."""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from cpc.compiler.policy.model import Isolation, Protocol, Rule, Tier
from cpc.compiler.verify.engine.boxes import TOO_MANY
from cpc.compiler.verify.engine.effects import Effects
from cpc.compiler.verify.engine.exposed import exposed_part, sensitive_port
from cpc.compiler.verify.engine.grid import Grid, Place
from cpc.compiler.verify.engine.pairs import Pairs
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.engine.space import SERVICE
from cpc.compiler.verify.findings import Finding, FindingKind, Statement
from cpc.compiler.verify.languages.requests import RequestSpace

__all__ = ["Judge"]

_TOO_LONG = "the search for an answer was stopped"
_TOO_MANY = f"its expressions {TOO_MANY}; what others do beside it is not known either"


class Judge:
    """The questions about some rules of a grid; `without_effect` are the findings about those that match or
    decide nothing.

    `gone` are the rules of the direction, by `id`, that decide nothing and mask nothing, and then those that
    are redundant too: all of them can be removed together.

    Beside a statement of too many boxes only what others match is known: that statement is said to be unknown,
    and so is what seems to decide nothing; the other questions are not asked.
    """

    def __init__(
        self, grid: Grid, rules: Iterable[Rule], requests: RequestSpace, gone: set[int]
    ) -> None:
        self._grid = grid
        self._effects = Effects(self._grid, requests)
        self._pairs = Pairs(self._grid)
        self._ours = {id(rule) for rule in rules}
        statements = self._grid.order.statements
        self._home = [n for n, s in enumerate(statements) if id(s) in self._ours]
        self._gone = gone
        self._doubtful: list[tuple[int, Place]] = []
        self._lively: list[int] = []
        self.without_effect = tuple(self._look())
        if self._grid.order.complex:
            self._home, self._doubtful, self._lively = [], [], []

    def _look(self) -> Iterator[Finding]:
        """Rules that match or decide nothing; what is left for `redundant` is remembered."""
        order = self._grid.order
        too_large = {id(statement) for statement in order.complex}
        for statement in order.complex:
            if id(statement) in self._ours or isinstance(statement, Isolation):
                yield Finding(FindingKind.DEAD, statement, undecided=_TOO_MANY)
        known: dict[object, Finding] = {}
        for number in self._home:
            rule = order.statements[number]
            if id(rule) in too_large:
                continue
            if not order.bits[number]:
                if isinstance(rule, Rule) and not rule.named:
                    yield Finding(FindingKind.DEAD, rule)
                continue
            if self._effects.plainly_needed(number):
                self._lively.append(number)
                continue
            point, needed = self._effects.glance(number)
            if needed:
                self._lively.append(number)
                continue
            place = None if point is None else self._effects.place(number, point)
            said = _said(rule)
            if (
                place is None and said in known
            ):  # what kept that one from deciding comes before this one
                self._gone.add(id(rule))
                yield replace(known[said], rule=rule)
                continue
            try:
                place = place or self._effects.effective(number)
                if place is None and order.complex:
                    why = f"the expressions of `{order.complex[0].origin.name}` {TOO_MANY}"
                    yield Finding(FindingKind.SHADOWED, rule, undecided=why)
                elif place is None:
                    if order.group_of(number) is None:
                        self._gone.add(id(rule))  # else it keeps rules of its block from contesting
                    finding = self._without_effect(number)
                    if said is not None:
                        known[said] = finding
                    yield finding
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
                effects.removed = gone & self._grid.meeting(number)
                if not effects.removed or effects.needed(number) is None:
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
            try:
                yield from self._pairs.notes(number, bits)
            except OutOfSteps:
                yield self._unknown(number, FindingKind.CORRELATION)

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

    def exposed(self) -> Iterator[Finding]:
        """Rules by which the whole world reaches what is for few."""
        for number in self._lively:
            rule, space = self._grid.statement(number), self._grid.index.space
            part = exposed_part(rule, space)
            if part is None or not isinstance(rule, Rule):
                continue
            try:
                point = self._effects.glance(number, part)[0]
                place = None if point is None else self._effects.place(number, point)
                place = place or self._effects.effective(number, part=part)
            except OutOfSteps:
                yield self._unknown(number, FindingKind.EXPOSED)
                continue
            if place is not None:
                free = {at: (mask & -mask).bit_length() - 1 for at, mask in part.items()}
                place = Place(free | place.point)
                port = sensitive_port(rule, space, place.point[SERVICE])
                flow = replace(self._grid.flow(place.point), protocol=Protocol.TCP, port=port)
                self._grid.replay(flow, place)
                yield Finding(FindingKind.EXPOSED, rule, witness=flow)

    def _bits(self, rules: Collection[int]) -> int:
        order = self._grid.order
        return order.mask(lambda number: id(order.statements[number]) in rules)

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


def _said(statement: Statement) -> object:
    """What a statement of the normal tier says, by which equal ones are known; None for other rules."""
    if isinstance(statement, Isolation):
        return statement.subject
    if statement.tier is not Tier.NORMAL:
        return None
    return statement.action, statement.subject, statement.peers, statement.ports, statement.l7
