"""Cases as files: a text, and the diagnostics that it must have, on lines of their own at its end.

    #~ CPC103 4:11
    #~ CPC104 6:3 help~="did you mean `allow`"

Each line is a code, mostly a place (line:column), and any number of `message~=`, `label~=`, `help~=` or
`note~=` with a part of what must be said.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.lint.pages import PAGES

__all__ = ["Expected", "cases", "check", "expected"]

_LINE = re.compile(r"#~ (CPC\d{3})(?: (\d+):(\d+))?((?: \w+~=\"[^\"]*\")*)\s*")
_PART = re.compile(r" (message|label|help|note)~=\"([^\"]*)\"")


class Expected(Struct, frozen=True):
    """One diagnostic: its code, its place if that matters, and (where, part) of what it says."""

    code: str
    place: tuple[int, int] | None
    parts: tuple[tuple[str, str], ...]

    def matches(self, diagnostic: Diagnostic) -> bool:
        """Whether a diagnostic is this one."""
        span = diagnostic.span
        place = None if span is None else (span.line, span.column)
        said = {
            "message": diagnostic.message,
            "label": "\n".join([diagnostic.label, *(label.message for label in diagnostic.labels)]),
            "help": "\n".join(diagnostic.help),
            "note": "\n".join(diagnostic.notes),
        }
        return (
            diagnostic.code == self.code
            and self.place in (None, place)
            and all(part in said[where] for where, part in self.parts)
        )


def cases(folder: Path) -> list[Path]:
    """Every case in a folder, in order; an empty folder is a mistake."""
    found = sorted(folder.glob("*.cil"))
    assert found, f"no case in {folder}"
    return found


def expected(path: Path) -> list[Expected]:
    """What the case at `path` says about itself."""
    found: list[Expected] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#~"):
            continue
        match = _LINE.fullmatch(line)
        assert match, f"{path}: cannot read `{line}`"
        code, row, column, rest = match.groups()
        assert code in PAGES, f"{path}: `{code}` has no page"
        place = None if row is None else (int(row), int(column))
        found.append(Expected(code, place, tuple(_PART.findall(rest))))
    return found


def check(path: Path, diagnostics: Sequence[Diagnostic]) -> None:
    """Fails unless the diagnostics are the expected ones: none missing, none more."""
    left = list(diagnostics)
    missing: list[Expected] = []
    for one in expected(path):
        found = next((d for d in left if one.matches(d)), None)
        if found is None:
            missing.append(one)
        else:
            left.remove(found)
    said = "\n".join(_shown(d) for d in left)
    wanted = "\n".join(f"  {e.code} {e.place} {e.parts}" for e in missing)
    assert not left and not missing, f"{path.name}\nmissing:\n{wanted}\nnot expected:\n{said}"


def _shown(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place = "" if span is None else f" {span.line}:{span.column}"
    return f"  #~ {diagnostic.code}{place}  {diagnostic.message} | {diagnostic.help}"
