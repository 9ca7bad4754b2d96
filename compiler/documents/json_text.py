"""JSON as text that the YAML parser reads: it takes no halves of characters, and fewer characters as such."""

import json
import re
from bisect import bisect_right

from msgspec import Struct

__all__ = ["Rewritten", "rewritten"]

_RAW = "\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
"""What JSON has in strings and YAML does not, or reads as the end of a line."""

_STRANGE = re.compile(rf"\\u[dD][89a-fA-F]|[{_RAW}]")
_TOKEN = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    rf"|[{_RAW}]"
    r"|\\."
)


class Rewritten(Struct, frozen=True):
    """A text in place of another one; from `starts[i]` on it goes on as the other does from `origins[i]`."""

    text: str
    starts: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)

    def place(self, index: int) -> int:
        """Where a character stands in the other text."""
        part = bisect_right(self.starts, index) - 1
        return self.origins[part] + index - self.starts[part]


def rewritten(text: str) -> Rewritten:
    """The text itself, unless it is JSON that the YAML parser would refuse or misread."""
    if text.lstrip()[:1] not in ("{", "[") or not _STRANGE.search(text) or not _is_json(text):
        return Rewritten(text)
    pieces: list[str] = []
    starts, origins = [0], [0]
    length = done = 0
    for found in _TOKEN.finditer(text):
        escape = _escape(found)
        if escape == found[0]:
            continue
        pieces += (text[done : found.start()], escape)
        length += found.start() - done + len(escape)
        done = found.end()
        starts.append(length)
        origins.append(done)
    return Rewritten("".join((*pieces, text[done:])), tuple(starts), tuple(origins))


def _escape(found: re.Match[str]) -> str:
    """How YAML writes the character; half of one is the replacement character, as in Go."""
    high, low = found.groups()
    if high:
        point = 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
        return f"\\U{point:08x}"
    if len(found[0]) == 1:
        return f"\\u{ord(found[0]):04x}"
    return "\\ufffd" if found[0].startswith("\\u") and len(found[0]) == 6 else found[0]


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True
