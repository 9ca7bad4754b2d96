"""What each side of a policy lets pass, for whole classes of subjects and peers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

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
from cpc.compiler.policy.semantics import Verdict, decide_terms, selects
from cpc.compiler.verify.flow_columns import Bits, FlowColumns, members
from cpc.compiler.verify.party_classes import PartyClasses
from cpc.compiler.verify.service_sets import NO_SERVICE, ServiceCuts, ServiceSet

__all__ = ["NOTHING_PASSES", "Passing", "Sides"]


@dataclass(frozen=True, slots=True)
class Passing:
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

    def side(self, subject: int, direction: Direction) -> list[Passing]:
        """What passes between a class of subjects and each class of peers, where both speak its family."""
        known = self._sides.get((subject, direction))
        if known is None:
            managed = self._classes.managed() >> subject & 1
            about = tuple(self._about[direction].get(subject, ()))
            key = (direction, managed, about)
            if key not in self._decided:
                self._decided[key] = self._decide(subject, direction, about)
            known = self._sides[subject, direction] = self._decided[key]
        return known

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
        policy = self._restricted([self._statements[number] for number in about])
        peers = self._told_apart(policy)
        cuts = ServiceCuts(p for rule in policy.rules for p in rule.ports or ())
        flows = FlowColumns(self._classes, subject, direction, [p[0] for p in peers], cuts)
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

        It asks of a peer whether it matches a selector, speaks a family (ICMP), and is the host.
        """
        said = [
            one.family << 1 | (Entity.HOST in one.party.entities) for one in self._classes.classes
        ]
        selectors = {rule.peers for rule in policy.rules}
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
