"""A request that several groups of matchers all match."""

from collections.abc import Sequence
from itertools import product

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.verify.languages.boxes import Box, boxes_of
from cpc.compiler.verify.languages.cover import Point
from cpc.compiler.verify.languages.limits import STATE_LIMIT, LimitReached, TooLarge
from cpc.compiler.verify.languages.parts import values
from cpc.compiler.verify.languages.points import request_at
from cpc.compiler.verify.languages.requests import Matchers

__all__ = ["common_request"]


def common_request(
    groups: Sequence[Matchers], limit: int = STATE_LIMIT
) -> Request | None | TooLarge:
    """A short request that some matcher of each group matches; None: no request is. At least one group.

    What is too large counts only where it could change the answer.
    """
    too_large: TooLarge | None = None
    for chosen in product(*groups):
        try:
            for boxes in product(*(boxes_of(matcher, limit) for matcher in chosen)):
                point = _common_point(boxes, limit)
                if point is not None:
                    return _replayed(request_at(boxes[0].protocol, point), groups)
        except LimitReached as reached:
            too_large = too_large or reached.answer
    return too_large


def _common_point(boxes: Sequence[Box], limit: int) -> Point | None:
    """A point in all of some boxes; None: there is none. LimitReached."""
    if any(box.protocol is not boxes[0].protocol for box in boxes):
        return None
    point: Point = {}
    for where in sorted({where for box in boxes for where in box.parts}):
        first, *others = (box.parts[where] for box in boxes if where in box.parts)
        found = values(where, first, others, limit)
        wanted = (1 << len(others)) - 1
        if wanted not in found:
            return None
        point[where] = found[wanted]
    return point


def _replayed(request: Request, groups: Sequence[Matchers]) -> Request:
    if not all(any(request_matches(m, request) for m in group) for group in groups):
        raise InternalError(f"the request {request} is not matched as it should be")
    return request
