"""Whatever a rule is about, a `default` statement says what happens to the rest.

Native rules never isolate. A rule whose subjects no `default` covers would allow what is allowed anyway,
so forgetting the `default deny` would open an endpoint without a word: it is an error instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, error
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import (
    AllOf,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    LabelExpr,
    NamedPort,
    Origin,
    Policy,
    Selector,
    Term,
    Tier,
)

__all__ = ["check_coverage", "covering"]


def check_coverage(policy: Policy) -> Diagnostics:
    """Errors for the subjects of normal rules that no `default` statement covers (CPC201).

    Where the solver cannot tell, that is an error too (CPC209). Staged statements are covered by
    staged ones and the others; what is enforced, only by what is enforced.
    """
    covers = {(d, s): _Covers.of(policy, d, s) for d in Direction for s in (False, True)}
    answers: dict[tuple[Direction, bool, Selector], Party | str | None] = {}
    found: Diagnostics = []
    said: set[tuple[Origin, Direction]] = set()
    for direction, subject, staged, origin in _halves(policy):
        key = (direction, staged, subject)
        if key not in answers:
            answers[key] = _uncovered(subject, covers[direction, staged])
        answer = answers[key]
        if answer is not None and (origin, direction) not in said:
            said.add((origin, direction))
            found.append(_report(answer, direction, origin))
    return found


def _halves(policy: Policy) -> Iterator[tuple[Direction, Selector, bool, Origin]]:
    """What needs a `default`: the halves of normal rules, and requirements."""
    for rule in policy.rules:
        if rule.tier is Tier.NORMAL:
            yield rule.direction, rule.subject, rule.staged, rule.origin
    for requirement in policy.requirements:
        yield requirement.direction, requirement.subject, requirement.staged, requirement.origin


def covering(by: Selector) -> Callable[[Selector], bool]:
    """Answers whether `by` selects every endpoint of a subject; no where the solver cannot tell."""
    covers = _Covers.over(by)

    @cache
    def covered(subject: Selector) -> bool:
        rest = tuple(t for t in subject if not covers.plainly(t))
        return not rest or (bool(by) and _search(rest, by) is None)

    return covered


def _uncovered(subject: Selector, covers: "_Covers") -> Party | str | None:
    """A subject outside the covering selectors, None if there is none, or why it is unknown."""
    rest = tuple(t for t in subject if not covers.plainly(t))
    return _search(rest, covers.selector) if rest else None


# --- without a solver --------------------------------------------------------------------------

_EVERYONE = (EntityTerm(Entity.ALL), EntityTerm(Entity.CLUSTER), EndpointTerm(Everything()))
"""Terms that every endpoint is in."""


@dataclass(frozen=True, slots=True)
class _Covers:
    """What the `default` statements of a direction select, by form: all terms, and the conjunctions
    among them as the sets of their parts.
    """

    selector: Selector
    terms: frozenset[Term]
    conjunctions: tuple[frozenset[LabelExpr], ...]

    @staticmethod
    def of(policy: Policy, direction: Direction, staged: bool) -> "_Covers":
        selector = tuple(
            dict.fromkeys(
                term
                for default in (*policy.isolations, *policy.open_defaults)
                if default.direction is direction and (staged or not default.staged)
                for term in default.subject
            )
        )
        return _Covers.over(selector)

    @staticmethod
    def over(selector: Selector) -> "_Covers":
        parts = tuple(_conjuncts(t.expr) for t in selector if isinstance(t, EndpointTerm))
        return _Covers(selector, frozenset(selector), parts)

    def plainly(self, term: Term) -> bool:
        """Whether one covering term holds wherever `term` does, by its form alone.

        Sound: every endpoint is in `all` and `cluster`; a conjunction implies each part of it; a named
        port only narrows. Not complete: what it does not see goes to the solver.
        """
        if isinstance(term, NamedPort):
            return self.plainly(term.term)
        if term in self.terms or not self.terms.isdisjoint(_EVERYONE):
            return True
        if not isinstance(term, EndpointTerm):
            return False
        parts = _conjuncts(term.expr)
        return any(c <= parts for c in self.conjunctions)


def _conjuncts(expr: LabelExpr) -> frozenset[LabelExpr]:
    return frozenset(expr.operands if isinstance(expr, AllOf) else (expr,))


# --- with one ----------------------------------------------------------------------------------


def _search(subject: Selector, covers: Selector) -> Party | str | None:
    """An endpoint that `subject` selects and `covers` does not; None if there is none, or why unknown."""
    from cpc.compiler.verify.somebody import somebody

    return somebody((subject,), covers)


def _report(answer: Party | str, direction: Direction, origin: Origin) -> Diagnostic:
    from cpc.compiler.verify.witness import describe_endpoint

    if isinstance(answer, str):
        return error(
            "CPC209",
            f"the solver cannot tell whether a `default` statement covers `{origin.name}`",
            origin.span,
            notes=(f"its reason: {answer}",),
            help=f"name this rule's endpoints in a `default deny {direction}` statement as they are "
            "named here",
        )
    return error(
        "CPC201",
        f"no `default` statement says what else happens to {direction} here",
        origin.span,
        label=f"{direction} of these endpoints is neither isolated nor left open",
        notes=(f"witness: {describe_endpoint(answer)}",),
        help=(
            f"add `default deny {direction} for ...`, naming the "
            + ("right" if direction is Direction.INGRESS else "left")
            + f" side, or `default allow {direction} for ...` if it is meant to be open"
        ),
    )
