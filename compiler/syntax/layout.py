"""Text that knows where it may be broken, and the lines that it becomes."""

from dataclasses import dataclass
from typing import TypeAlias, assert_never

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


@dataclass(frozen=True, slots=True)
class Line:
    """A place to break; unbroken it is `flat`. A hard one is always broken."""

    flat: str
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Trail:
    """A comment that ends the current line, whatever else still comes on it; breaks its groups.

    An empty one only breaks.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Nest:
    """Lines broken inside are indented by one step."""

    body: "Doc"


@dataclass(frozen=True, slots=True)
class Group:
    """All its own lines are broken, or none; `broken` forces it."""

    body: "Doc"
    broken: bool


Doc: TypeAlias = "str | Line | Trail | Nest | Group | tuple[Doc, ...]"

LINE = Line(" ")
SOFT = Line("")
HARD = Line("", hard=True)
BROKEN = Trail("")


def cat(*parts: Doc) -> Doc:
    """One after the other."""
    return parts


def nest(*parts: Doc) -> Doc:
    """Indented, where broken."""
    return Nest(parts)


def group(*parts: Doc) -> Doc:
    """On one line if it fits."""
    return Group(parts, _breaks(parts))


def _breaks(doc: Doc) -> bool:
    match doc:
        case str():
            return False
        case Line():
            return doc.hard
        case Trail():
            return True
        case Nest(body):
            return _breaks(body)
        case Group():
            return doc.broken
        case tuple():
            return any(_breaks(part) for part in doc)
        case _:
            assert_never(doc)


_Work: TypeAlias = "list[tuple[int, bool, Doc]]"


def _fits(first: tuple[int, bool, Doc], then: _Work, room: int) -> bool:
    """Whether `first` and what comes behind it, up to the next broken line, have room."""
    left, behind = [first], len(then)
    while room >= 0:
        if left:
            indent, flat, doc = left.pop()
        elif behind:
            behind -= 1  # copying all of `then` for each group would take the square of its length
            indent, flat, doc = then[behind]
        else:
            break
        match doc:
            case str():
                room -= len(doc)
            case Line():
                if not flat:
                    return True
                room -= len(doc.flat)
            case Trail():
                pass
            case Nest(body):
                left.append((indent, flat, body))
            case Group(body, broken):
                left.append((indent, flat and not broken, body))
            case tuple():
                left.extend((indent, flat, part) for part in reversed(doc))
            case _:
                assert_never(doc)
    return room >= 0


def render(doc: Doc, indent: int = 0, width: int = WIDTH) -> list[str]:
    """The lines of a document that starts at column `indent`; each line has its indentation."""
    lines: list[str] = []
    current, trails = " " * indent, list[str]()
    work: _Work = [(indent, False, doc)]
    while work:
        column, flat, part = work.pop()
        match part:
            case str():
                current += part
            case Trail(text):
                trails += [text] if text else []
            case Line() if flat and not part.hard:
                current += part.flat
            case Line():
                lines.append("  ".join([current.rstrip(), *trails]))
                current, trails = " " * column, []
            case Nest(body):
                work.append((column + _STEP, flat, body))
            case Group(body, broken):
                fits = flat or _fits((column, True, body), work, width - len(current))
                one = fits and not broken  # inside what is flat, the whole has been measured
                work.append((column, one, body))
            case tuple():
                work.extend((column, flat, p) for p in reversed(part))
            case _:
                assert_never(part)
    lines.append("  ".join([current.rstrip(), *trails]))
    return lines
