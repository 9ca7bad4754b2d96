"""Findings of the engine as diagnostics: what is common to the rules that tell them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Label, Severity
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.policy.model import Action, Direction, Isolation, Origin, Policy, Tier
from cpc.compiler.policy.model import Rule as Half
from cpc.compiler.source import Span
from cpc.compiler.verify.findings import WITHOUT_EFFECT, Finding, FindingKind, Statement
from cpc.compiler.verify.flow_text import flow_text

__all__ = ["Told", "finding_rule", "halves_of", "line_of", "statement_words", "told"]

_KNOWN = "asked of: those in the inventory, and external addresses"
"""The note of what does not hold of everybody that there could be."""


class Told(Struct, frozen=True):
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
    def waits(self) -> bool:
        """Whether it is a rule of the baseline that has no effect on those in the inventory: others may come."""
        rule = self.finding.rule
        return self.finding.known and isinstance(rule, Half) and rule.tier is Tier.BASELINE

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
    mild: Callable[[Finding], bool] = lambda finding: False,
) -> Rule:
    """The rule that tells findings of one kind; it is called as the kind is.

    Where only a part of what was written has no effect, the rest does its work: that is a note, as is a rule
    of the baseline without effect on those in an inventory. `mild`: of which findings `tell` makes notes.
    """

    def check(material: Material) -> Iterator[Diagnostic]:
        found = [f for f in material.findings or () if f.kind is kind and not f.undecided]
        if kind in material.unheard:
            found = [] if severity is Severity.NOTE else [f for f in found if not mild(f)]
        for one in told(found, material):
            milder = kind in WITHOUT_EFFECT and (one.waits or not one.whole)
            if milder and kind in material.unheard:
                continue
            said = _of_known(tell(one)) if one.finding.known else tell(one)
            yield replace(said, severity=Severity.NOTE) if milder else said

    return Rule(Page(code, title, why, bad, good, kind.value), severity, check)


def _of_known(said: Diagnostic) -> Diagnostic:
    """What is so among those in the inventory alone: another one may come tomorrow, so it is no error."""
    mild = Severity.WARNING if said.severity is Severity.ERROR else said.severity
    return replace(said, severity=mild, notes=(*said.notes, _KNOWN))


_written: Callable[[Origin], object] = attrgetter("order", "name", "policy", "namespace")
"""Which statement something is of: what an origin is compared by, its text aside."""


def halves_of(found: Iterable[Finding], policy: Policy) -> Mapping[object, Sequence[Direction]]:
    """The directions of all halves of the statements that findings are about."""
    places = {finding.rule.origin.order for finding in found}
    halves: defaultdict[object, list[Direction]] = defaultdict(list)
    statements: tuple[Statement, ...] = (*policy.rules, *policy.isolations)
    for half in statements:
        if half.origin.order in places:
            halves[_written(half.origin)].append(half.direction)
    return halves


def told(found: list[Finding], material: Material) -> Iterator[Told]:
    """Findings by statement and reason, in their order."""
    if not found:
        return
    groups: defaultdict[object, list[Finding]] = defaultdict(list)
    for finding in found:
        reason = tuple(dict.fromkeys([_written(other.origin) for other in finding.others]))
        groups[_written(finding.rule.origin), reason].append(finding)
    for group in groups.values():
        yield Told(tuple(group), tuple(material.halves[_written(group[0].rule.origin)]))


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
