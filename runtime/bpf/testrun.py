"""BPF_PROG_TEST_RUN: a program on packet bytes, with no network."""

import ctypes
import errno
import struct

from msgspec import Struct

from cpc.runtime.bpf.kernel import Program
from cpc.runtime.bpf.library import TestRunOpts, check, library

__all__ = ["Ran", "Skb", "run"]

_CONTEXT = 192
"""Bytes of struct __sk_buff, up to hwtstamp."""

_MARK, _INGRESS, _INTERFACE, _SEGMENTS, _SEGMENT_SIZE = 8, 36, 40, 164, 176
"""Offsets in struct __sk_buff (linux/bpf.h)."""


class Skb(Struct, frozen=True):
    """What a program sees beside the bytes. Interface 0 is the loopback of this namespace."""

    mark: int = 0
    interface: int = 0
    ingress_interface: int = 0
    segment_size: int = 0


class Ran(Struct, frozen=True):
    """What a program returned (signed), the packet that it left, the mark, and ns per run."""

    result: int
    packet: bytes
    mark: int
    nanoseconds: int


def run(program: Program, packet: bytes, skb: Skb | None = None, repeat: int = 1) -> Ran:
    """Runs a program of the tc kind; the packet starts with its Ethernet header (14 bytes or more)."""
    given = skb or Skb()
    context = bytearray(_CONTEXT)
    struct.pack_into("I", context, _MARK, given.mark)
    struct.pack_into("I", context, _INGRESS, given.ingress_interface)
    struct.pack_into("I", context, _INTERFACE, given.interface)
    struct.pack_into("I", context, _SEGMENTS, 2 if given.segment_size else 0)
    struct.pack_into("I", context, _SEGMENT_SIZE, given.segment_size)
    context_in = ctypes.create_string_buffer(bytes(context), _CONTEXT)
    context_out = ctypes.create_string_buffer(_CONTEXT)
    data = ctypes.create_string_buffer(packet, len(packet))
    out = ctypes.create_string_buffer(len(packet) + 256)
    opts = TestRunOpts(
        sz=ctypes.sizeof(TestRunOpts),
        data_in=ctypes.addressof(data),
        data_size_in=len(packet),
        data_out=ctypes.addressof(out),
        data_size_out=len(out),
        ctx_in=ctypes.addressof(context_in),
        ctx_size_in=_CONTEXT,
        ctx_out=ctypes.addressof(context_out),
        ctx_size_out=_CONTEXT,
        repeat=repeat,
    )
    result = library().bpf_prog_test_run_opts(program.fd, ctypes.byref(opts))
    # A signal that arrives meanwhile, or a busy machine: nothing was run.
    for _ in range(3):
        if result not in (-errno.EINTR, -errno.EAGAIN):
            break
        result = library().bpf_prog_test_run_opts(program.fd, ctypes.byref(opts))
    check(result, "run a program on a packet")
    (mark,) = struct.unpack_from("I", context_out.raw, _MARK)
    return Ran(
        result=ctypes.c_int32(opts.retval).value,
        packet=out.raw[: opts.data_size_out],
        mark=mark,
        nanoseconds=opts.duration,
    )
