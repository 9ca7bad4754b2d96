"""The statements of a policy by subject: what an object that has one selector says."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct, field

from cpc.compiler.policy.model import (
    Direction,
    Isolation,
    NamedPort,
    Origin,
    Policy,
    Requirement,
    Rule,
    Selector,
    Tier,
)
from cpc.compiler.verify.coverage import covering

__all__ = [
    "Bundle",
    "Isolated",
    "Section",
    "Source",
    "Statement",
    "bundles",
    "isolated",
    "never_matches",
    "sources",
    "written",
]

Statement: TypeAlias = Rule | Isolation | Requirement
"""What has subjects in the normal tier."""

P = TypeVar("P", Rule, Isolation, Requirement)

S = TypeVar("S")
"""What an object selects its subject by."""


class Source(Struct, frozen=True):
    """What one policy says, or what stands outside of all of them (no name): statements in order."""

    name: str
    namespace: str
    rules: tuple[Rule, ...]
    isolations: tuple[Isolation, ...]
    requirements: tuple[Requirement, ...]

    def statements(self) -> Iterator[Statement]:
        """All of them in written order; of two halves the ingress half first."""
        every: tuple[Statement, ...] = (*self.isolations, *self.requirements, *self.rules)
        yield from sorted(every, key=lambda s: s.origin.order)


def sources(policy: Policy) -> tuple[Source, ...]:
    """The normal tier by policy, in written order."""
    rules = [r for r in written(policy.rules) if r.tier is Tier.NORMAL]
    every: tuple[Statement, ...] = (*rules, *policy.isolations, *policy.requirements)
    origins = [s.origin for s in every]
    keys = {(o.policy, o.namespace): None for o in sorted(origins, key=lambda o: o.order)}
    by_rule = _by_policy(rules)
    by_isolation = _by_policy(policy.isolations)
    by_requirement = _by_policy(policy.requirements)
    return tuple(Source(*key, by_rule(key), by_isolation(key), by_requirement(key)) for key in keys)


def _by_policy(statements: Iterable[P]) -> Callable[[tuple[str, str]], tuple[P, ...]]:
    """The statements of each policy, known by its name and namespace."""
    found: dict[tuple[str, str], list[P]] = {}
    for statement in statements:
        key = (statement.origin.policy, statement.origin.namespace)
        found.setdefault(key, []).append(statement)
    return lambda key: tuple(found.get(key, ()))


def written(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """The halves of written rules, without those that an inventory made for container ports."""
    for rule in rules:
        if not any(isinstance(t, NamedPort) for t in (*rule.subject, *rule.peers)):
            yield rule


def never_matches(rule: Rule) -> bool:
    """Whether a rule has no peer or port at all, so that leaving it out changes nothing."""
    return not rule.peers or not rule.subject or (rule.ports == () and not rule.named)


Isolated: TypeAlias = Mapping[Direction, Callable[[Selector], bool]]
"""Whether every endpoint of a selector is isolated in a direction, by whatever policy."""


def isolated(policy: Policy) -> Isolated:
    """What the isolations of a policy add up to."""
    return {
        d: covering(tuple(t for i in policy.isolations if i.direction is d for t in i.subject))
        for d in Direction
    }


class Section(Struct):
    """What is said of one direction of a subject."""

    isolated: bool = False
    rules: list[Rule] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)


class Bundle(Struct, Generic[S]):
    """All that a policy says of one subject."""

    subject: S
    sections: dict[Direction, Section] = field(default_factory=dict)
    origins: list[Origin] = field(default_factory=list)

    def add(self, statement: Statement) -> None:
        """A statement of this subject."""
        section = self.sections.setdefault(statement.direction, Section())
        self.origins.append(statement.origin)
        match statement:
            case Isolation():
                section.isolated = True
            case Requirement():
                section.requirements.append(statement)
            case Rule():
                section.rules.append(statement)


def bundles(
    source: Source, subjects: Callable[[Selector, Origin], tuple[S, ...]]
) -> tuple[Bundle[S], ...]:
    """The policy's statements by each subject that `subjects` finds in theirs."""
    found: dict[S, Bundle[S]] = {}
    for statement in source.statements():
        if isinstance(statement, Rule) and never_matches(statement):
            continue
        for subject in subjects(statement.subject, statement.origin):
            found.setdefault(subject, Bundle(subject)).add(statement)
    return tuple(found.values())
