"""A policy replaced under a flood: every packet is decided by one policy, on all hooks that it crosses."""

import os
import socket
import struct
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cpc.compiler.artifact import Action, Program, RuleEntry
from cpc.compiler.ir.nodes import ANY, Clause, Decision, Leaf, Step, StepVerdict
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Reason
from cpc.runtime.demo.namespaces import Namespace
from cpc.runtime.demo.topology import Topology
from cpc.runtime.load import load, unload
from cpc.runtime.replace import replace_policy
from tests.runtime.world import INVENTORY, PROGRAM, artifact_of

pytestmark = pytest.mark.kernel

TURNS = 6 * (20 if os.environ.get("CPC_NIGHTLY") else 1)
ALWAYS, NEVER = 10, 9
"""Ports: what both policies allow; what each denies, but on different hooks."""

SO_RCVBUFFORCE = 33
"""asm-generic/socket.h; Python does not name it."""

PAUSE = 0.0002
"""Seconds between packets: the receiver must keep up, for no loss is forgiven."""


def _leaf(site: int, allowed: bool) -> Leaf:
    verdict = StepVerdict.ALLOW if allowed else StepVerdict.DENY
    clause = Clause(ANY, ANY, False, int(allowed))
    return Leaf((), (), (), (), Step(site, verdict, Reason.MODE, (clause,)))


def _decision(direction: Direction, site: int, allowed: bool) -> Decision:
    """Everything as `allowed` says, but for port ALWAYS of UDP."""
    always = 17 << 16 | ALWAYS
    leaves = (_leaf(site, allowed), _leaf(site + 1, True))
    if allowed:
        return Decision(direction, (0,), (0,), leaves[:1], ())
    return Decision(direction, (0, always, always + 1), (0, 1, 0), leaves, ())


def _program(egress: bool) -> Program:
    """Denies in one direction what it allows in the other."""
    return replace(
        PROGRAM,
        ingress=_decision(Direction.INGRESS, 1, not egress),
        egress=_decision(Direction.EGRESS, 3, egress),
        rules=(
            RuleEntry("", Reason.MODE, Action.DENY, "", 0, 0),
            RuleEntry("", Reason.MODE, Action.ALLOW, "", 0, 0),
        ),
    )


class Flood:
    """Numbered packets from web to friend on both ports, and what arrived."""

    def __init__(self, source: Namespace, target: Namespace) -> None:
        self.sent = 0
        self.received: dict[int, set[int]] = {ALWAYS: set(), NEVER: set()}
        self._over = threading.Event()
        self._receivers = {port: self._bound(target, "10.0.0.2", port) for port in self.received}
        self._sender = self._bound(source, "10.0.0.1", 0)
        self._threads = [threading.Thread(target=self._send)]
        self._threads += [
            threading.Thread(target=self._receive, args=(port,)) for port in self.received
        ]
        for thread in self._threads:
            thread.start()

    def _bound(self, space: Namespace, address: str, port: int) -> socket.socket:
        with space.entered():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((address, port))
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        sock.settimeout(0.5)
        return sock

    def _send(self) -> None:
        while not self._over.is_set():
            for port in self.received:
                self._sender.sendto(struct.pack("!I", self.sent), ("10.0.0.2", port))
            self.sent += 1
            time.sleep(PAUSE)

    def _receive(self, port: int) -> None:
        while True:
            try:
                data = self._receivers[port].recv(16)
            except TimeoutError:
                if self._over.is_set():
                    return
                continue
            self.received[port].add(struct.unpack("!I", data)[0])

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for sock in (self._sender, *self._receivers.values()):
            sock.close()


def test_one_packet_one_policy(net: Topology, instance: str, cache: Path) -> None:
    """A packet that one hook decided by the old policy and another by the new one would arrive."""
    policies = [artifact_of(_program(egress), cache) for egress in (True, False)]
    load(policies[0], INVENTORY, instance)
    flood = Flood(net.namespaces["web"], net.namespaces["friend"])
    try:
        for turn in range(TURNS):
            replace_policy(policies[(turn + 1) % 2], None, instance, grace=0.05)
    finally:
        flood.end()
    unload(instance)
    assert flood.sent > 100
    assert not flood.received[NEVER], "decided by two policies"
    assert flood.received[ALWAYS] == set(range(flood.sent)), "lost on the way"
