"""Answers to questions about connections: one traced, and the others that the same question is about."""

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.policy.connections import Connection, Outcome, decide_connection
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.resolve_connection import Question
from cpc.compiler.policy.trace import Trace, trace
from cpc.compiler.verify.representative import asked_connections

__all__ = ["Alike", "Answer", "answer"]

MOST_PAIRS = 5_000
"""Pairs of an inventory that are decided; of more, so many are."""


class Alike(Struct, frozen=True):
    """Connections with one outcome: the first, what both sides decide, and how many they are."""

    connection: Connection
    outcome: Outcome
    number: int


class Answer(Struct, frozen=True):
    """The trace of the first connection; `alike` are those of all, the first's own first.

    `undecided` counts the pairs that were too many to be looked at.
    """

    trace: Trace
    alike: tuple[Alike, ...]
    undecided: int


def answer(policy: Policy, question: Question, inventory: Inventory | None) -> Answer | Diagnostic:
    """What a policy says to a question, or why it cannot be answered (CPC244)."""
    asked = asked_connections(question, inventory)
    if isinstance(asked, Diagnostic):
        return asked
    seen: dict[Outcome, tuple[Connection, int]] = {}
    for connection in asked.connections[:MOST_PAIRS]:
        outcome = decide_connection(policy, connection, question.request)
        first, number = seen.get(outcome, (connection, 0))
        seen[outcome] = (first, number + 1)
    return Answer(
        trace(policy, asked.connections[0], question.request),
        tuple(Alike(first, outcome, number) for outcome, (first, number) in seen.items()),
        max(0, len(asked.connections) - MOST_PAIRS),
    )
