"""Things on lines of their own, with the comments and blank lines between them."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from cpc.compiler.source import Span
from cpc.compiler.syntax.columns import Row
from cpc.compiler.syntax.margin import Margin

__all__ = ["Blocks", "Item"]

_STEP = 2


class Item(Struct, frozen=True):
    """Something on lines of its own: its place, its doc comment, and how to lay it out.

    `rows` gives its lines as cells at an indentation; it takes the comments that it has room for.
    """

    span: Span
    doc: str
    rows: Callable[[int], list[Row]]


class Blocks:
    """Lays out sequences of items and gives each comment to the one it stands beside."""

    def __init__(self, margin: Margin) -> None:
        self._margin = margin

    def sequence(self, items: Sequence[Item], start: int, end: int, indent: int) -> list[Row]:
        """Items on lines of their own, with the comments and blank lines between them."""
        margin = self._margin
        rows: list[Row] = []
        limits = [item.span.start for item in items[1:]] + [end]
        position = start
        for item, limit in zip(items, limits, strict=False):
            for comment in margin.take(position, item.span.start):
                blank = bool(rows) and margin.blank(position, comment.span.start)
                rows.append(Row.comment(indent, comment.text, blank))
                position = comment.span.end
            blank = bool(rows) and margin.blank(position, item.span.start)
            own = item.rows(indent)
            inner = margin.take(item.span.start, item.span.end)
            lead = [Row.comment(indent, c.text) for c in inner]
            lead += [Row.comment(indent, f"/// {d}".rstrip()) for d in _lines(item.doc)]
            trail = margin.take_trail(item.span.end, limit)
            if trail is not None:
                own[-1] = own[-1].trailed(trail.text)
            found = [*lead, *own]
            found[0] = found[0].after_blank(blank)
            rows += found
            position = max(position, item.span.end, trail.span.end if trail else 0)
        for comment in margin.take(position, end):
            blank = bool(rows) and margin.blank(position, comment.span.start)
            rows.append(Row.comment(indent, comment.text, blank))
            position = comment.span.end
        return rows

    def block(
        self, head: str, items: Sequence[Item], start: int, end: int, indent: int
    ) -> list[Row]:
        """`head {`, items one step in, `}`; comments from `start` to `end` are inside."""
        first = items[0].span.start if items else end
        trail = self._margin.take_trail(start, first)
        rows = self.sequence(items, trail.span.end if trail else start, end, indent + _STEP)
        if not rows and trail is None:
            return [Row.of(indent, f"{head} {{}}")]
        opening = Row.of(indent, f"{head} {{")
        if trail is not None:
            opening = opening.trailed(trail.text)
        return [opening, *rows, Row.of(indent, "}")]


def _lines(doc: str) -> list[str]:
    return doc.split("\n") if doc else []
