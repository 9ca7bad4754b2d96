"""A tree as lines, one node each, with its place: what golden trees hold."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from cpc.compiler.source import Span

__all__ = ["dump"]


def _short(value: Any) -> bool:
    return value is None or isinstance(value, str | int)


def _lines(value: Any, label: str, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _lines(item, f"{label}[{number}]", depth)
    elif isinstance(value, Struct):
        named = [(name, getattr(value, name)) for name in value.__struct_fields__]
        span = next((v for _, v in named if isinstance(v, Span)), None)
        place = "" if span is None else f" @{span.line}:{span.column}+{span.end - span.start}"
        plain = [f"{n}={v!r}" for n, v in named if _short(v) and v is not None]
        yield f"{indent}{label}: {type(value).__name__}({', '.join(plain)}){place}"
        for name, inner in named:
            if not _short(inner) and not isinstance(inner, Span) and name != "blank_lines":
                yield from _lines(inner, name, depth + 1)
    else:
        yield f"{indent}{label}: {value!r}"


def dump(value: Any) -> str:
    """The whole tree; places are line:column+length."""
    return "".join(f"{line}\n" for line in _lines(value, "file", 0))
