"""Maps, programs and links that are in the kernel, each owned through a file descriptor."""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from msgspec import Struct

from cpc.runtime.bpf.library import LinkUpdateOpts, check, failure, library

__all__ = [
    "TCX_EGRESS",
    "TCX_INGRESS",
    "Handle",
    "Link",
    "LinkInfo",
    "Map",
    "Program",
    "ProgramInfo",
]

TCX_INGRESS = 46
"""enum bpf_attach_type: what the interface receives."""

TCX_EGRESS = 47
"""enum bpf_attach_type: what the interface sends."""

_BATCH = 4096
"""Entries in one system call."""


class Handle(Struct):
    """A file descriptor of a BPF object, closed by `close` or at the end of a `with` block."""

    fd: int

    @classmethod
    def pinned(cls, path: Path) -> Self:
        """What is pinned at `path`."""
        return cls(check(library().bpf_obj_get(os.fsencode(path)), f"open `{path}`"))

    def pin(self, path: Path) -> None:
        """Makes the object outlive this process, under a name."""
        check(library().bpf_obj_pin(self.fd, os.fsencode(path)), f"pin `{path}`")

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _info(self, size: int) -> bytes:
        buffer = ctypes.create_string_buffer(size)
        length = ctypes.c_uint32(size)
        result = library().bpf_obj_get_info_by_fd(self.fd, buffer, ctypes.byref(length))
        check(result, "ask the kernel about a BPF object")
        return buffer.raw


class Map(Handle):
    """A map; keys and values are bytes of its sizes. The values of a per-CPU map follow each other."""

    key_size: int = 0
    value_size: int = 0
    max_entries: int = 0

    def __post_init__(self) -> None:
        # struct bpf_map_info: type, id, key_size, value_size, max_entries, map_flags.
        kind, _, self.key_size, value, self.max_entries, _ = struct.unpack("6I", self._info(24))
        # Per-CPU kinds: PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH.
        if kind in (5, 6, 10):
            value = (value + 7) // 8 * 8 * int(library().libbpf_num_possible_cpus())
        self.value_size = value

    def update(self, key: bytes, value: bytes, flags: int = 0) -> None:
        """Sets one entry; flags: 0 any, 1 only a new one, 2 only an existing one."""
        self._fits(key, value)
        check(library().bpf_map_update_elem(self.fd, key, value, flags), "write to a BPF map")

    def _fits(self, key: bytes, value: bytes) -> None:
        if len(key) != self.key_size or len(value) != self.value_size:
            raise ValueError(f"{len(key)} and {len(value)} bytes for {self}")

    def fill(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Sets many entries, by batches where the kind of map has them."""
        pending = list(entries)
        for key, value in pending:
            self._fits(key, value)
        for start in range(0, len(pending), _BATCH):
            part = pending[start : start + _BATCH]
            keys = b"".join(key for key, _ in part)
            values = b"".join(value for _, value in part)
            count = ctypes.c_uint32(len(part))
            result = library().bpf_map_update_batch(
                self.fd, keys, values, ctypes.byref(count), None
            )
            # ENOTSUPP (524) or EINVAL: this kind of map, or this kernel, has no batches.
            if -result in (524, errno.EOPNOTSUPP, errno.EINVAL):
                for key, value in part:
                    self.update(key, value)
            else:
                check(result, "write to a BPF map")

    def lookup(self, key: bytes) -> bytes | None:
        """The value at `key`, or None."""
        value = ctypes.create_string_buffer(self.value_size)
        result = library().bpf_map_lookup_elem(self.fd, key, value)
        if result == -errno.ENOENT:
            return None
        check(result, "read a BPF map")
        return value.raw

    def delete(self, key: bytes) -> bool:
        """Removes one entry; whether it was there."""
        result = library().bpf_map_delete_elem(self.fd, key)
        if result == -errno.ENOENT:
            return False
        check(result, "delete from a BPF map")
        return True

    def keys(self) -> Iterator[bytes]:
        """Every key; those that appear or go meanwhile may be missed. At most `max_entries` twice."""
        following = ctypes.create_string_buffer(self.key_size)
        current: bytes | None = None
        for _ in range(2 * self.max_entries + 1):
            result = library().bpf_map_get_next_key(self.fd, current, following)
            if result == -errno.ENOENT:
                return
            check(result, "list a BPF map")
            current = following.raw
            yield current

    def count(self) -> int:
        """How many entries there are."""
        return len(list(self.keys()))

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every entry that is still there when its value is read."""
        for key in list(self.keys()):
            value = self.lookup(key)
            if value is not None:
                yield key, value


class ProgramInfo(Struct, frozen=True):
    """What the kernel says of a program: its number, the tag over its instructions, its name."""

    id: int
    tag: str
    name: str


class Program(Handle):
    """A loaded program."""

    @classmethod
    def by_id(cls, number: int) -> Self:
        """The program with this number."""
        return cls(check(library().bpf_prog_get_fd_by_id(number), f"open program {number}"))

    def info(self) -> ProgramInfo:
        # struct bpf_prog_info: type, id, tag[8], ...; name[16] at 64.
        raw = self._info(80)
        (number,) = struct.unpack_from("I", raw, 4)
        return ProgramInfo(number, raw[8:16].hex(), raw[64:80].split(b"\0")[0].decode())


class LinkInfo(Struct, frozen=True):
    """What the kernel says of a tcx link; interface 0: the interface is gone, the link detached."""

    id: int
    program: int
    interface: int
    attach: int


class Link(Handle):
    """A program on a hook. It stays as long as the link is pinned or held."""

    @classmethod
    def create(cls, program: Program, interface: int, attach: int) -> Self:
        """Attaches after what is there; `attach` is TCX_INGRESS or TCX_EGRESS."""
        result = library().bpf_link_create(program.fd, interface, attach, None)
        return cls(check(result, f"attach to interface {interface}"))

    def update(self, program: Program) -> None:
        """Replaces the program in one step: every packet meets the old or the new one."""
        opts = LinkUpdateOpts(sz=ctypes.sizeof(LinkUpdateOpts))
        check(
            library().bpf_link_update(self.fd, program.fd, ctypes.byref(opts)), "replace a program"
        )

    def detach(self) -> None:
        """Takes the program off the hook, whoever else holds the link; once is enough."""
        result = library().bpf_link_detach(self.fd)
        if result < 0 and -result not in (errno.ENOENT, errno.ENOLINK):
            raise failure("detach a program", -result)

    def info(self) -> LinkInfo:
        # struct bpf_link_info: type, id, prog_id, pad, tcx {ifindex, attach_type}.
        _, number, program, _, interface, attach = struct.unpack("6I", self._info(24))
        return LinkInfo(number, program, interface, attach)
