"""Consuming a BPF ring buffer."""

import ctypes
import errno
from typing import Self

from cpc.compiler.errors import InternalError
from cpc.runtime.bpf.kernel import Map
from cpc.runtime.bpf.library import check, failure, library

__all__ = ["Ring"]

_SAMPLE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class Ring:
    """The consumer of a ring buffer: there can be one at a time. A context manager."""

    def __init__(self, source: Map) -> None:
        self._taken: list[bytes] = []

        def sample(_: int | None, data: int | None, size: int) -> int:
            self._taken.append(ctypes.string_at(data or 0, size))
            return 0

        # libbpf keeps the address only: the callback must live as long as the ring.
        self._callback = _SAMPLE(sample)
        self._ring = library().ring_buffer__new(source.fd, self._callback, None, None)
        if not self._ring:
            raise failure("open the ring of events", ctypes.get_errno())

    def poll(self, seconds: float) -> list[bytes]:
        """The records that are there, or those that come first within that time."""
        if not self._ring:
            raise InternalError("the ring is closed")
        result = library().ring_buffer__poll(self._ring, int(seconds * 1000))
        if result != -errno.EINTR:
            check(result, "read events")
        taken, self._taken = self._taken, []
        return taken

    def close(self) -> None:
        if self._ring:
            library().ring_buffer__free(self._ring)
            self._ring = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
