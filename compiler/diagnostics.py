"""A diagnostic is data: stages add to a list and go on; `report` renders them once, at the edge."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import force_setattr

from cpc.compiler.source import Span

__all__ = [
    "Diagnostic",
    "Diagnostics",
    "Label",
    "Severity",
    "error",
    "has_errors",
    "note",
    "suggest",
    "warning",
]


class Severity(StrEnum):
    """How bad: an error stops the road to an object; warnings and notes do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Label(Struct, frozen=True):
    """A second place that explains the first, with a few words about it."""

    span: Span
    message: str


class Diagnostic(Struct, frozen=True):
    """One thing to tell the user.

    `message` is one line, lower case, no full stop, user text in backticks. `label` are the words
    under the primary span. `labels` are further places. `help` says what to do; `notes` add facts
    such as a witness flow. `code` is a key of `codes.CODES`.
    """

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "\n" in self.message:  # of user text: a name in quotes may hold any character
            force_setattr(self, "message", self.message.replace("\n", "\\n"))


Diagnostics = list[Diagnostic]
"""What a stage adds to; order is the order of discovery, `report` sorts by place."""


def error(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    label: str = "",
    labels: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    help: str | tuple[str, ...] = (),
) -> Diagnostic:
    """An error diagnostic; `help` may be one line."""
    helps = (help,) if isinstance(help, str) else help
    return Diagnostic(code, Severity.ERROR, message, span, label, labels, notes, helps)


def warning(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    label: str = "",
    labels: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    help: str | tuple[str, ...] = (),
) -> Diagnostic:
    """A warning diagnostic; `help` may be one line."""
    helps = (help,) if isinstance(help, str) else help
    return Diagnostic(code, Severity.WARNING, message, span, label, labels, notes, helps)


def note(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    label: str = "",
    labels: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    help: str | tuple[str, ...] = (),
) -> Diagnostic:
    """A note diagnostic; `help` may be one line."""
    helps = (help,) if isinstance(help, str) else help
    return Diagnostic(code, Severity.NOTE, message, span, label, labels, notes, helps)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


def suggest(
    word: str, known: "list[str] | tuple[str, ...] | set[str]", cutoff: float = 0.6
) -> str | None:
    """The known word that `word` most likely meant to be, or None when nothing is near.

    `cutoff` is how alike they must be: 0 not at all, 1 the same (`SequenceMatcher.ratio`).
    """
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(known), n=1, cutoff=cutoff)
    return near[0] if near else None
