"""Whatever a rule is about, a `default` statement says what happens to the rest.

Native rules never isolate. A rule whose subjects no `default` covers would allow what is allowed anyway,
so forgetting the `default deny` would open an endpoint without a word: it is an error instead.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from msgspec import Struct

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
    Requirement,
    Rule,
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
    found: Diagnostics = []
    statements = list(_needing(policy))
    for direction in Direction:
        for staged in (False, True):
            covers = _Covers.of(policy, direction, staged)
            if not covers.everyone:
                here = [s for s in statements if s.direction is direction and s.staged is staged]
                found += _uncovered_among(here, direction, covers)
    return found


def _uncovered_among(
    statements: Sequence[Rule | Requirement], direction: Direction, covers: "_Covers"
) -> Iterator[Diagnostic]:
    answers: dict[Selector, Party | str | None] = {}
    same: dict[int, Party | str | None] = {}  # found at once, where statements share their subject
    said: set[Origin] = set()
    for statement in statements:
        subject, origin = statement.subject, statement.origin
        if id(subject) not in same:
            if subject not in answers:
                answers[subject] = _uncovered(subject, covers)
            same[id(subject)] = answers[subject]
        answer = same[id(subject)]
        if answer is not None and origin not in said:
            said.add(origin)
            yield _report(answer, direction, origin)


def _needing(policy: Policy) -> Iterator[Rule | Requirement]:
    """What needs a `default`: the halves of normal rules, and requirements."""
    yield from (rule for rule in policy.rules if rule.tier is Tier.NORMAL)
    yield from policy.requirements


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


class _Covers(Struct, frozen=True):
    """What the `default` statements of a direction select, by form: all terms, and the conjunctions
    among them as the sets of their parts; `everyone`: that is every endpoint.
    """

    selector: Selector
    everyone: bool
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
        terms = frozenset(selector)
        return _Covers(selector, not terms.isdisjoint(_EVERYONE), terms, parts)

    def plainly(self, term: Term) -> bool:
        """Whether one covering term holds wherever `term` does, by its form alone.

        Sound: every endpoint is in `all` and `cluster`; a conjunction implies each part of it; a named
        port only narrows. Not complete: what it does not see goes to the solver.
        """
        if isinstance(term, NamedPort):
            return self.plainly(term.term)
        if self.everyone or term in self.terms:
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
