"""Source lines as terminals show them: tabs, wide characters, characters that are not shown."""

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
    """A line as shown; `columns[i]` is where character `skipped + i` begins, the last entry the width."""

    text: str
    columns: tuple[int, ...]
    skipped: int = 0

    def column(self, character: int) -> int:
        """The column of a character (from 0); past what is shown, its nearest end."""
        return self.columns[max(0, min(character - self.skipped, len(self.columns) - 1))]


def _whole(line: str) -> list[tuple[str, int]]:
    if line.isascii() and line.isprintable():
        return [(c, 1) for c in line]
    from rich.cells import cell_len

    shown: list[tuple[str, int]] = []
    at = 0
    for c in line:
        if c == "\t":
            step = TAB - at % TAB
            shown.append((" " * step, step))
        else:
            visible = c.translate(_HIDDEN)
            shown.append((visible, cell_len(visible)))
        at += shown[-1][1]
    return shown


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
    shown = _whole(near)
    starts = [0]
    for _, width in shown:
        starts.append(starts[-1] + width)
    if starts[-1] <= room and not skipped and not clipped:
        return Cells("".join(text for text, _ in shown), tuple(starts))
    first, last = min(first, len(shown)), min(last, len(shown))
    low = 0
    if starts[last] > room - len(_ELLIPSIS):
        while low < first and starts[first] - starts[low] > _LEAD:
            low += 1
    lead = _ELLIPSIS if low or skipped else ""
    high = low
    budget = room - len(lead) - len(_ELLIPSIS)
    while high < len(shown) and starts[high + 1] - starts[low] <= budget:
        high += 1
    tail = _ELLIPSIS if high < len(shown) or clipped else ""
    text = lead + "".join(text for text, _ in shown[low:high]) + tail
    width = len(lead) + starts[high] - starts[low]
    columns = [min(max(start - starts[low] + len(lead), 0), width) for start in starts]
    return Cells(text, tuple(columns), skipped)
