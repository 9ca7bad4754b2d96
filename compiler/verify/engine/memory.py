"""Answers about the parts of policies, so that a part that did not change is not asked about again.

An answer about a part depends on what its statements say and on their order, never on where they are
written: it is kept with statements by their number in the part, and given with those of today.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Generic, TypeVar

from msgspec import Struct, field

from cpc.compiler.policy.flow import Flow, Request
from cpc.compiler.policy.model import Direction, Rule
from cpc.compiler.verify.engine.parts import Needs, Part
from cpc.compiler.verify.findings import Finding, FindingKind, Statement

__all__ = ["Known", "Memory", "Recalled"]

Asked = TypeVar("Asked")


class _Bare(Struct, frozen=True):
    """A finding with statements by their number in a part."""

    kind: FindingKind
    rule: int
    others: tuple[int, ...]
    witness: Flow | None
    request: Request | None
    undecided: str

    def about(self, statements: tuple[Statement, ...]) -> Finding:
        """The finding about the statements of a part that says the same."""
        others = tuple(statements[n] for n in self.others)
        return Finding(
            self.kind, statements[self.rule], others, self.witness, self.request, self.undecided
        )


class _Answer(Struct, frozen=True):
    """What was found, and the statements that are gone since, by number."""

    findings: tuple[_Bare, ...]
    gone: tuple[int, ...]


_Question = tuple[str, tuple[int, ...]]
"""What was asked, and which statements were gone then."""


class Known(Struct):
    """A part as it was when it was first asked about, and the answers; `part` keeps alive what its key
    names by identity.
    """

    direction: Direction
    part: Part
    answers: dict[_Question, _Answer] = field(default_factory=dict)


class Memory:
    """What was found about each direction of the last policy, as a whole and in parts.

    `asked` counts the rules of parts that had to be asked about.
    """

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self.needs = Needs()
        self.asked = 0
        self._known: dict[Direction, dict[Hashable, Known]] = {d: {} for d in Direction}
        self._new: dict[Direction, dict[Hashable, Known]] = {d: {} for d in Direction}
        self._said: dict[int, tuple[Rule, Hashable]] = {}
        for one in known:
            self._known[one.direction][self._key(one.part)] = one

    def kept(self) -> tuple[Known, ...]:
        """All that is known: a memory of it knows the same."""
        return tuple(one for known in self._known.values() for one in known.values())

    def of(self, part: Part, direction: Direction) -> Known:
        """What is known about a part, or about a direction as a whole."""
        key = self._key(part)
        known = self._known[direction].get(key) or Known(direction, part)
        self._new[direction][key] = known
        return known

    def forget(self, direction: Direction) -> None:
        """Forgets what was not asked about a direction since the last time."""
        self._known[direction], self._new[direction] = self._new[direction], {}
        self._said = {}

    def _key(self, part: Part) -> Hashable:
        """What answers depend on: equal keys, equal answers.

        Selectors, ports and requests are named by identity, for hashing them takes longer than many an answer;
        whoever wants to find answers again gives the same objects again.
        """
        policy, home = part.policy, {id(rule) for rule in part.home}
        blocks = {block: n for n, block in enumerate(sorted({r.block for r in policy.rules}))}
        return (
            policy.mode,
            policy.allow_host,
            self._said_by(policy.rules),
            tuple([blocks[rule.block] for rule in policy.rules]) if len(blocks) > 1 else (),
            tuple([id(r) in home for r in policy.rules]) if len(home) < len(policy.rules) else (),
            tuple(id(isolation.subject) for isolation in policy.isolations),
            tuple((r.direction, id(r.subject), id(r.peers)) for r in policy.requirements),
            tuple(id(audit.subject) for audit in policy.audits),
        )

    def _said_by(self, rules: Iterable[Rule]) -> Hashable:
        """What rules say, each found once for all parts of one policy."""
        known = self._said
        return tuple([(known.get(id(rule)) or self._find(rule))[1] for rule in rules])

    def _find(self, rule: Rule) -> tuple[Rule, Hashable]:
        """It is kept, so that no other has its `id`."""
        found = self._said[id(rule)] = (rule, _of(rule))
        return found


def _of(rule: Rule) -> Hashable:
    return (
        id(rule.subject),
        id(rule.peers),
        id(rule.ports),
        id(rule.l7),
        rule.action,
        rule.tier,
        rule.priority,
        rule.index,
        rule.named,
    )


class Recalled(Generic[Asked]):
    """One part's questions: whom to ask is made only where an answer is not known.

    `gone` are statements by `id`, over all parts of a direction, that the questions read and add to.
    """

    def __init__(
        self, part: Part, known: Known | None, gone: set[int], make: Callable[[], Asked]
    ) -> None:
        self._statements: tuple[Statement, ...] = (*part.policy.rules, *part.policy.isolations)
        self._known = known
        self._gone = gone
        self._make = make
        self._asked: Asked | None = None

    def ask(
        self, question: str, seen: Collection[int], answer: Callable[[Asked], Iterable[Finding]]
    ) -> Iterable[Finding]:
        """The findings that answer a question; `seen` are the gone statements that it looks at, by `id`."""
        if self._known is None:
            return answer(self._whom())
        gone = tuple(n for n, s in enumerate(self._statements) if id(s) in seen) if seen else ()
        known = self._known.answers.get((question, gone))
        if known is None:
            numbers = {id(s): n for n, s in enumerate(self._statements)}
            before = set(self._gone)
            found = tuple(_bare(finding, numbers) for finding in answer(self._whom()))
            more = tuple(numbers[i] for i in self._gone - before)
            known = self._known.answers[question, gone] = _Answer(found, more)
        self._gone.update(id(self._statements[n]) for n in known.gone)
        return [bare.about(self._statements) for bare in known.findings]

    def _whom(self) -> Asked:
        if self._asked is None:
            self._asked = self._make()
        return self._asked


def _bare(finding: Finding, numbers: dict[int, int]) -> _Bare:
    return _Bare(
        finding.kind,
        numbers[id(finding.rule)],
        tuple(numbers[id(other)] for other in finding.others),
        finding.witness,
        finding.request,
        finding.undecided,
    )
