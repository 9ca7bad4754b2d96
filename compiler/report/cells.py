"""Source lines as terminals show them: tabs, wide characters, characters that are not shown."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["Cells", "cells", "plain"]

TAB = 4
_ELLIPSIS = "..."
_LEAD = 20
"""Columns kept before the first mark when a long line is cut."""
_REACH = 4
"""How many times the room, in characters, is looked at on each side of the first mark."""

_HIDDEN = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x80, 0xA0), 0x061C, 0xFEFF)}
_HIDDEN |= {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x200B, 0x2010),)}
_HIDDEN |= {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x2028, 0x202F),)}
_HIDDEN |= {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x2066, 0x206A),)}
_HIDDEN |= {code: chr(0x2400 + code) for code in range(0x20)}
_HIDDEN |= {code: "\N{REPLACEMENT CHARACTER}" for code in range(0xD800, 0xE000)}
_HIDDEN[0x7F] = "\N{SYMBOL FOR DELETE}"
"""What could move the cursor, reorder text or hide itself, and what stands for it."""


def plain(text: str) -> str:
    """`text` on one line with nothing in it that a terminal would act on."""
    return text.replace("\t", " ").replace("\n", " ").translate(_HIDDEN)


class Cells(Struct, frozen=True):
    """A line as shown, `width` columns of it, of which `starts[i]` is that of character `skipped + i` before the
    line was cut: then it begins `moved` columns further to the right, mostly less than none.
    """

    text: str
    starts: Sequence[int]
    width: int
    skipped: int = 0
    moved: int = 0

    def column(self, character: int) -> int:
        """The column of a character (from 0); past what is shown, its nearest end."""
        at = max(0, min(character - self.skipped, len(self.starts) - 1))
        return max(0, min(self.starts[at] + self.moved, self.width))


def _whole(line: str) -> tuple[Sequence[str], Sequence[int]]:
    """Each character as it is shown, and where each starts; the last start is the end."""
    if line.isascii() and line.isprintable():
        return line, range(len(line) + 1)
    from rich.cells import cell_len

    shown: list[str] = []
    starts = [0]
    for c in line:
        step = TAB - starts[-1] % TAB
        visible = " " * step if c == "\t" else c.translate(_HIDDEN)
        shown.append(visible)
        starts.append(starts[-1] + (step if c == "\t" else cell_len(visible)))
    return shown, starts


def cells(line: str, first: int, last: int, room: int) -> Cells:
    """`line` in at most `room` columns (at least 40), cut so that characters [first, last) show.

    When the marked part alone is longer than the room, its beginning shows.
    """
    room = max(room, 40)
    # A line may be megabytes long and hold thousands of marks: only what is near the first is looked at.
    skipped = max(0, min(first, len(line)) - _REACH * room)
    near = line[skipped : first + _REACH * room]
    clipped = skipped + len(near) < len(line)
    first, last = first - skipped, last - skipped
    shown, starts = _whole(near)
    if starts[-1] <= room and not skipped and not clipped:
        return Cells("".join(shown), starts, starts[-1])
    first, last = min(first, len(shown)), min(last, len(shown))
    low = 0
    if starts[last] > room - len(_ELLIPSIS):
        low = bisect_left(starts, starts[first] - _LEAD, 0, first)
    lead = _ELLIPSIS if low or skipped else ""
    budget = room - len(lead) - len(_ELLIPSIS)
    high = bisect_right(starts, starts[low] + budget, low) - 1
    tail = _ELLIPSIS if high < len(shown) or clipped else ""
    text = lead + "".join(shown[low:high]) + tail
    moved = len(lead) - starts[low]
    return Cells(text, starts, starts[high] + moved, skipped, moved)
