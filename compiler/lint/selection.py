"""Which rules speak: what was selected and ignored, the more exact word winning."""

from collections.abc import Iterable

from msgspec import Struct

from cpc.compiler.diagnostics import suggest
from cpc.compiler.lint.pages import PAGES

__all__ = ["EVERYTHING", "Selection", "unknown_word", "words_of"]

EVERYTHING = "all"
"""The word for every rule."""


def _exactness(word: str, code: str) -> int:
    """How exactly a word means a code: 0 not at all, 1 with all the others, more with fewer."""
    if word == EVERYTHING:
        return 1
    if word == PAGES[code].name:
        return len(code) + 1
    return len(word) + 1 if code.startswith(word.upper()) else 0


class Selection(Struct, frozen=True):
    """Words are codes, beginnings of codes, names of rules, or `all`."""

    select: tuple[str, ...] = (EVERYTHING,)
    ignore: tuple[str, ...] = ()

    def takes(self, code: str) -> bool:
        """Whether a code speaks: some selected word means it more exactly than every ignored one."""
        chosen = max((_exactness(word, code) for word in self.select), default=0)
        return chosen > max((_exactness(word, code) for word in self.ignore), default=0)

    def names(self, code: str) -> bool:
        """Whether a code is selected by more than `all`."""
        return any(word != EVERYTHING and _exactness(word, code) for word in self.select)


def unknown_word(word: str) -> str | None:
    """None where a word means some rule or code; else help for who wrote it."""
    if word and any(_exactness(word, code) for code in PAGES):
        return None
    names = [page.name for page in PAGES.values() if page.name]
    guess = suggest(word, names) or suggest(word.upper(), list(PAGES))
    if guess is not None:
        return f"did you mean `{guess}`?"
    return "`cpc explain` lists the rules and codes"


def words_of(values: Iterable[str]) -> tuple[str, ...]:
    """The words of options that take several, separated by commas."""
    return tuple(word for value in values for word in map(str.strip, value.split(",")) if word)
