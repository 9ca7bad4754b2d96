"""The page of one diagnostic code."""

from msgspec import Struct

__all__ = ["Page"]


class Page(Struct, frozen=True):
    """What `cpc explain CODE` shows: a title, why it is said, and what to do.

    `bad` and `good` are policy snippets (or commands) before and after the mending; may be empty.
    `name` is that of the rule of `cpc check`, where the code is one's.
    """

    code: str
    title: str
    why: str
    bad: str = ""
    good: str = ""
    name: str = ""
