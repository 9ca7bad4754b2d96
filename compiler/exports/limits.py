"""Lists that an API bounds."""

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["pieces"]

T = TypeVar("T")


def pieces(items: Sequence[T], most: int) -> list[list[T]]:
    """The items in lists of at most `most`, in order; none for none."""
    return [list(items[i : i + most]) for i in range(0, len(items), most)]
