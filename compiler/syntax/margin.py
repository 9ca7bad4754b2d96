"""Comments, each given once to what it stands beside, and the blank lines between."""

from bisect import bisect_left
from collections.abc import Sequence

from cpc.compiler.syntax.tree import Comment

__all__ = ["Margin"]


class Margin:
    """The comments and blank lines of one text."""

    def __init__(self, comments: Sequence[Comment], blank_lines: Sequence[int]) -> None:
        self._comments = sorted(comments, key=lambda c: c.span.start)
        self._starts = [c.span.start for c in self._comments]
        self._blank = blank_lines

    def any(self, start: int, end: int) -> bool:
        """Whether a comment that nobody has taken starts at a position in [start, end)."""
        if not self._starts:
            return False
        at = bisect_left(self._starts, start)
        return at < len(self._starts) and self._starts[at] < end

    def take(self, start: int, end: int) -> list[Comment]:
        """The comments that start in [start, end); nobody else gets them."""
        if not self._starts:
            return []
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        taken = self._comments[first:last]
        del self._comments[first:last], self._starts[first:last]
        return taken

    def take_trail(self, start: int, end: int) -> Comment | None:
        """The first comment in [start, end), if it stands behind something on its line."""
        if not self._starts:
            return None
        first = bisect_left(self._starts, start)
        if first == len(self._starts) or self._starts[first] >= end:
            return None
        if self._comments[first].own_line:
            return None
        del self._starts[first]
        return self._comments.pop(first)

    def blank(self, start: int, end: int) -> bool:
        """Whether a blank line starts in [start, end)."""
        at = bisect_left(self._blank, start)
        return at < len(self._blank) and self._blank[at] < end
