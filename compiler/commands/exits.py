"""Exit codes, and which one wins."""

from collections.abc import Container, Iterable
from enum import IntEnum

from cpc.compiler.diagnostics import Diagnostic, Severity

__all__ = ["UNKNOWN", "Exit", "exit_at", "exit_of", "worst"]


class Exit(IntEnum):
    """What a run of cpc says to the shell."""

    CLEAN = 0
    FINDINGS = 1
    INPUT = 2
    UNDECIDED = 3
    INTERNAL = 4


_PRECEDENCE = (Exit.INTERNAL, Exit.INPUT, Exit.UNDECIDED, Exit.FINDINGS, Exit.CLEAN)


def worst(codes: Iterable[int]) -> int:
    """The code that wins: 4, 2, 3, 1, 0 in this order."""
    return min(codes, key=lambda code: _PRECEDENCE.index(Exit(code)), default=Exit.CLEAN)


UNKNOWN = frozenset({"CPC209", "CPC229", "CPC252", "CPC261", "CPC263"})
"""Codes that say that an answer is unknown: it never passes for a good one."""


def exit_of(diagnostics: Iterable[Diagnostic], *, strict: bool) -> int:
    """2 where an error says that the input is bad, 3 where an answer is unknown, 1 where the verifier
    found something.

    `strict`: a warning of any kind is a finding too; notes never are.
    """
    return exit_at(Severity.WARNING if strict else Severity.ERROR, diagnostics)


def exit_at(
    fail_level: Severity, diagnostics: Iterable[Diagnostic], findings: Container[str] = ()
) -> int:
    """As `exit_of`, with 1 where something is at or above `fail_level`.

    Errors of CPC2xx, and of the codes in `findings`, are about a policy, not about bad input.
    """
    order = tuple(Severity)

    def one(diagnostic: Diagnostic) -> int:
        code = diagnostic.code
        finding = code.startswith("CPC2") or code in findings
        if diagnostic.severity is Severity.ERROR and not finding:
            return Exit.INPUT
        if code in UNKNOWN:
            return Exit.UNDECIDED
        fails = order.index(diagnostic.severity) <= order.index(fail_level)
        return Exit.FINDINGS if fails else Exit.CLEAN

    return worst(map(one, diagnostics))
