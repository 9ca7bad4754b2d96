"""Names of the language for what is called otherwise elsewhere."""

import re
from collections.abc import Container, MutableMapping

__all__ = ["free_name", "identifier"]

_UNNAMED = re.compile(r"[^A-Za-z0-9_]+")


def identifier(text: str) -> str:
    """A name of the language like `text`: other characters become `-`, a first digit gets a `_`."""
    name = "-".join(part for part in _UNNAMED.split(text) if part)
    return f"_{name}" if not name or name[0].isdigit() else name


def free_name(
    wanted: str, *taken: Container[str], tried: MutableMapping[str, int] | None = None
) -> str:
    """The name itself, or where it is taken the name with a number behind it, from 2 on.

    `tried` remembers which numbers are taken, for a caller whose names are never given back.
    """
    number = 1 if tried is None else tried.get(wanted, 1)
    name = wanted if number == 1 else f"{wanted}-{number}"
    while any(name in names for names in taken):
        number += 1
        name = f"{wanted}-{number}"
    if tried is not None:
        tried[wanted] = number
    return name
