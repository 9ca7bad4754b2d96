"""What a run leaves for the next process about the same files: a memory as bytes, and where they are kept.

The bytes hold values of our own classes and nothing that acts when it is read. They belong to one build of
cpc: its files and Python's version are part of their name.
"""

import hashlib
import io
import ipaddress
import os
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.cache import Cache
from cpc.compiler.memory import Memory
from cpc.compiler.policy.resolve_scripts import Known
from cpc.compiler.syntax.stretches import Stretch, Stretches
from cpc.compiler.verify.engine.memory import Memory as Analyses

__all__ = ["Remembered", "stamps"]

_MODULES = (
    "diagnostics",
    "policy.facts",
    "policy.flow",
    "policy.inventory",
    "policy.model",
    "policy.resolve_scripts",
    "source",
    "syntax.moved",
    "syntax.stretches",
    "syntax.tree",
    "verify.engine.memory",
    "verify.engine.parts",
    "verify.findings",
)
"""Where the classes are from whose values a memory consists."""

_FEW = 200
"""Stretches that are read as fast as their memory."""

_NEWS = 0.1
"""The share of news in a memory from which on it is kept again: less is found out again each time."""

_ADDRESSES = ("IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network")


class Remembered:
    """What is kept of the last run about some files, read in some way."""

    def __init__(self, kept: Cache, paths: Sequence[str], *said: Sequence[str]) -> None:
        """`said` is what else was asked for."""
        inputs = [_build(), *map(os.path.realpath, paths), repr((paths, said))]
        self._kept = kept
        self._key = hashlib.sha256("\0".join(inputs).encode()).hexdigest()

    def load(self) -> Memory:
        """The memory; an empty one where nothing is kept that can be read."""
        data = self._kept.get(self._key)
        if data is None:
            return Memory()
        try:
            match _Reader(io.BytesIO(data)).load():
                case (Stretches() as stretches, Known() as said, tuple(analyses)):
                    return Memory(stretches, said, Analyses(analyses))
                case _:
                    return Memory()
        except (pickle.UnpicklingError, EOFError, TypeError, ValueError, AttributeError, KeyError):
            return Memory()

    def save(self, memory: Memory) -> None:
        """Keeps a memory for the next process, if so much is new in it that it is worth the time."""
        if memory.size < _FEW or memory.news < memory.size * _NEWS:
            return
        kept = (
            replace(memory.stretches, read=0),
            replace(memory.said, shared={}, found=0),
            memory.analyses.kept(),
        )
        written = io.BytesIO()
        _Writer(written, protocol=5).dump(kept)
        self._kept.put(self._key, written.getvalue())
        memory.settle()


class _Writer(pickle.Pickler):
    """Writes a value of a class as the class and the values of its fields."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Stretch) and value.plain:
            return replace(value, known=None).__reduce__()  # large, and read again where it must be
        if isinstance(value, Enum):
            return type(value), (value.value,)
        return NotImplemented


class _Reader(pickle.Unpickler):
    """Reads values of those classes, and no others."""

    def find_class(self, module_name: str, global_name: str) -> type:
        found = _classes().get((module_name, global_name))
        if found is None:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} in a memory")
        return found


@cache
def _classes() -> Mapping[tuple[str, str], type]:
    found: dict[tuple[str, str], type] = {
        ("ipaddress", name): getattr(ipaddress, name) for name in _ADDRESSES
    }
    for name in _MODULES:
        module = import_module(f"cpc.compiler.{name}")
        for one in vars(module).values():
            if isinstance(one, type) and one.__module__ == module.__name__ and _is_value(one):
                found[one.__module__, one.__qualname__] = one
    return found


def _is_value(kind: type) -> bool:
    return issubclass(kind, Struct | Enum) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


def _build() -> str:
    """This build of cpc: a text that is another one for every other. A new version has new files."""
    folders = (Path(__file__).parent, Path(str(files("cpc.grammar"))))
    return "\0".join([sys.version, *sorted(stamp for one in folders for stamp in stamps(one))])


def stamps(folder: Path) -> Iterator[str]:
    """When each file below a folder was written, and its size; not of what Python compiled."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir():
                yield from stamps(Path(entry.path))
            else:
                status = entry.stat()
                yield f"{entry.path} {status.st_mtime_ns} {status.st_size}"
