"""Asking the solver: three answers, and unknown is never taken for one of the others."""

from dataclasses import dataclass
from typing import TypeAlias

import z3

__all__ = ["Answer", "Holds", "Refuted", "Unknown", "never"]

SECONDS = 20
"""How long one query may take."""


@dataclass(frozen=True, slots=True)
class Holds:
    """No assignment satisfies the query."""


@dataclass(frozen=True, slots=True)
class Refuted:
    """An assignment does."""

    model: z3.ModelRef


@dataclass(frozen=True, slots=True)
class Unknown:
    """The solver gave up, for this reason."""

    why: str


Answer: TypeAlias = Holds | Refuted | Unknown


def never(*constraints: z3.BoolRef, seconds: float = SECONDS) -> Answer:
    """Whether the constraints exclude each other; unknown after so many seconds."""
    solver = z3.Solver()
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.add(*constraints)
    outcome = solver.check()
    if outcome == z3.unsat:
        return Holds()
    if outcome == z3.sat:
        return Refuted(solver.model())
    return Unknown(solver.reason_unknown())
