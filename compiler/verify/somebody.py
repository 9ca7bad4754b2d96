"""Whether there can be an endpoint that some selectors select and others do not."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    EndpointTerm,
    Everything,
    Has,
    In,
    LabelExpr,
    LabelKey,
    Not,
    Selector,
)
from cpc.compiler.policy.semantics import selects
from cpc.compiler.verify import solve
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables
from cpc.compiler.verify.vocabulary import Vocabulary
from cpc.compiler.verify.witness import plainest_endpoint

__all__ = ["evident_somebody", "somebody"]


def somebody(inside: Sequence[Selector], outside: Selector) -> Party | str | None:
    """The plainest endpoint that each of `inside` selects and `outside` does not.

    None if there can be none; a reason where the solver cannot tell. Unsatisfiable iff no endpoint is in
    all of `inside` and not in `outside`.
    """
    vocabulary = Vocabulary()
    for selector in (*inside, outside):
        vocabulary.add_selector(selector)
    party = PartyVariables("subject", vocabulary)
    answer = solve.never(
        party.consistent(),
        party.managed(),
        *(selects(SOLVER, party, selector) for selector in inside),
        SOLVER.negate(selects(SOLVER, party, outside)),
    )
    if isinstance(answer, solve.Holds):
        return None
    if isinstance(answer, solve.Unknown):
        return answer.why

    def found(candidate: Party) -> bool:
        return _is_between(candidate, inside, outside)

    witness = party.party(answer.model, "witness")
    if not found(witness):
        raise InternalError("the solver's endpoint is another when replayed")
    return plainest_endpoint(witness, found)


def evident_somebody(inside: Sequence[Selector], outside: Selector) -> Party | None:
    """As `somebody`, of the endpoints that the first selector is plainly about: it needs no solver.

    None says nothing.
    """
    return next((p for p in _evident(inside[0]) if _is_between(p, inside, outside)), None)


def _is_between(party: Party, inside: Sequence[Selector], outside: Selector) -> bool:
    chosen = all(party_selected(party, selector) for selector in inside)
    return chosen and not party_selected(party, outside)


def _evident(selector: Selector) -> Iterator[Party]:
    """Endpoints that the terms of a selector are plainly about."""
    for term in selector:
        labels = _labels(term.expr) if isinstance(term, EndpointTerm) else {}
        found = (
            Label("k8s" if k.source == "any" else k.source, k.key, v) for k, v in labels.items()
        )
        yield Party("witness", True, frozenset(found) or frozenset({Label("k8s", "other", "x")}))


def _labels(expr: LabelExpr) -> dict[LabelKey, str]:
    """Values that the positive parts of an expression ask for."""
    match expr:
        case In(key, values):
            return {key: values[0]} if values else {}
        case Has(key):
            return {key: "x"}
        case AllOf(operands):
            return {k: v for operand in reversed(operands) for k, v in _labels(operand).items()}
        case AnyOf(operands):
            return _labels(operands[0]) if operands else {}
        case Everything() | Not():
            return {}
        case _:
            assert_never(expr)
