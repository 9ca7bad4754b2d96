"""Consuming a BPF ring buffer."""

import ctypes
import errno
from collections.abc import Callable
from types import TracebackType
from typing import Self

from cpc.compiler.errors import InternalError
from cpc.runtime.bpf.kernel import Map
from cpc.runtime.bpf.library import check, failure, library

__all__ = ["Ring"]

_SAMPLE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class Ring:
    """One consumer of a ring buffer; each record goes to `take` as bytes. A context manager."""

    def __init__(self, source: Map, take: Callable[[bytes], None]) -> None:
        self._failed: BaseException | None = None

        def sample(_: int | None, data: int | None, size: int) -> int:
            # An exception cannot cross libbpf: it is raised again by `poll`.
            try:
                take(ctypes.string_at(data or 0, size))
            except BaseException as failed:
                self._failed = failed
                return -errno.ECANCELED
            return 0

        # libbpf keeps the address only: the callback must live as long as the ring.
        self._callback = _SAMPLE(sample)
        self._ring = library().ring_buffer__new(source.fd, self._callback, None, None)
        if not self._ring:
            raise failure("open the ring of events", ctypes.get_errno())

    def poll(self, seconds: float) -> int:
        """Takes what is there, or waits that long for something; how many records there were."""
        if not self._ring:
            raise InternalError("the ring is closed")
        result = int(library().ring_buffer__poll(self._ring, int(seconds * 1000)))
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        if result == -errno.EINTR:
            return 0
        return check(result, "read events")

    def close(self) -> None:
        if self._ring:
            library().ring_buffer__free(self._ring)
            self._ring = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
