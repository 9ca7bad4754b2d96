"""Text that knows where it may be broken, and the lines that it becomes."""

from typing import TypeAlias

from msgspec import Struct

__all__ = [
    "BROKEN",
    "HARD",
    "LINE",
    "SOFT",
    "WIDTH",
    "Doc",
    "Line",
    "Trail",
    "cat",
    "group",
    "nest",
    "render",
]

WIDTH = 100
_STEP = 2


class Line(Struct, frozen=True):
    """A place to break; unbroken it is `flat`. None: it is always broken."""

    flat: str | None


class Trail(Struct, frozen=True):
    """A comment that ends the current line, whatever else still comes on it; breaks its groups.

    An empty one only breaks.
    """

    text: str
    flat: None = None


class _Parts(Struct, frozen=True):
    """One after the other; on one line they are `flat`, None where they can never be.

    Lines broken inside are indented by `step` more. All of a group's own lines are broken, or none.
    """

    parts: "tuple[Doc, ...]"
    flat: str | None
    step: int
    grouped: bool


Doc: TypeAlias = "str | Line | Trail | _Parts"

LINE = Line(" ")
SOFT = Line("")
HARD = Line(None)
BROKEN = Trail("")


def cat(*parts: Doc) -> Doc:
    """One after the other."""
    return _Parts(parts, _flat(parts), 0, False)


def nest(*parts: Doc) -> Doc:
    """Indented, where broken."""
    return _Parts(parts, _flat(parts), _STEP, False)


def group(*parts: Doc) -> Doc:
    """On one line if it fits."""
    return _Parts(parts, _flat(parts), 0, True)


def _flat(parts: tuple[Doc, ...]) -> str | None:
    words: list[str] = []
    for part in parts:
        text = part if isinstance(part, str) else part.flat
        if text is None:
            return None
        words.append(text)
    return "".join(words)


_Work: TypeAlias = "list[tuple[int, Doc]]"


def _fits(text: str, then: _Work, room: int) -> bool:
    """Whether a text and what comes behind it, up to the next line that can be broken, have room."""
    room -= len(text)
    left: list[Doc] = []
    behind = len(then)
    while room >= 0:
        if left:
            doc = left.pop()
        elif behind:
            behind -= 1  # copying all of `then` for each group would take the square of its length
            doc = then[behind][1]
        else:
            return True
        match doc:
            case str():
                room -= len(doc)
            case Line():
                return True
            case _Parts(parts):
                left.extend(reversed(parts))
    return False


def render(doc: Doc, indent: int = 0, width: int = WIDTH) -> list[str]:
    """The lines of a group that starts at column `indent`; each line has its indentation."""
    flat = doc if isinstance(doc, str) else doc.flat
    if flat is not None and indent + len(flat) <= width:
        return [f"{' ' * indent}{flat}".rstrip()]
    lines: list[str] = []
    current, trails = " " * indent, list[str]()
    work: _Work = [(indent, doc)]
    while work:
        column, part = work.pop()
        match part:
            case str():
                current += part
            case Trail(text):
                trails += [text] if text else []
            case Line():
                lines.append("  ".join([current.rstrip(), *trails]))
                current, trails = " " * column, []
            case _Parts(_, str(text), _, True) if _fits(text, work, width - len(current)):
                current += text
            case _Parts(parts, _, step):
                work.extend([(column + step, each) for each in reversed(parts)])
    lines.append("  ".join([current.rstrip(), *trails]))
    return lines
