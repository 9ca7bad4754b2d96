"""libbpf through `bcc.lib`: the prototypes, and errors with what to do about them."""

import ctypes
import errno
import os
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError

__all__ = [
    "LinkUpdateOpts",
    "ObjectOpenOpts",
    "TestRunOpts",
    "check",
    "failure",
    "library",
]

_DEBIAN = "/usr/lib/python3/dist-packages"
"""Where Debian's python3-bpfcc lives; virtual environments do not look there."""


class ObjectOpenOpts(ctypes.Structure):
    """libbpf.h: struct bpf_object_open_opts."""

    _fields_ = [
        ("sz", c_size_t),
        ("object_name", c_char_p),
        ("relaxed_maps", ctypes.c_bool),
        ("pin_root_path", c_char_p),
        ("reserved", c_uint32),
        ("kconfig", c_char_p),
        ("btf_custom_path", c_char_p),
        ("kernel_log_buf", c_void_p),
        ("kernel_log_size", c_size_t),
        ("kernel_log_level", c_uint32),
    ]


class LinkUpdateOpts(ctypes.Structure):
    """bpf.h: struct bpf_link_update_opts."""

    _fields_ = [("sz", c_size_t), ("flags", c_uint32), ("old_prog_fd", c_uint32)]


class TestRunOpts(ctypes.Structure):
    """bpf.h: struct bpf_test_run_opts."""

    _fields_ = [
        ("sz", c_size_t),
        ("data_in", c_void_p),
        ("data_out", c_void_p),
        ("data_size_in", c_uint32),
        ("data_size_out", c_uint32),
        ("ctx_in", c_void_p),
        ("ctx_out", c_void_p),
        ("ctx_size_in", c_uint32),
        ("ctx_size_out", c_uint32),
        ("retval", c_uint32),
        ("repeat", c_int),
        ("duration", c_uint32),
        ("flags", c_uint32),
        ("cpu", c_uint32),
        ("batch_size", c_uint32),
    ]


_PROTOTYPES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "bpf_object__open_mem": (c_void_p, (c_void_p, c_size_t, c_void_p)),
    "bpf_object__load": (c_int, (c_void_p,)),
    "bpf_object__close": (None, (c_void_p,)),
    "bpf_object__find_map_by_name": (c_void_p, (c_void_p, c_char_p)),
    "bpf_object__find_program_by_name": (c_void_p, (c_void_p, c_char_p)),
    "bpf_object__next_program": (c_void_p, (c_void_p, c_void_p)),
    "bpf_map__fd": (c_int, (c_void_p,)),
    "bpf_map__key_size": (c_uint32, (c_void_p,)),
    "bpf_map__value_size": (c_uint32, (c_void_p,)),
    "bpf_map__set_max_entries": (c_int, (c_void_p, c_uint32)),
    "bpf_map__set_autocreate": (c_int, (c_void_p, ctypes.c_bool)),
    "bpf_map__set_initial_value": (c_int, (c_void_p, c_void_p, c_size_t)),
    "bpf_map__reuse_fd": (c_int, (c_void_p, c_int)),
    "bpf_program__name": (c_char_p, (c_void_p,)),
    "bpf_program__fd": (c_int, (c_void_p,)),
    "bpf_program__set_autoload": (c_int, (c_void_p, ctypes.c_bool)),
    "bpf_program__set_log_buf": (c_int, (c_void_p, c_void_p, c_size_t)),
    "bpf_program__set_log_level": (c_int, (c_void_p, c_uint32)),
    "bpf_map_update_elem": (c_int, (c_int, c_void_p, c_void_p, c_uint64)),
    "bpf_map_lookup_elem": (c_int, (c_int, c_void_p, c_void_p)),
    "bpf_map_delete_elem": (c_int, (c_int, c_void_p)),
    "bpf_map_get_next_key": (c_int, (c_int, c_void_p, c_void_p)),
    "bpf_map_update_batch": (
        c_int,
        (c_int, c_void_p, c_void_p, POINTER(c_uint32), c_void_p),
    ),
    "bpf_obj_pin": (c_int, (c_int, c_char_p)),
    "bpf_obj_get": (c_int, (c_char_p,)),
    "bpf_obj_get_info_by_fd": (c_int, (c_int, c_void_p, POINTER(c_uint32))),
    "bpf_prog_get_fd_by_id": (c_int, (c_uint32,)),
    "bpf_prog_test_run_opts": (c_int, (c_int, POINTER(TestRunOpts))),
    "bpf_link_create": (c_int, (c_int, c_int, c_int, c_void_p)),
    "bpf_link_update": (c_int, (c_int, c_int, POINTER(LinkUpdateOpts))),
    "bpf_link_detach": (c_int, (c_int,)),
    "bpf_map_create": (c_int, (c_int, c_char_p, c_uint32, c_uint32, c_uint32, c_void_p)),
    "bpf_prog_load": (c_int, (c_int, c_char_p, c_char_p, c_void_p, c_size_t, c_void_p)),
    "libbpf_num_possible_cpus": (c_int, ()),
    "libbpf_set_print": (c_void_p, (c_void_p,)),
    "ring_buffer__new": (c_void_p, (c_int, c_void_p, c_void_p, c_void_p)),
    "ring_buffer__poll": (c_int, (c_void_p, c_int)),
    "ring_buffer__free": (None, (c_void_p,)),
}


def _import_bcc() -> Any:
    """`bcc.lib`, from this environment or from Debian's package, without widening `sys.path`."""
    import sys

    try:
        import bcc
    except ModuleNotFoundError:
        spec = PathFinder.find_spec("bcc", [_DEBIAN])
        if spec is None or spec.loader is None:
            raise
        module = module_from_spec(spec)
        sys.modules["bcc"] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules["bcc"]
            raise
        bcc = module
    return bcc.lib


@cache
def library() -> Any:
    """libbpf's functions, typed and silent; InputError (CPC600) where bcc is missing."""
    try:
        lib = _import_bcc()
    except (ImportError, OSError) as missing:
        raise InputError(
            error(
                "CPC600",
                f"the bcc library is missing: {missing}",
                help="`apt-get install python3-bpfcc`",
            )
        ) from missing
    # A second handle on the same library: bcc sets prototypes of its own on the first.
    lib = ctypes.CDLL(lib._name, handle=lib._handle, use_errno=True)
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    lib.libbpf_set_print(None)
    return lib


_HELP = {
    errno.EPERM: "run as root, or with CAP_BPF and CAP_NET_ADMIN",
    errno.EACCES: "run as root, or with CAP_BPF and CAP_NET_ADMIN",
    errno.ENOMEM: "raise the memory limit of this service or container",
    errno.ENOSPC: "the table is full: raise its size",
    errno.E2BIG: "the table is full or the program too large",
    errno.ENODEV: "check that the interface still exists in this network namespace",
    errno.EBUSY: "something else holds it: see what is attached with `bpftool net`",
}


def failure(what: str, number: int) -> InputError:
    """The kernel refused `what` with errno `number`: CPC601 for missing rights, else CPC609."""
    denied = number in (errno.EPERM, errno.EACCES)
    return InputError(
        error(
            "CPC601" if denied else "CPC609",
            f"cannot {what}: {os.strerror(number).lower()} ({errno.errorcode.get(number, number)})",
            help=_HELP.get(number, "`cpc explain CPC609` says what to look at"),
        )
    )


def check(result: int, what: str) -> int:
    """`result` where it is not negative; libbpf returns -errno otherwise."""
    if result < 0:
        raise failure(what, -result)
    return result
