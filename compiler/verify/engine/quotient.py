"""Which label keys a policy asks about to any effect, and which endpoints it cannot tell apart.

Two endpoints are alike where no flow, of either in their place, is decided otherwise: as subjects and as peers, in
both directions, for every request. That a key matters is shown by two flows that differ in its label only; that it does not,
by comparing the policy with itself, once given the one label and once given the other.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import OPAQUE, Flow, Label, Request
from cpc.compiler.policy.model import Direction, Mode, Policy, Selector
from cpc.compiler.policy.semantics import Decision, without_staged
from cpc.compiler.verify.engine.boxes import TOO_MANY, Boxes, TooManyBoxes, space_of
from cpc.compiler.verify.engine.differences import Undecided, first_between
from cpc.compiler.verify.engine.effects import Effects
from cpc.compiler.verify.engine.grid import Grid
from cpc.compiler.verify.engine.grid import Place as At
from cpc.compiler.verify.engine.index import Point, atoms
from cpc.compiler.verify.engine.space import PEER, SUBJECT, Box, Kind, Side, Space
from cpc.compiler.verify.languages.requests import RequestSpace

__all__ = ["Comparison", "KeyClasses", "Telling", "Undecided"]

Fields: TypeAlias = Mapping[int, int]
"""An atom for some fields of a space."""
Place: TypeAlias = Mapping[Side, Fields]
"""What stands on a side of a flow."""


class Telling(Struct, frozen=True):
    """Two flows that differ in what is compared only, and a request of them that is decided otherwise."""

    flows: tuple[Flow, Flow]
    request: Request
    decisions: tuple[Decision, Decision]


class KeyClasses(Struct, frozen=True):
    """The labels of a key that a policy tells apart: lists of (source, value), None being no such label.

    One list: the key does not matter, or `undecided` says why that is not known. A value that the policy does not name
    stands for all those. `telling` shows for each list after the first how it is told apart from the first.
    """

    key: str
    classes: tuple[tuple[tuple[str, str] | None, ...], ...]
    telling: tuple[Telling, ...]
    undecided: str = ""

    @property
    def matters(self) -> bool | None:
        """Whether some label of the key is told apart from another; None where that is not known."""
        return None if self.undecided else len(self.classes) > 1


class Comparison:
    """Compares what stands in one place of a policy's flows with what stands there instead."""

    def __init__(self, policy: Policy) -> None:
        policy = without_staged(policy)
        self._space = space_of([policy])
        requests = RequestSpace()
        self._sides = [
            (direction, side)
            for direction in [_Direction(policy, self._space, d, requests) for d in Direction]
            for side in Side
        ]

    def by_key(self) -> tuple[KeyClasses, ...]:
        """The keys that the policy names, each with the labels that it tells apart."""
        return tuple(map(self._key, sorted(self._space.labels)))

    def alike(self, identities: Sequence[frozenset[Label]]) -> tuple[tuple[int, ...], ...]:
        """Label sets by number, those together that the policy cannot tell apart. Undecided."""
        places = [self._place(labels) for labels in identities]
        return tuple(tuple(group) for group, _ in self._classes(places))

    def _key(self, name: str) -> KeyClasses:
        labels = self._space.labels[name]
        at = {side: self._space.key_fields(side)[name] for side in Side}
        places = [{side: {at[side]: atom} for side in Side} for atom in atoms(labels.full)]
        try:
            found = self._classes(places)
        except Undecided as why:
            return KeyClasses(name, (tuple(map(labels.label, atoms(labels.full))),), (), str(why))
        return KeyClasses(
            name,
            tuple(tuple(map(labels.label, group)) for group, _ in found),
            tuple(telling for _, telling in found if telling is not None),
        )

    def _place(self, labels: frozenset[Label]) -> Place:
        """An endpoint with some labels on either side."""
        known = {label.key: label for label in labels}
        kinds = {Side.SUBJECT: SUBJECT, Side.PEER: PEER}
        return {
            side: {
                kinds[side]: int(Kind.ENDPOINT if labels else Kind.INIT),
                **{
                    at: self._space.labels[key].atom(known.get(key))
                    for key, at in self._space.key_fields(side).items()
                },
            }
            for side in Side
        }

    def _classes(self, places: Sequence[Place]) -> list[tuple[list[int], Telling | None]]:
        """The places by number, alike ones together; how each list's first differs from the first list's. Undecided."""
        if any(direction.complex for direction, _ in self._sides):
            raise Undecided(f"expressions {TOO_MANY}")
        groups: dict[Hashable, list[int]] = {}
        for number, place in enumerate(places):
            said = tuple(direction.statements(place[side]) for direction, side in self._sides)
            groups.setdefault(said, []).append(number)
        by_first = {group[0]: group for group in groups.values()}
        found: list[list[int]] = []
        for firsts in self._apart([*by_first], places):
            same: list[list[int]] = []
            for first in firsts:
                known = next((k for k in same if self._alike(places, k[0], first)), None)
                if known is None:
                    same.append([*by_first[first]])
                else:
                    known += by_first[first]
            found += same
        found = sorted(map(sorted, found))
        told = (self._telling(places[found[0][0]], places[group[0]]) for group in found[1:])
        return list(zip(found, (None, *told), strict=True))

    def _alike(self, places: Sequence[Place], one: int, other: int) -> bool:
        return self._telling(places[one], places[other]) is None

    def _apart(self, numbers: list[int], places: Sequence[Place]) -> list[list[int]]:
        """Some places, those in different lists that a look at a few flows tells apart."""
        classes = [numbers]
        for direction, side in self._sides:
            given = [place[side] for place in places]
            for point in direction.probes({at for fields in given for at in fields}):
                if all(len(one) == 1 for one in classes):
                    return classes
                split: list[list[int]] = []
                for one in classes:
                    if len(one) == 1:
                        split.append(one)
                        continue
                    parts: dict[bool, list[int]] = {}
                    for number in one:
                        allowed = direction.allows_at(point, given[number])
                        parts.setdefault(allowed, []).append(number)
                    split += parts.values()
                classes = split
        return classes

    def _telling(self, one: Place, other: Place) -> Telling | None:
        """Two flows that tell two places apart; None where there are none. Undecided."""
        for ask in (_Direction.glance, _Direction.search):
            for direction, side in self._sides:
                found = ask(direction, one[side], other[side])
                if found is not None:
                    return found
        return None


class _Direction:
    """The flows of one direction, compared where some of their fields are given."""

    def __init__(
        self,
        policy: Policy,
        space: Space,
        direction: Direction,
        requests: RequestSpace,
    ) -> None:
        self._policy = policy
        self._space = space
        self._direction = direction
        self._requests = requests
        self._grid = Grid(policy, direction, space)
        self._given: dict[frozenset[tuple[int, int]], _Given] = {}
        self.complex = bool(self._grid.order.complex)
        """Whether it is not known what some statement matches, and so of nobody what is decided."""
        self._audited: list[Box] = []
        try:
            for audit in policy.audits:
                self._audited += self._grid.boxes.selector(Side.SUBJECT, audit.subject)
        except TooManyBoxes:
            self.complex = True
        self._effects = Effects(self._grid, requests)
        self._needed: dict[int, Point | None] = {}

    def statements(self, fields: Fields) -> Hashable:
        """What speaks of flows with the fields: of equal answers everything else is the same."""
        index = self._grid.index
        found = index.everything
        for at, atom in fields.items():
            if at in index.narrowed:
                found &= index.by_atom[at][atom] | index.free[at]
        return found, tuple(_holds(box, fields) for box in self._audited)

    def glance(self, one: Fields, other: Fields) -> Telling | None:
        """A difference at one of the points where a rule is needed; None: search for it."""
        if self.statements(one) == self.statements(other):
            return None
        for point in self.probes({*one, *other}):
            if self.allows_at(point, one) is not self.allows_at(point, other):
                return self._told(point, one, other)
        return None

    def allows_at(self, point: Point, fields: Fields) -> bool:
        """Whether opaque bytes are allowed at a point, given some fields."""
        order = self._grid.order
        mask = self._grid.index.at({**point, **fields})
        return order.decide(mask & ~order.requests).allowed

    def probes(self, fields: Collection[int]) -> Iterator[Point]:
        """Points where a rule is needed that speaks of some of the fields."""
        if self._policy.audits or self._policy.mode is Mode.NEVER:
            return  # what the rules decide there is not the last word
        about = 0
        for at in fields:
            about |= self._grid.index.narrowed.get(at, 0)
        for number, bits in enumerate(self._grid.order.bits):
            if bits & about:
                if number not in self._needed:
                    found, needed = self._effects.glance(number)
                    plain = needed and self._effects.matchers(number) is None
                    self._needed[number] = found if plain else None
                point = self._needed[number]
                if point is not None:
                    yield point

    def search(self, one: Fields, other: Fields) -> Telling | None:
        """A difference, if there is one. Undecided."""
        if self.statements(one) == self.statements(other):
            return None
        boxes = (self._with(one), self._with(other))
        found = first_between(self._policy, self._direction, self._space, boxes, self._requests)
        if found is None:
            return None
        point, request = found
        flows = tuple(self._grid.flow({**point, **fields}) for fields in (one, other))
        before, after = (decide(self._policy, flow, request) for flow in flows)
        if before.verdict is after.verdict:
            raise InternalError(f"flows are decided alike: {flows[0]} and {flows[1]}")
        return Telling((flows[0], flows[1]), request, (before, after))

    def _with(self, fields: Fields) -> "_Given":
        key = frozenset(fields.items())
        if key not in self._given:
            self._given[key] = _Given(self._space, self._policy, fields)
        return self._given[key]

    def _told(self, point: Point, one: Fields, other: Fields) -> Telling:
        """What a look at a point found, after `decide` said the same of the rules that match there."""
        grid = self._grid
        points: list[Point] = [{**point, **one}, {**point, **other}]
        flows = [grid.flow(point) for point in points]
        before, after = (grid.replay(f, At(p)) for f, p in zip(flows, points, strict=True))
        return Telling((flows[0], flows[1]), OPAQUE, (before, after))


class _Given(Boxes):
    """Boxes of a policy where some fields have known atoms: what does not have them matches nothing."""

    def __init__(self, space: Space, policy: Policy, given: Fields) -> None:
        super().__init__(space, policy)
        self._given = given

    def selector(self, side: Side, selector: Selector) -> tuple[Box, ...]:
        return tuple(
            {at: mask for at, mask in box.items() if at not in self._given}
            for box in super().selector(side, selector)
            if _holds(box, self._given)
        )


def _holds(box: Box, fields: Fields) -> bool:
    """Whether a box is about flows with some fields."""
    return all(mask >> fields[at] & 1 for at, mask in box.items() if at in fields)
