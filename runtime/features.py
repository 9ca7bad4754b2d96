"""What this kernel can do, asked by doing it: no version is compared to decide anything."""

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

from msgspec import Struct

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.runtime.bpf import TCX_INGRESS, Handle, Program
from cpc.runtime.bpf.library import failure, library

__all__ = ["BPFFS", "FEATURES", "Feature", "mount_bpffs", "require"]

BPFFS = Path("/sys/fs/bpf")
"""Where BPF objects get names."""

_BPFFS_MAGIC = 0xCAFE4A11
_SCHED_CLS = 3
_COARSE_CLOCK = 160
_LOOPBACK = 1


class Feature(Struct, frozen=True):
    """One thing that the datapath needs. `since` is the first kernel that has it, for people."""

    name: str
    since: str
    probe: Callable[[], bool]


def _refused(number: int) -> bool:
    """Whether an errno means that rights are missing, not the feature."""
    return number in (errno.EPERM, errno.EACCES)


def _creates(kind: int, key: int, value: int, entries: int, flags: int = 0) -> bool:
    """Whether the kernel makes such a map."""

    class Opts(ctypes.Structure):
        _fields_ = [
            ("sz", ctypes.c_size_t),
            ("btf", ctypes.c_uint32 * 5),
            ("flags", ctypes.c_uint32),
        ]

    opts = Opts(sz=ctypes.sizeof(Opts), flags=flags)
    fd = library().bpf_map_create(kind, b"cpc_probe", key, value, entries, ctypes.byref(opts))
    if fd < 0:
        if _refused(-fd):
            raise failure("make a BPF map", -fd)
        return False
    os.close(fd)
    return True


def _load(instructions: bytes) -> int:
    """The file descriptor of a tc program, or -errno."""
    return int(
        library().bpf_prog_load(
            _SCHED_CLS, b"cpc_probe", b"Dual BSD/GPL", instructions, len(instructions) // 8, None
        )
    )


def _instruction(code: int, registers: int = 0, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("=BBhi", code, registers, offset, value)


_EXIT = _instruction(0xB7) + _instruction(0x95)
"""r0 = 0; exit"""


def _calls(helper: int) -> bool:
    """Whether tc programs may call a helper without arguments."""
    fd = _load(_instruction(0x85, value=helper) + _EXIT)
    if fd < 0:
        if _refused(-fd):
            # An unknown helper is EINVAL; missing rights refuse the program that calls none, too.
            plain = _load(_EXIT)
            if plain < 0:
                raise failure("load a BPF program", -plain)
            os.close(plain)
        return False
    os.close(fd)
    return True


def _tcx() -> bool:
    fd = _load(_EXIT)
    if fd < 0:
        raise failure("load a BPF program", -fd)
    with Program(fd):
        link = library().bpf_link_create(fd, _LOOPBACK, TCX_INGRESS, None)
        if link < 0:
            if _refused(-link):
                raise failure("attach a BPF program", -link)
            return False
        with Handle(link):
            return True


FEATURES: tuple[Feature, ...] = (
    Feature("tcx links", "6.6", _tcx),
    Feature("ring buffers", "5.8", lambda: _creates(27, 0, 0, 4096)),
    Feature("prefix tables", "4.11", lambda: _creates(11, 8, 4, 1, 1)),
    Feature("least-recently-used tables", "4.10", lambda: _creates(9, 4, 4, 16)),
    Feature("the coarse clock", "5.11", lambda: _calls(_COARSE_CLOCK)),
)
"""In the order in which a user should hear of them."""


@cache
def _has(feature: Feature) -> bool:
    return feature.probe()


def require() -> None:
    """InputError (CPC602) naming every feature that is missing; (CPC601) where rights are."""
    missing = [feature for feature in FEATURES if not _has(feature)]
    if missing:
        names = ", ".join(f"{f.name} (Linux {f.since})" for f in missing)
        raise InputError(
            error(
                "CPC602",
                f"this kernel, {os.uname().release}, has no {names}",
                help="run a newer kernel; `uname -r` shows the one that runs",
            )
        )


def _is_bpffs(path: Path) -> bool:
    # struct statfs starts with f_type, a long.
    buffer = ctypes.create_string_buffer(256)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.statfs(os.fsencode(path), buffer) != 0:
        return False
    (kind,) = struct.unpack_from("l", buffer.raw)
    return bool(kind & 0xFFFFFFFF == _BPFFS_MAGIC)


def _namespace_of_ip_netns_exec() -> str | None:
    """The network namespace that `ip netns exec` runs this process in, if it does.

    It gives a command mounts of its own, with a sysfs that has the namespace's name as its source.
    """
    name = None
    for line in Path("/proc/self/mounts").read_text().splitlines():
        source, where, kind, *_ = line.split()
        if where == "/sys" and kind == "sysfs":
            name = source
    return name if name is not None and Path("/run/netns", name).exists() else None


def mount_bpffs(path: Path = BPFFS) -> bool:
    """Makes sure that a BPF file system is at `path`; whether it had to be mounted.

    InputError: CPC611 where it cannot be, CPC619 under `ip netns exec`, with whose mounts the file
    system and every name in it would go.
    """
    if _is_bpffs(path):
        return False
    name = _namespace_of_ip_netns_exec()
    if name is not None:
        raise InputError(
            error(
                "CPC619",
                f"under `ip netns exec` no BPF file system at `{path}` outlives the command",
                help=f"`nsenter --net=/run/netns/{name} cpc ...` enters the network namespace alone",
            )
        )
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"bpf", os.fsencode(path), b"bpf", 0, b"mode=0700") != 0:
        reason = os.strerror(ctypes.get_errno()).lower()
        raise InputError(
            error(
                "CPC611",
                f"no BPF file system at `{path}`, and none can be mounted: {reason}",
                help=f"as root: `mount -t bpf bpf {path}`; in a container, give it `{path}`",
            )
        )
    return True
