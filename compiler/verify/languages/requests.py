"""Sets of requests as matchers describe them: overlaps, covers by unions, and a request as proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import Matcher
from cpc.compiler.verify.languages.limits import STATE_LIMIT, TooLarge

__all__ = ["Covered", "Matchers", "RequestSpace", "Uncovered"]

Matchers: TypeAlias = tuple[Matcher, ...]
"""The requests that any of them matches, as in `L7Match.matchers`."""


@dataclass(frozen=True, slots=True)
class Covered:
    """Every request is covered. `groups` are the numbers of groups that suffice, ascending."""

    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Uncovered:
    """`request` is matched by what was wanted and by no group; it is among the shortest."""

    request: Request


class RequestSpace:
    """Answers about the requests that the protocols can carry (`carried.py`); never about opaque bytes.

    Every request in an answer was replayed through `request_matches`. A Kafka request in an answer has
    one element, and groups cover elements: `decide` takes requests apart. Matchers of protocols
    that share requests (HTTP and gRPC) may be mixed; those of others have none in common. Answers about
    matchers and their expressions are kept, so one space should serve a whole policy.
    """

    def __init__(self, limit: int = STATE_LIMIT) -> None:
        """`limit`: states of one automaton and of one search, beyond which an answer is TooLarge."""
        self._limit = limit

    def matched(self, wanted: Matchers) -> Request | None | TooLarge:
        """A shortest request that is matched; None: no request ever is."""
        raise NotImplementedError

    def overlap(self, first: Matchers, second: Matchers) -> Request | None | TooLarge:
        """A shortest request that both match; None: they share none."""
        raise NotImplementedError

    def covered(self, wanted: Matchers, by: Sequence[Matchers]) -> Covered | Uncovered | TooLarge:
        """Whether every request of `wanted` is matched by some group of `by`.

        What is too large counts only where it could change the answer.
        """
        raise NotImplementedError
