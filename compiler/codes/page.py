"""The page of one diagnostic code."""

from dataclasses import dataclass

__all__ = ["Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """What `cpc explain CODE` shows: a title, why it is said, and what to do.

    `bad` and `good` are policy snippets (or commands) before and after the mending; may be empty.
    """

    code: str
    title: str
    why: str
    bad: str = ""
    good: str = ""
