"""Sets of requests as matchers describe them: overlaps, covers by unions, and a request as proof."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias, assert_never

from msgspec import Struct

from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import Matcher
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.verify.languages.boxes import Box, boxes_of
from cpc.compiler.verify.languages.cover import cut, shared_point, some_point, uncovered_point
from cpc.compiler.verify.languages.limits import STATE_LIMIT, LimitReached, TooLarge
from cpc.compiler.verify.languages.points import request_at
from cpc.compiler.verify.languages.samples import sample_request

__all__ = ["Covered", "Matchers", "RequestSpace", "Uncovered"]

Matchers: TypeAlias = tuple[Matcher, ...]
"""The requests that any of them matches, as in `L7Match.matchers`."""


class Covered(Struct, frozen=True):
    """Every request is covered. `groups` are the numbers of groups that suffice, ascending."""

    groups: tuple[int, ...]


class Uncovered(Struct, frozen=True):
    """`request` is matched by what was wanted and by no group; a short one."""

    request: Request


class RequestSpace:
    """Answers about the requests that the protocols can carry (`carried.py`); never about opaque bytes.

    A request in an answer is found by automata, and whoever shows it asks `request_matches` or `decide` first,
    as of every witness. A Kafka request has one element, and groups cover elements: `decide` takes requests
    apart. Matchers of protocols
    that share requests (HTTP and gRPC) may be mixed; those of others have none in common. Answers about
    matchers and their expressions are kept, so one space should serve a whole policy.
    """

    def __init__(self, limit: int = STATE_LIMIT) -> None:
        """`limit`: states of one automaton and of one search, beyond which an answer is TooLarge."""
        self._limit = limit
        self._boxes: dict[Matcher, tuple[Box, ...] | TooLarge] = {}

    def possible(self, wanted: Matchers) -> bool:
        """Whether some request is matched for certain; no where that is too large to tell."""
        for matcher in wanted:
            with suppress(LimitReached):
                if sample_request(matcher, self._limit) is not None or self._of(matcher):
                    return True
        return False

    def matched(self, wanted: Matchers) -> Request | None | TooLarge:
        """A short request that is matched; None: no request ever is."""
        too_large: TooLarge | None = None
        for matcher in wanted:
            try:
                sample = sample_request(matcher, self._limit)
                if sample is not None:
                    return sample
                for box in self._of(matcher):
                    return request_at(box.protocol, some_point(box, self._limit))
            except LimitReached as limit:
                too_large = too_large or limit.answer
        return too_large

    def overlap(self, first: Matchers, second: Matchers) -> Request | None | TooLarge:
        """A short request that both match; None: they share none."""
        too_large: TooLarge | None = None
        for one in first:
            for other in (one,) if one in second else second:
                try:
                    request = self._shared(one, other)
                except LimitReached as limit:
                    too_large = too_large or limit.answer
                    continue
                if request is not None:
                    return request
        return too_large

    def covered(self, wanted: Matchers, by: Sequence[Matchers]) -> Covered | Uncovered | TooLarge:
        """Whether every request of `wanted` is matched by some group of `by`.

        What is too large counts only where it could change the answer.
        """
        if not by and (request := self.matched(wanted)) is not None:
            return request if isinstance(request, TooLarge) else Uncovered(request)
        used: set[int] = set()
        too_large: TooLarge | None = None
        for matcher in wanted:
            try:
                answer = self._covered(matcher, by)
            except LimitReached as limit:
                answer = limit.answer
            match answer:
                case Covered(groups):
                    used.update(groups)
                case Uncovered():
                    return answer
                case TooLarge():
                    too_large = too_large or answer
                case _:
                    assert_never(answer)
        return too_large or Covered(tuple(sorted(used)))

    def _of(self, matcher: Matcher) -> tuple[Box, ...]:
        """The boxes of a matcher; LimitReached."""
        if matcher not in self._boxes:
            try:
                self._boxes[matcher] = boxes_of(matcher, self._limit)
            except LimitReached as limit:
                self._boxes[matcher] = limit.answer
        found = self._boxes[matcher]
        if isinstance(found, TooLarge):
            raise LimitReached(found)
        return found

    def _shared(self, one: Matcher, other: Matcher) -> Request | None:
        for box in self._of(one):
            for another in self._of(other):
                point = shared_point(box, another, self._limit)
                if point is not None:
                    return request_at(box.protocol, point)
        return None

    def _covered(self, matcher: Matcher, by: Sequence[Matchers]) -> Covered | Uncovered | TooLarge:
        for number, group in enumerate(by):
            if matcher in group:
                return Covered((number,))
        used: set[int] = set()
        for box in self._of(matcher):
            answer = self._covered_box(box, by)
            if not isinstance(answer, Covered):
                return answer
            used.update(answer.groups)
        return Covered(tuple(used))

    def _covered_box(self, box: Box, by: Sequence[Matchers]) -> Covered | Uncovered | TooLarge:
        """A group that holds the whole box, or else all that hold some of it.

        A matcher that is too large is left out: what the others cover is covered, and a request that it
        does not match is uncovered all the same.
        """
        cuts: list[tuple[int, Box]] = []
        doubtful: list[tuple[Matcher, TooLarge]] = []
        for number, group in enumerate(by):
            for matcher in group:
                try:
                    found = [cut(box, other, self._limit) for other in self._of(matcher)]
                except LimitReached as limit:
                    doubtful.append((matcher, limit.answer))
                    continue
                if any(c is not None and not c.parts for c in found):
                    return Covered((number,))
                cuts += ((number, c) for c in found if c is not None)
        point = uncovered_point(box, [c for _, c in cuts], self._limit)
        if point is None:
            return Covered(tuple({number for number, _ in cuts}))
        whole = some_point(box, self._limit) | point
        request = request_at(box.protocol, whole)
        for matcher, answer in doubtful:
            if request_matches(matcher, request):
                return answer
        return Uncovered(request)
