"""What each side of a policy lets pass, for whole classes of subjects and peers."""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.model import (
    ALL,
    Audit,
    Direction,
    Entity,
    Isolation,
    Policy,
    Requirement,
    Rule,
    Selector,
)
from cpc.compiler.policy.semantics import (
    Decision,
    Verdict,
    beyond_requirements,
    decide_terms,
    selects,
)
from cpc.compiler.verify.flow_columns import Bits, FlowColumns, members
from cpc.compiler.verify.party_classes import PartyClasses
from cpc.compiler.verify.service_sets import NO_SERVICE, ServiceCuts, ServiceSet

__all__ = ["NOTHING_PASSES", "Passing", "Reason", "Sides"]


class Passing(Struct, frozen=True):
    """The services that a side, or both sides of a connection, let pass.

    `services`: some requests pass. `wholly`, a part of them: every request passes, bytes that are none too.
    """

    services: ServiceSet
    wholly: ServiceSet

    def __and__(self, other: "Passing") -> "Passing":
        return Passing(self.services & other.services, self.wholly & other.wholly)

    def __or__(self, other: "Passing") -> "Passing":
        return Passing(self.services | other.services, self.wholly | other.wholly)


NOTHING_PASSES = Passing(NO_SERVICE, NO_SERVICE)


class Reason(Struct, frozen=True):
    """What a side decides about some services, over all requests as `project` does it."""

    decision: Decision
    services: ServiceSet


_Statement: TypeAlias = Rule | Isolation | Requirement | Audit


class Sides:
    """What one side of a policy lets pass, by class: `side(subject, direction)[peer]`.

    A statement about other subjects, or the other direction, decides nothing of a side: its condition is false
    there. So a side is decided with the statements that are about it, once for all classes of subjects that
    have the same ones, and once for all classes of peers that none of those tells apart.
    """

    def __init__(self, policy: Policy, classes: PartyClasses) -> None:
        self._policy = policy
        self._classes = classes
        self._algebra = Bits(len(classes))
        self._chosen: dict[Selector, tuple[int, ...]] = {}
        self._statements: tuple[_Statement, ...] = (
            *policy.rules,
            *policy.isolations,
            *policy.requirements,
            *policy.audits,
        )
        self._about = {direction: self._by_subject(direction) for direction in Direction}
        self._decided: dict[object, list[Passing]] = {}
        self._sides: dict[tuple[int, Direction], list[Passing]] = {}
        self._reasons: dict[object, list[tuple[Reason, ...]]] = {}

    def side(self, subject: int, direction: Direction) -> list[Passing]:
        """What passes between a class of subjects and each class of peers, where both speak its family."""
        known = self._sides.get((subject, direction))
        if known is None:
            key = self._key(subject, direction)
            if key not in self._decided:
                self._decided[key] = self._decide(subject, direction, key[2])
            known = self._sides[subject, direction] = self._decided[key]
        return known

    def reasons(self, subject: int, direction: Direction) -> list[tuple[Reason, ...]]:
        """The same with what decides: of each class of peers the decisions, whose services are all services."""
        key = self._key(subject, direction)
        if key not in self._reasons:
            self._reasons[key] = self._explain(subject, direction, key[2])
        return self._reasons[key]

    def _key(self, subject: int, direction: Direction) -> tuple[Direction, int, tuple[int, ...]]:
        """What a side depends on: whether it is one, and the statements about it."""
        managed = self._classes.managed() >> subject & 1
        return direction, managed, tuple(self._about[direction].get(subject, ()))

    def _selected(self, selector: Selector) -> tuple[int, ...]:
        """The classes that a selector matches."""
        known = self._chosen.get(selector)
        if known is None:
            found = selects(self._algebra, self._classes, selector)
            known = self._chosen[selector] = tuple(members(found))
        return known

    def _by_subject(self, direction: Direction) -> dict[int, list[int]]:
        """For each class with a side, the numbers of the statements about it."""
        about: dict[int, list[int]] = {n: [] for n in members(self._classes.managed())}
        for number, statement in enumerate(self._statements):
            if isinstance(statement, Audit) or statement.direction is direction:
                for subject in self._selected(statement.subject):
                    if subject in about:
                        about[subject].append(number)
        return about

    def _decide(self, subject: int, direction: Direction, about: Sequence[int]) -> list[Passing]:
        """As `project` does it: what passes where no matcher matches, and where every one does."""
        policy, peers, cuts, flows = self._flows(subject, direction, about)
        wholly = some = _allowed(policy, flows)
        if any(rule.l7 is not None for rule in policy.rules):
            flows.matched = flows.algebra.full
            some = wholly | _allowed(policy, flows)
        columns = list(zip(flows.by_peer(some), flows.by_peer(wholly), strict=True))
        passing = {c: Passing(*map(cuts.services, c)) for c in set(columns)}
        found = [NOTHING_PASSES] * len(self._classes)
        for alike, column in zip(peers, columns, strict=True):
            for peer in alike:
                found[peer] = passing[column]
        return found

    def _explain(
        self, subject: int, direction: Direction, about: Sequence[int]
    ) -> list[tuple[Reason, ...]]:
        policy, peers, cuts, flows = self._flows(subject, direction, about)
        plain = decide_terms(flows.algebra, policy, flows)
        flows.matched = flows.algebra.full
        most = decide_terms(flows.algebra, policy, flows)
        wholly, some = (
            flows.algebra.some(guard for guard, d in outcome if d.verdict is Verdict.ALLOW)
            for outcome in (plain, most)
        )
        deciding: dict[Decision, int] = {}
        for guard, d in plain:
            guard &= wholly | ~some
            deciding[d] = deciding.get(d, 0) | guard
        for guard, d in most:
            if d.verdict is Verdict.ALLOW:
                redirect = replace(d, verdict=Verdict.REDIRECT)
                deciding[redirect] = deciding.get(redirect, 0) | guard & ~wholly
        found: list[list[Reason]] = [[] for _ in peers]
        for d, guard in deciding.items():
            for number, pieces in enumerate(flows.by_peer(guard)):
                if pieces:
                    found[number].append(Reason(d, cuts.services(pieces)))
        by_class: list[tuple[Reason, ...]] = [()] * len(self._classes)
        for alike, reasons in zip(peers, found, strict=True):
            for peer in alike:
                by_class[peer] = tuple(reasons)
        return by_class

    def _flows(
        self, subject: int, direction: Direction, about: Sequence[int]
    ) -> tuple[Policy, list[list[int]], ServiceCuts, FlowColumns]:
        """The policy of some statements, the peers that it tells apart, and all flows with them."""
        policy = self._restricted([self._statements[number] for number in about])
        peers = self._told_apart(policy)
        cuts = ServiceCuts(p for rule in policy.rules for p in rule.ports or ())
        flows = FlowColumns(self._classes, subject, direction, [p[0] for p in peers], cuts)
        return policy, peers, cuts, flows

    def _restricted(self, about: Sequence[_Statement]) -> Policy:
        """The policy of some statements, all of them about the one subject that there is."""
        return replace(
            self._policy,
            rules=tuple(replace(s, subject=ALL) for s in about if isinstance(s, Rule)),
            isolations=tuple(replace(s, subject=ALL) for s in about if isinstance(s, Isolation)),
            requirements=tuple(
                replace(s, subject=ALL) for s in about if isinstance(s, Requirement)
            ),
            audits=tuple(replace(s, subject=ALL) for s in about if isinstance(s, Audit)),
        )

    def _told_apart(self, policy: Policy) -> list[list[int]]:
        """The classes, those together that a policy says the same of as peers.

        It asks of a peer whether it matches a selector, or the part of one that requirements leave alone, speaks
        a family (ICMP), and is the host.
        """
        said = [
            one.family << 1 | (Entity.HOST in one.party.entities) for one in self._classes.classes
        ]
        selectors = {rule.peers for rule in policy.rules}
        if policy.requirements:
            selectors |= {beyond_requirements(rule.peers) for rule in policy.rules}
        selectors |= {requirement.peers for requirement in policy.requirements}
        for number, selector in enumerate(selectors, start=4):
            for peer in self._selected(selector):
                said[peer] |= 1 << number
        alike: dict[int, list[int]] = {}
        for peer, word in enumerate(said):
            alike.setdefault(word, []).append(peer)
        return list(alike.values())


def _allowed(policy: Policy, flows: FlowColumns) -> int:
    """The flows that a policy allows."""
    outcome = decide_terms(flows.algebra, policy, flows)
    return flows.algebra.some(guard for guard, d in outcome if d.verdict is Verdict.ALLOW)
