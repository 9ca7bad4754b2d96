"""C calls that pass exactly what the called function looks at."""

from collections.abc import Iterable

from msgspec import Struct

__all__ = ["Call", "parameters", "uses"]

_TYPES = {"bits": "const __u64 *", "facts": "__u32 ", "key": "__u32 ", "leaf": "__u32 "}
"""Everything that may be passed on, in the order in which it is."""


class Call(Struct, frozen=True):
    """A function and the names that it is given."""

    function: str
    uses: frozenset[str]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(n for n in _TYPES if n in self.uses)})"


def parameters(names: frozenset[str]) -> str:
    """The parameter list of a function that looks at these."""
    return ", ".join(f"{_TYPES[n]}{n}" for n in _TYPES if n in names) or "void"


def uses(calls: Iterable[Call]) -> frozenset[str]:
    """What somebody who makes all of these calls needs."""
    return frozenset[str]().union(*(call.uses for call in calls))
