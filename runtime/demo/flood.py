"""Numbered UDP packets from one host to another, and which of them arrived."""

import socket
import struct
import threading
import time
from typing import Self

from msgspec import Struct, field

from cpc.runtime.demo.topology import Topology
from cpc.runtime.maps import Address

__all__ = ["Flood"]

_PACE = 0.0002
"""Seconds between packets: the receivers' queues must never be what loses one."""

_SO_RCVBUFFORCE = 33
"""asm-generic/socket.h; Python does not name it."""


class Flood(Struct, dict=True):
    """One flow under load: `sent` packets numbered from 0, `received` the numbers that arrived.

    A context manager: it sends from entering to `stop`, and the receiver drains after that.
    """

    topology: Topology
    source: str
    destination: str
    address: Address
    port: int
    fresh_ports: bool = False
    sent: int = 0
    received: list[int] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        family = socket.AF_INET if self.address.version == 4 else socket.AF_INET6
        with self.topology.namespaces[self.destination].entered():
            self._receiver = socket.socket(family, socket.SOCK_DGRAM)
        self._receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        self._receiver.bind((str(self.address), self.port))
        self._receiver.settimeout(0.3)
        self._family = family
        self._threads = [threading.Thread(target=t) for t in (self._receive, self._send)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop sending, and take in what is still under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads = []
        self._receiver.close()

    def _socket(self) -> socket.socket:
        with self.topology.namespaces[self.source].entered():
            return socket.socket(self._family, socket.SOCK_DGRAM)

    def _send(self) -> None:
        target = (str(self.address), self.port)
        sender = self._socket()
        try:
            while not self._stop.is_set():
                if self.fresh_ports and self.sent % 8 == 7:
                    sender.close()
                    sender = self._socket()
                sender.sendto(struct.pack("!Q", self.sent), target)
                self.sent += 1
                time.sleep(_PACE)
        finally:
            sender.close()

    def _receive(self) -> None:
        while True:
            try:
                data = self._receiver.recv(64)
            except TimeoutError:
                if self._stop.is_set():
                    return
                continue
            self.received.append(struct.unpack("!Q", data)[0])
