"""Values some of whose fields do not count: they say where a thing was written, or follow from the others."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import ClassVar

from msgspec import Struct

__all__ = ["Compared", "compared_fields"]


class Compared(Struct, frozen=True, eq=False):
    """Equal to another of its class where all fields are but the `uncompared` ones."""

    uncompared: ClassVar[frozenset[str]]

    def __eq__(self, other: object) -> bool:
        kind = type(self)
        return type(other) is kind and _of(kind)(self) == _of(kind)(other)

    def __ne__(self, other: object) -> bool:  # that of Struct knows nothing of the one above
        return not self == other

    def __hash__(self) -> int:
        return hash(_of(type(self))(self))


@cache
def compared_fields(kind: type[Struct]) -> tuple[str, ...]:
    """The names of the fields by which values of a class are compared."""
    beside = kind.uncompared if issubclass(kind, Compared) else frozenset[str]()
    return tuple(name for name in kind.__struct_fields__ if name not in beside)


@cache
def _of(kind: type[Struct]) -> Callable[[object], object]:
    """What values of a class are compared by."""
    return attrgetter(*compared_fields(kind))
