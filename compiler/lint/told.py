"""Findings of the engine as diagnostics: what is common to the rules that tell them."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Label, Severity
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.policy.model import Action, Direction, Isolation, Origin
from cpc.compiler.policy.model import Rule as Half
from cpc.compiler.source import Span
from cpc.compiler.verify.findings import Finding, FindingKind, Statement
from cpc.compiler.verify.flow_text import flow_text

__all__ = ["Told", "finding_rule", "line_of", "statement_words", "told"]

_WITHOUT_EFFECT = frozenset(
    {FindingKind.DEAD, FindingKind.SHADOWED, FindingKind.DUPLICATE, FindingKind.REDUNDANT}
)
"""Kinds that say that a rule does nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one written statement: findings of one kind about its halves, with one reason.

    `halves` are all the halves that the statement has.
    """

    findings: tuple[Finding, ...]
    halves: tuple[Direction, ...]

    @property
    def finding(self) -> Finding:
        """The first of them."""
        return self.findings[0]

    @property
    def others(self) -> tuple[Statement, ...]:
        """The statements that make it so."""
        return self.finding.others

    @property
    def span(self) -> Span:
        """Where the statement stands."""
        return self.finding.rule.origin.span

    @property
    def what(self) -> str:
        """The statement, or the part of it that this is about, in words."""
        named = statement_words(self.finding.rule)
        if self.whole:
            return named
        direction = self._direction
        return f"a part of {named}" if direction is None else f"the {direction} half of {named}"

    @property
    def whole(self) -> bool:
        """Whether this is about all that was written there."""
        return isinstance(self.finding.rule, Isolation) or len(self.findings) == len(self.halves)

    @property
    def _direction(self) -> Direction | None:
        """The one direction of which this is about every half."""
        directions = {finding.rule.direction for finding in self.findings}
        (first, *others) = directions
        return first if not others and len(self.findings) == self.halves.count(first) else None

    @property
    def remedy(self) -> str:
        """How to take out what this is about."""
        if self.whole:
            return "remove it"
        other = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}
        if self._direction is None:
            return "leave that part out"
        return f"write `{other[self._direction]}` before it, so that it is the other half alone"

    @property
    def witness(self) -> tuple[str, ...]:
        """The note with the witness, where there is one."""
        found = next((f for f in self.findings if f.witness is not None), None)
        if found is None or found.witness is None:
            return ()
        asked = any(isinstance(s, Half) and s.l7 for s in (found.rule, *found.others))
        return (f"witness: {flow_text(found.witness, found.request if asked else None)}",)

    def labels(self, words: Callable[[Statement], str] | None = None) -> tuple[Label, ...]:
        """A label for each other statement; by default what it does to flows of this one."""
        much = "every flow" if len(self.others) == 1 else "some flows"
        said = words or (lambda other: f"{_deed(other)} {much} of it")
        return tuple(Label(other.origin.span, said(other)) for other in self.others)

    def where(self, otherwise: str) -> str:
        """The lines of the other statements: `line 9`, `lines 9 and 12`; `otherwise` for none."""
        lines = list(dict.fromkeys(line_of(other.origin.span, self.span) for other in self.others))
        if not lines:
            return otherwise
        if any(":" in line for line in lines):
            return " and ".join(f"`{line}`" if ":" in line else f"line {line}" for line in lines)
        if len(lines) == 1:
            return f"line {lines[0]}"
        return f"lines {', '.join(lines[:-1])} and {lines[-1]}"


def line_of(span: Span, seen_from: Span) -> str:
    """The number of a line, after its file's name where that is another one."""
    return str(span.line) if span.file == seen_from.file else f"{span.file}:{span.line}"


def finding_rule(
    kind: FindingKind,
    severity: Severity,
    tell: Callable[[Told], Diagnostic],
    code: str,
    title: str,
    why: str,
    bad: str,
    good: str,
) -> Rule:
    """The rule that tells findings of one kind; it is called as the kind is.

    Where only a part of what was written has no effect, the rest does its work: that is a note.
    """

    def check(material: Material) -> Iterator[Diagnostic]:
        found = [f for f in material.findings or () if f.kind is kind and not f.undecided]
        for one in told(found, material):
            diagnostic = tell(one)
            if kind in _WITHOUT_EFFECT and not one.whole:
                diagnostic = replace(diagnostic, severity=Severity.NOTE)
            yield diagnostic

    return Rule(Page(code, title, why, bad, good, kind.value), severity, check)


def told(found: list[Finding], material: Material) -> Iterator[Told]:
    """Findings by statement and reason, in their order."""
    if not found:
        return
    halves: defaultdict[Origin, list[Direction]] = defaultdict(list)
    statements: tuple[Statement, ...] = (*material.policy.rules, *material.policy.isolations)
    for half in statements:
        halves[half.origin].append(half.direction)
    groups: defaultdict[object, list[Finding]] = defaultdict(list)
    for finding in found:
        reason = tuple(dict.fromkeys(other.origin for other in finding.others))
        groups[finding.rule.origin, reason].append(finding)
    for group in groups.values():
        yield Told(tuple(group), tuple(halves[group[0].rule.origin]))


def statement_words(statement: Statement) -> str:
    """A statement as the subject of a sentence; one that was given no name is called what it is."""
    if isinstance(statement, Isolation):
        return f"this `default deny {statement.direction}`"
    name = statement.origin.name
    return f"rule `{name}`" if ":" not in name else f"this `{statement.action}` rule"


def _deed(statement: Statement) -> str:
    match statement:
        case Isolation():
            return "isolates, and so denies,"
        case Half(action=Action.DENY):
            return "denies"
        case Half(action=Action.ALLOW):
            return "allows"
        case Half():
            return "passes"
