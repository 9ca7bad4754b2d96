"""Whether there can be an endpoint that some selectors select and others do not."""

from collections.abc import Sequence

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Selector
from cpc.compiler.policy.semantics import selects
from cpc.compiler.verify import solve
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables
from cpc.compiler.verify.vocabulary import Vocabulary
from cpc.compiler.verify.witness import plainest_endpoint

__all__ = ["somebody"]


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
        chosen = all(party_selected(candidate, selector) for selector in inside)
        return chosen and not party_selected(candidate, outside)

    witness = party.party(answer.model, "witness")
    if not found(witness):
        raise InternalError("the solver's endpoint is another when replayed")
    return plainest_endpoint(witness, found)
