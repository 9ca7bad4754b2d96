"""How large a question may grow, and the answer when it grows further."""

from dataclasses import dataclass

__all__ = ["STATE_LIMIT", "LimitReached", "TooLarge"]

STATE_LIMIT = 20_000
"""States of one automaton or of one search, by default: a second or two at most."""


@dataclass(frozen=True, slots=True)
class TooLarge:
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
