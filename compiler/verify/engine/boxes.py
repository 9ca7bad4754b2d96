"""Halves of rules as unions of boxes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import assert_never

from cpc.compiler.policy.model import (
    Action,
    AllOf,
    AnyOf,
    Cidr,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Fqdn,
    Has,
    In,
    Isolation,
    LabelExpr,
    LabelKey,
    NamedPort,
    Not,
    Policy,
    PortRange,
    Requirement,
    Rule,
    Selector,
    ServiceTerm,
    Term,
    Tier,
)
from cpc.compiler.policy.semantics import beyond_requirements, takes_requirements
from cpc.compiler.verify.engine.mentioned import space_of
from cpc.compiler.verify.engine.names import Names
from cpc.compiler.verify.engine.space import (
    ADDRESS,
    ENTITIES,
    EVERYONE,
    EXTERNAL,
    LABELLED,
    MANAGED,
    PEER,
    SERVICE,
    SUBJECT,
    Box,
    Kind,
    Side,
    Space,
)

__all__ = ["TOO_MANY", "Boxes", "TooManyBoxes", "complement", "meet", "product", "space_of"]

_MAX_BOXES = 20_000
"""Boxes of one half of a rule."""

_TOGETHER = 256
"""Boxes after which those of a selector are put together where they can be."""


TOO_MANY = "have too many alternatives"
"""What is said of the expressions of such a half."""


class TooManyBoxes(Exception):
    """A half of a rule whose expressions have too many alternatives to be written out."""


class Boxes:
    """Writes halves of rules as boxes of a space; the same selector is worked out once."""

    def __init__(self, space: Space, policy: Policy) -> None:
        self._space = space
        self._requirements = policy.requirements
        self._selectors: dict[Side, dict[Selector, tuple[Box, ...]]] = {side: {} for side in Side}
        self._names = Names(s for _, s in space.switches if isinstance(s, str))

    def rule(self, rule: Rule) -> tuple[Box, ...]:
        """The boxes of a half; none where it matches nothing. TooManyBoxes where there is no end."""
        subjects = self.selector(Side.SUBJECT, rule.subject)
        peers = self._peers(rule)
        if not subjects or not peers:
            return ()
        services = self.services(rule.ports)
        pairs = _bounded(product(subjects, peers))
        return tuple(_bounded(box for one in services for box in product(pairs, (one,))))

    def isolation(self, isolation: Isolation) -> tuple[Box, ...]:
        """The boxes of a `default` statement."""
        return self.selector(Side.SUBJECT, isolation.subject)

    def selector(self, side: Side, selector: Selector) -> tuple[Box, ...]:
        """The parties that a selector matches on one side."""
        found = self._selectors[side].get(selector)
        if found is None:
            plain = self._plain(side, selector)
            if plain is not None:
                found = (plain,)
            else:
                boxes = (box for term in selector for box in self._term(side, term))
                found = _union(boxes, self._space.full)
            self._selectors[side][selector] = found
        return found

    def _plain(self, side: Side, selector: Selector) -> Box | None:
        """The box of a selector that gives some labels their values, as most do; None of any other."""
        if len(selector) != 1 or not isinstance(selector[0], EndpointTerm):
            return None
        space, expr = self._space, selector[0].expr
        box = {SUBJECT if side is Side.SUBJECT else PEER: LABELLED}
        for one in expr.operands if isinstance(expr, AllOf) else (expr,):
            if not isinstance(one, In) or not one.values:
                return None
            at = space.label_field(side, one.key)
            if at in box:
                return None
            box[at] = space.among(one.key, one.values)
        return box if len(box) > 1 else None

    def services(self, ports: Sequence[PortRange] | None) -> list[Box]:
        """Boxes of services: one for all ranges that both families can have, else one for each."""
        if ports is None:
            return [{}]
        space, everywhere = self._space, self._space.full[ADDRESS]
        masks: dict[int, int] = {}
        for one in ports:
            families = space.families(one)
            masks[families] = masks.get(families, 0) | space.ports(one)
        return [
            {SERVICE: mask} if families == everywhere else {SERVICE: mask, ADDRESS: families}
            for families, mask in masks.items()
        ]

    def _peers(self, rule: Rule) -> tuple[Box, ...]:
        """The peers of a half, narrowed by the requirements of its subjects."""
        about = [r for r in self._requirements if r.direction is rule.direction]
        if not about or rule.tier is not Tier.NORMAL or rule.action is not Action.ALLOW:
            return self.selector(Side.PEER, rule.peers)
        plain = beyond_requirements(rule.peers)
        labelled = tuple(t for t in rule.peers if takes_requirements(t))
        bound = self.selector(Side.PEER, labelled)
        for requirement in about:
            bound = tuple(_bounded(product(bound, self._satisfied(rule, requirement))))
        return (*self.selector(Side.PEER, plain), *bound)

    def _satisfied(self, rule: Rule, requirement: Requirement) -> tuple[Box, ...]:
        """Not about this subject, or the peer satisfies it."""
        peers = self.selector(Side.PEER, requirement.peers)
        if requirement.subject == rule.subject:
            return peers
        subjects = self.selector(Side.SUBJECT, requirement.subject)
        others = complement(subjects, self._space.full)
        return (*others, *peers)

    # --- terms ---------------------------------------------------------------------------------

    def _term(self, side: Side, term: Term) -> Iterator[Box]:
        kind = SUBJECT if side is Side.SUBJECT else PEER
        match term:
            case EndpointTerm(expr):
                yield from self._endpoints(side, kind, expr)
            case EntityTerm(entity):
                yield from self._entity(kind, entity)
            case Cidr():
                yield from self._cidr(kind, term)
            case Fqdn(patterns):
                for name in self._names.matched(patterns):
                    if (side, name) in self._space.switches:
                        yield {kind: EXTERNAL, self._space.switches[side, name]: 2}
            case ServiceTerm():
                yield {kind: MANAGED, self._space.switches[side, term]: 2}
            case NamedPort(inner, name, protocol, port):
                has = {kind: MANAGED, self._space.switches[side, (name, protocol, port)]: 2}
                for box in self._term(side, inner):
                    met = meet(box, has)
                    if met is not None:
                        yield met
            case _:
                assert_never(term)

    def _endpoints(self, side: Side, kind: int, expr: LabelExpr) -> Iterator[Box]:
        """Endpoints with labels, and those without where the expression holds of no labels."""
        for box in self._labels(side, expr):
            yield {**box, kind: LABELLED}
        if _holds_of_none(expr):
            yield {kind: 1 << Kind.INIT}

    def _entity(self, kind: int, entity: Entity) -> Iterator[Box]:
        match entity:
            case Entity.ALL:
                yield {}
            case Entity.CLUSTER:
                nodes = {Entity.HOST, Entity.REMOTE_NODE}
                mask = MANAGED | _kinds(lambda e: bool(e & nodes))
                yield {kind: mask & self._space.full[kind]}
            case Entity.WORLD_IPV4:
                yield {kind: EXTERNAL, ADDRESS: self._space.four}
            case Entity.WORLD_IPV6:
                yield {kind: EXTERNAL, ADDRESS: self._space.six}
            case _:
                mask = _kinds(lambda e: entity in e) & self._space.full[kind]
                if mask:
                    yield {kind: mask}

    def _cidr(self, kind: int, cidr: Cidr) -> Iterator[Box]:
        mask = self._space.network(cidr.network)
        for hole in cidr.excepts:
            mask &= ~self._space.network(hole)
        if mask:
            yield {ADDRESS: mask} if cidr.scope_any else {kind: EXTERNAL, ADDRESS: mask}

    def _labels(self, side: Side, expr: LabelExpr, negated: bool = False) -> list[Box]:
        """A label expression, or its negation, as boxes of label fields."""
        match expr:
            case In(key, values):
                return self._label(side, key, self._space.among(key, values), negated)
            case Has(key):
                return self._label(side, key, self._space.has(key), negated)
            case Not(operand):
                return self._labels(side, operand, not negated)
            case Everything():
                return [] if negated else [{}]
            case AllOf(operands) | AnyOf(operands):
                parts = [self._labels(side, o, negated) for o in operands]
                if isinstance(expr, AllOf) is negated:
                    return _bounded(box for part in parts for box in part)
                found: list[Box] = [{}]
                for part in parts:
                    found = _bounded(product(found, part))
                return found
            case _:
                assert_never(expr)

    def _label(self, side: Side, key: LabelKey, mask: int, negated: bool) -> list[Box]:
        at = self._space.label_field(side, key)
        if negated:
            mask = self._space.full[at] & ~mask
        return [{at: mask}] if mask else []


def _kinds(holds: Callable[[frozenset[Entity]], bool]) -> int:
    return sum(1 << kind for kind, entities in ENTITIES.items() if holds(entities)) & EVERYONE


def _holds_of_none(expr: LabelExpr) -> bool:
    """Whether an expression holds of an endpoint without labels."""
    match expr:
        case Everything():
            return True
        case Has() | In():
            return False
        case Not(operand):
            return not _holds_of_none(operand)
        case AllOf(operands):
            return all(map(_holds_of_none, operands))
        case AnyOf(operands):
            return any(map(_holds_of_none, operands))
        case _:
            assert_never(expr)


def meet(left: Box, right: Box) -> Box | None:
    """The flows in both boxes; None where there are none."""
    if not right:
        return left
    if not left:
        return right
    if left.keys().isdisjoint(right):
        return left | right
    met = dict(left)
    for at, mask in right.items():
        mask &= met.get(at, mask)
        if not mask:
            return None
        met[at] = mask
    return met


def complement(boxes: Sequence[Box], full: Sequence[int]) -> tuple[Box, ...]:
    """What is in none of some boxes; `full` are all atoms of each field. TooManyBoxes."""
    rest: list[Box] = [{}]
    for box in boxes:
        rest = [
            met
            for left in rest
            for at, mask in box.items()
            if (met := meet(left, {at: full[at] & ~mask})) is not None
        ]
        _bounded(rest)
    return tuple(rest)


def product(left: Iterable[Box], right: Sequence[Box]) -> Iterator[Box]:
    """What is in a box of the one and a box of the other."""
    for one in left:
        for other in right:
            met = meet(one, other)
            if met is not None:
                yield met


def _union(boxes: Iterable[Box], full: Sequence[int]) -> tuple[Box, ...]:
    """Boxes with those put together that differ in one field only, so that a list of many addresses, or of
    many values of one label, is one box. None is narrowed to all atoms of a field. TooManyBoxes.
    """
    found: list[Box] = []
    room = _TOGETHER
    for box in boxes:
        found.append({at: mask for at, mask in box.items() if mask != full[at]})
        if len(found) > room:
            found = _joined(found, full)
            _bounded(found)
            room = max(_TOGETHER, 2 * len(found))
    return tuple(_bounded(_joined(found, full)))


def _joined(boxes: list[Box], full: Sequence[int]) -> list[Box]:
    if len(boxes) < 2:
        return boxes
    for at in {at for box in boxes for at in box}:
        masks: dict[tuple[tuple[int, int], ...], int] = {}
        rest: list[Box] = []
        for box in boxes:
            if at in box:
                others = tuple(sorted(item for item in box.items() if item[0] != at))
                masks[others] = masks.get(others, 0) | box[at]
            else:
                rest.append(box)
        boxes = rest + [
            dict(others) if mask == full[at] else {**dict(others), at: mask}
            for others, mask in masks.items()
        ]
    return boxes


def _bounded(boxes: Iterable[Box]) -> list[Box]:
    found = list(islice(boxes, _MAX_BOXES + 1))
    if len(found) > _MAX_BOXES:
        raise TooManyBoxes
    return found
