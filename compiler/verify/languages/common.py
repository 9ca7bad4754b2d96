"""A request that several groups of matchers all match."""

from collections.abc import Sequence

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.verify.languages.boxes import Box, boxes_of, common_box, expressions_of
from cpc.compiler.verify.languages.cover import some_point
from cpc.compiler.verify.languages.limits import STATE_LIMIT, LimitReached, TooLarge
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
    found: list[Box] = []
    for number, group in enumerate(groups):
        narrower: list[Box] = []
        for matcher in dict.fromkeys(group):
            try:
                boxes = boxes_of(matcher, limit)
                if number == 0:
                    narrower += boxes
                    continue
                both = [common_box(one, other, limit) for one in found for other in boxes]
            except LimitReached as reached:
                too_large = too_large or reached.answer
                continue
            narrower += (box for box in both if box is not None)
        found = narrower
        if len(found) > limit:
            return too_large or TooLarge(expressions_of(found), limit)
    for box in found:
        return _replayed(request_at(box.protocol, some_point(box, limit)), groups)
    return too_large


def _replayed(request: Request, groups: Sequence[Matchers]) -> Request:
    if not all(any(request_matches(m, request) for m in group) for group in groups):
        raise InternalError(f"the request {request} is not matched as it should be")
    return request
