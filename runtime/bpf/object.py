"""An ELF object on its way into the kernel: opened, specialised, loaded."""

import ctypes
import errno
import mmap
import os
from collections.abc import Iterable, Mapping
from typing import Any, Self

from msgspec import Struct

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError, InternalError
from cpc.runtime.bpf.kernel import Map, Program
from cpc.runtime.bpf.library import ObjectOpenOpts, check, failure, library

__all__ = ["BpfObject", "VerifierRejected"]

_LOG_SIZE = 1 << 24


class VerifierRejected(Exception):
    """The kernel verifier said no to `program`; `log` is all that it said."""

    def __init__(self, program: str, number: int, log: str) -> None:
        super().__init__(f"{program}: {os.strerror(number)}")
        self.program = program
        self.number = number
        self.log = log


class BpfObject(Struct):
    """One opened object. `close` frees it; programs and maps taken from it stay, being duplicates."""

    _object: int
    _data: bytes

    @classmethod
    def open(cls, data: bytes, name: str) -> Self:
        """Reads the object; InputError (CPC604) where libbpf cannot make sense of it."""
        opts = ObjectOpenOpts(sz=ctypes.sizeof(ObjectOpenOpts), object_name=name.encode())
        opened = library().bpf_object__open_mem(data, len(data), ctypes.byref(opts))
        if not opened:
            reason = os.strerror(ctypes.get_errno()).lower()
            raise InputError(
                error(
                    "CPC604",
                    f"the artifact's object cannot be opened: {reason}",
                    help="compile the policy again",
                )
            )
        return cls(opened, data)

    def close(self) -> None:
        if self._object:
            library().bpf_object__close(self._object)
            self._object = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _map(self, name: str) -> Any:
        found = library().bpf_object__find_map_by_name(self._object, name.encode())
        if not found:
            raise InputError(
                error(
                    "CPC614",
                    f"the artifact's object has no map `{name}`",
                    help="it was made by another version of cpc: compile the policy again",
                )
            )
        return found

    def _programs(self) -> list[tuple[str, Any]]:
        lib = library()
        found: list[tuple[str, Any]] = []
        current = lib.bpf_object__next_program(self._object, None)
        while current:
            found.append((lib.bpf_program__name(current).decode(), current))
            current = lib.bpf_object__next_program(self._object, current)
        return found

    def sizes(self, name: str) -> tuple[int, int]:
        """Key and value size of a map."""
        found = self._map(name)
        return library().bpf_map__key_size(found), library().bpf_map__value_size(found)

    def resize(self, name: str, entries: int) -> None:
        """Sets a map's `max_entries`."""
        check(library().bpf_map__set_max_entries(self._map(name), entries), f"size map `{name}`")

    def constant(self, name: str, value: bytes) -> None:
        """Sets what a read-only data section holds; the size must be the section's."""
        result = library().bpf_map__set_initial_value(self._map(name), value, len(value))
        check(result, f"set `{name}`")

    def share(self, maps: Mapping[str, Map]) -> None:
        """Uses maps that exist instead of making new ones."""
        for name, existing in maps.items():
            check(library().bpf_map__reuse_fd(self._map(name), existing.fd), f"share map `{name}`")

    def only(self, programs: Iterable[str], without_maps: Iterable[str]) -> None:
        """Leaves every other program out of the load, and does not make those maps."""
        wanted = set(programs)
        for name, program in self._programs():
            library().bpf_program__set_autoload(program, name in wanted)
        for name in without_maps:
            library().bpf_map__set_autocreate(self._map(name), False)

    def load(self) -> None:
        """Loads what was not left out; VerifierRejected where the kernel refuses a program."""
        lib = library()
        # Pages of an anonymous mapping cost nothing until the kernel writes to them.
        logs = {name: mmap.mmap(-1, _LOG_SIZE) for name, _ in self._programs()}
        views = {name: (ctypes.c_char * _LOG_SIZE).from_buffer(log) for name, log in logs.items()}
        for name, program in self._programs():
            lib.bpf_program__set_log_buf(program, views[name], _LOG_SIZE)
            # Level 0: libbpf asks for a log only when it tries a refused program again.
            lib.bpf_program__set_log_level(program, 0)
        result = lib.bpf_object__load(self._object)
        said = {name: view.value.decode(errors="replace") for name, view in views.items()}
        if result < 0:
            for name, log in said.items():
                if log and result != -errno.EPERM:
                    raise VerifierRejected(name, -result, log)
            raise failure("load the programs", -result)

    def program(self, name: str) -> Program:
        """A loaded program, owned by the caller."""
        found = library().bpf_object__find_program_by_name(self._object, name.encode())
        if not found:
            raise InternalError(f"no program {name}")
        return Program(os.dup(library().bpf_program__fd(found)))

    def map(self, name: str) -> Map:
        """A loaded map, owned by the caller."""
        return Map(os.dup(library().bpf_map__fd(self._map(name))))
