"""`cpc trace` and `cpc why`: one connection, and how both sides decide it."""

from collections.abc import Sequence

from msgspec import Struct

from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import parameters, read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.commands.trace_text import outcome_words, trace_json, trace_text
from cpc.compiler.commands.why_text import why_json, why_text
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Front, ask
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.why import why as reasons_of
from cpc.compiler.report import Format
from cpc.compiler.verify.questions import Answer

__all__ = ["Order", "trace", "why"]


class Order(Struct, frozen=True):
    """What is asked, of which policies; label selectors of the question hold inside `namespace`."""

    files: Sequence[str]
    question: str
    namespace: str
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]


def _answer(order: Order, terminal: Terminal) -> tuple[Policy, Answer] | Front:
    """The answer and the policy that it is of, or what is wrong with the policy.

    InputError where the question has no answer.
    """
    read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
    if read.policy is None:
        return read
    params = parameters(order.params)
    answer, found = ask(read, order.question, params, order.namespace, terminal.timings)
    terminal.sources.update(read.sources)
    if answer is None:
        raise InputError(*found)
    terminal.report([*read.diagnostics, *found])
    return read.policy, answer


def trace(order: Order, terminal: Terminal) -> int:
    """Answers with every statement that was considered and what became of it."""
    answered = _answer(order, terminal)
    if isinstance(answered, Front):
        terminal.report(answered.diagnostics)
        return exit_of(answered.diagnostics, strict=False)
    _, answer = answered
    match terminal.format:
        case Format.JSON:
            terminal.answer(trace_json(order.question, answer))
        case Format.CONCISE:
            outcome = answer.trace.outcome
            terminal.answer(f"{outcome.verdict}: {outcome_words(outcome)}\n")
        case _:
            terminal.answer(trace_text(order.question, answer, every=terminal.verbose))
    return Exit.CLEAN


def why(order: Order, terminal: Terminal) -> int:
    """Answers with what makes the verdict, and what would have to change for another."""
    answered = _answer(order, terminal)
    if isinstance(answered, Front):
        terminal.report(answered.diagnostics)
        return exit_of(answered.diagnostics, strict=False)
    policy, answer = answered
    reasons = reasons_of(policy, answer.trace)
    if terminal.format is Format.JSON:
        terminal.answer(why_json(order.question, reasons))
    else:
        terminal.answer(why_text(order.question, answer, reasons))
    return Exit.CLEAN
