"""How large a question may grow, and the answer when it grows further."""

from msgspec import Struct

__all__ = ["STATE_LIMIT", "STEPS_PER_STATE", "Allowance", "LimitReached", "TooLarge"]

STATE_LIMIT = 20_000
"""States of one automaton or of one search, by default: a second or two at most."""

STEPS_PER_STATE = 50
"""Steps (joints, runs of characters, languages looked at) for each state of a limit: they bound the time."""


class TooLarge(Struct, frozen=True):
    """No answer within `limit` states; `expressions` are those that the question was about."""

    expressions: tuple[str, ...]
    limit: int

    def __str__(self) -> str:
        listed = ", ".join(f"`{e}`" for e in self.expressions[:3])
        more = len(self.expressions) - 3
        if more > 0:
            listed += f" and {more} more"
        verb = "needs" if len(self.expressions) == 1 else "need together"
        return f"{listed} {verb} more than {self.limit} states"


class LimitReached(Exception):
    """Carries the answer from where a search stops to where the question was asked."""

    def __init__(self, answer: TooLarge) -> None:
        super().__init__(str(answer))
        self.answer = answer


class Allowance:
    """What one question may use: `limit` states of each search, and steps of all its searches together."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._steps = limit * STEPS_PER_STATE

    def spend(self, steps: int) -> bool:
        """Takes steps; whether there were that many."""
        self._steps -= steps
        return self._steps >= 0
