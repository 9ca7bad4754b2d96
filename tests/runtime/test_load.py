"""Load, status, monitor, replace, unload, on real interfaces."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cpc.compiler.artifact import Artifact, Inventory, write_artifact
from cpc.compiler.errors import InputError
from cpc.runtime import conntrack, load, programs
from cpc.runtime.attach import Side
from cpc.runtime.bpf import Skb
from cpc.runtime.demo.namespaces import Namespace
from cpc.runtime.demo.topology import Topology
from cpc.runtime.events import Event, human, json_event
from cpc.runtime.features import BPFFS
from cpc.runtime.load import unload
from cpc.runtime.monitor import Filters, Tell, monitor
from cpc.runtime.reasons import PacketReason as R
from cpc.runtime.replace import replace_policy
from cpc.runtime.state import RUN, Instance, instance_names, remove_pins
from cpc.runtime.status import status
from cpc.runtime.testrun import attached, try_packet
from tests.packets import ip
from tests.runtime.world import INVENTORY, endpoint

pytestmark = pytest.mark.kernel


def datagram(space: Namespace, source: str, target: str) -> None:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with space.entered(), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.sendto(b"hello", (target, 9))


def traces(instance: str) -> list[Path]:
    return [p for p in (RUN / instance, BPFFS / "cpc" / instance) if p.exists()]


def test_load_and_unload(net: Topology, artifact: Artifact, instance: str) -> None:
    found = load.load(artifact, INVENTORY, instance)
    assert [(e.name, e.ready) for e in found.endpoints] == [
        ("shop/friend", True),
        ("shop/web", True),
    ]
    assert (found.generation, found.connections, found.lost) == (1, 0, 0)
    assert found.addresses == 14 and found.identities == 2
    tags = {hook.tag for e in found.endpoints for hook in e.hooks}
    assert all(len(tag) == 16 for tag in tags)
    assert instance in instance_names()
    datagram(net.namespaces["web"], "10.0.0.1", "10.0.0.2")
    datagram(net.namespaces["web"], "fd00::1", "fd00::2")
    datagram(net.namespaces["friend"], "10.0.0.2", "10.0.0.1")
    seen = {(c.reason, c.direction): c.packets for c in status(instance).counts}
    assert seen[R.PASS_NEW, "egress"] == 2
    assert seen[R.PASS_NEW, "ingress"] == 2
    assert seen[R.DROP_POLICY, "egress"] == 1
    unload(instance)
    assert not traces(instance)
    assert instance not in instance_names()


def test_loading_twice_points_at_replace(net: Topology, artifact: Artifact, instance: str) -> None:
    load.load(artifact, INVENTORY, instance)
    with pytest.raises(InputError) as refused:
        load.load(artifact, INVENTORY, instance)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "CPC606"
    assert "policy replace" in diagnostic.help[0]
    assert all(e.ready for e in status(instance).endpoints)
    unload(instance)


def test_nothing_loaded(instance: str) -> None:
    for act in (unload, status, lambda name: next(monitor(name))):
        with pytest.raises(InputError) as refused:
            act(instance)
        assert refused.value.diagnostics[0].code == "CPC607"
    assert not traces(instance)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-a", "a" * 33])
def test_names_that_are_no_folder(name: str) -> None:
    with pytest.raises(InputError, match="cannot name an instance"):
        Instance(name)


def test_a_missing_interface(net: Topology, artifact: Artifact, instance: str) -> None:
    lost = endpoint("shop/lost", "web", "10.0.0.3", interface="cpct-wep")
    inventory = replace(INVENTORY, endpoints=(*INVENTORY.endpoints, lost))
    with pytest.raises(InputError) as refused:
        load.load(artifact, inventory, instance)
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.code, diagnostic.help) == ("CPC605", ("did you mean `cpct-web`?",))
    assert not traces(instance)


def test_an_object_that_is_none(net: Topology, artifact: Artifact, instance: str) -> None:
    for broken in (b"", artifact.object[:1000], b"x" * 5000):
        with pytest.raises(InputError) as refused:
            load.load(replace(artifact, object=broken), INVENTORY, instance)
        assert refused.value.diagnostics[0].code in ("CPC604", "CPC614")
        assert not traces(instance)


def test_a_load_that_fails_half_way(
    net: Topology, artifact: Artifact, instance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise InputError()

    monkeypatch.setattr(Instance, "set_current", fail)
    with pytest.raises(InputError):
        load.load(artifact, INVENTORY, instance)
    assert not traces(instance)
    web = net.namespaces["web"]
    monkeypatch.undo()
    assert load.load(artifact, INVENTORY, instance).generation == 1
    datagram(web, "10.0.0.1", "10.0.0.2")
    unload(instance)


def test_what_is_loaded_outlives_its_process(
    net: Topology, artifact: Artifact, instance: str, tmp_path: Path
) -> None:
    path = tmp_path / "artifact"
    write_artifact(artifact, str(path))
    script = (
        "from cpc.compiler.artifact import read_artifact\n"
        "from cpc.runtime.load import load\n"
        "from tests.runtime.world import INVENTORY\n"
        f"load(read_artifact({str(path)!r}), INVENTORY, {instance!r})\n"
    )
    # The child is born in this thread's namespace.
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=Path.cwd())
    assert all(e.ready for e in status(instance).endpoints)
    datagram(net.namespaces["friend"], "10.0.0.2", "10.0.0.1")
    counts = {c.reason: c.packets for c in status(instance).counts}
    assert counts[R.DROP_POLICY] == 1
    unload(instance)


def test_an_interface_that_went_away(net: Topology, artifact: Artifact, instance: str) -> None:
    from pyroute2 import IPRoute

    load.load(artifact, INVENTORY, instance)
    with IPRoute() as route:
        route.link("del", index=socket.if_nametoindex("cpct-web"))
    ready = {e.name: e.ready for e in status(instance).endpoints}
    assert ready == {"shop/friend": True, "shop/web": False}
    unload(instance)
    assert not traces(instance)


def test_a_packet_tried_on_an_attached_program(
    net: Topology, artifact: Artifact, instance: str
) -> None:
    load.load(artifact, INVENTORY, instance)
    with attached(instance, "shop/web", Side.FROM) as program:
        assert try_packet(program, ip("10.0.0.1", "10.0.0.9").tcp(1, 2).frame()).passed
        assert not try_packet(program, ip("10.0.0.1", "10.0.0.77").tcp(1, 2).frame()).passed
        assert not try_packet(program, ip("10.0.0.2", "10.0.0.9").tcp(1, 2).frame(), Skb()).passed
    with pytest.raises(InputError, match="no endpoint `shop/wed`"):
        attached(instance, "shop/wed", Side.FROM)
    (known,) = conntrack.connections(instance)
    assert (str(known.remote), known.remote_port, known.direction) == ("10.0.0.9", 2, "egress")
    assert known.alive and conntrack.sweep(instance) == 0
    assert conntrack.flush(instance) == 1
    unload(instance)


# --- events ------------------------------------------------------------------------------------


class Watch:
    """A monitor in a thread, until its instance is unloaded."""

    def __init__(self, instance: str, filters: Filters | None = None) -> None:
        self.events: list[Event] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(instance, filters))
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self, instance: str, filters: Filters | None) -> None:
        self.events.extend(monitor(instance, filters, started=self._ready.set))

    def end(self, instance: str) -> list[Event]:
        unload(instance)
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.events


def test_events_name_the_rule(net: Topology, artifact: Artifact, instance: str) -> None:
    load.load(artifact, INVENTORY, instance)
    watch = Watch(instance)
    datagram(net.namespaces["web"], "10.0.0.1", "10.0.0.2")
    datagram(net.namespaces["friend"], "10.0.0.2", "192.0.2.1")
    events = watch.end(instance)
    told = [(e.endpoint, e.raw.direction, e.raw.reason, e.peer, e.rule) for e in events]
    friends = artifact.program.rules[0]
    mode = artifact.program.rules[1]
    assert told == [
        ("shop/web", "egress", R.PASS_NEW, "shop/friend", friends),
        ("shop/friend", "ingress", R.PASS_NEW, "shop/web", friends),
        ("shop/friend", "egress", R.DROP_POLICY, "world", mode),
    ]
    line = human(events[0])
    assert "allow" in line and "shop/web -> shop/friend udp/9" in line
    assert line.endswith("by friends at shop.cil:7")
    facts: dict[str, Any] = json_event(events[2])
    assert (facts["verdict"], facts["reason"], facts["peer"]) == ("drop", "policy", "world")
    assert facts["destination"] == "192.0.2.1" and facts["destination_port"] == 9


def test_a_monitor_tells_what_it_was_asked(
    net: Topology, artifact: Artifact, instance: str
) -> None:
    load.load(artifact, INVENTORY, instance)
    watch = Watch(instance, Filters(Tell.DROPS, frozenset({"shop/friend"})))
    datagram(net.namespaces["web"], "10.0.0.1", "10.0.0.2")
    datagram(net.namespaces["web"], "10.0.0.1", "192.0.2.1")
    datagram(net.namespaces["friend"], "10.0.0.2", "192.0.2.1")
    (only,) = watch.end(instance)
    assert (only.endpoint, only.raw.reason) == ("shop/friend", R.DROP_POLICY)


# --- replacing ---------------------------------------------------------------------------------


def passes(instance: str, source: str, target: str) -> bool:
    """Whether the first hook of `shop/web` lets a packet go on."""
    with attached(instance, "shop/web", Side.FROM) as program:
        return try_packet(program, ip(source, target).udp(1, 2).frame()).passed


def test_another_policy(net: Topology, artifact: Artifact, closed: Artifact, instance: str) -> None:
    load.load(artifact, INVENTORY, instance)
    assert passes(instance, "10.0.0.1", "10.0.0.2")
    report = replace_policy(closed, None, instance, grace=0.01)
    assert (report.before, report.after, report.hooks) == (1, 2, 4)
    assert (report.added, report.removed) == ((), ())
    found = status(instance)
    assert found.generation == 2 and found.connections == 1
    assert not any(hook.replacing for e in found.endpoints for hook in e.hooks)
    assert not passes(instance, "10.0.0.1", "10.0.0.2"), "its connection is decided again"
    assert passes(instance, "10.0.0.1", "192.0.2.1")
    assert status(instance).connections == 1
    assert sorted(p.name for p in (BPFFS / "cpc" / instance).iterdir()) == ["g2", "links", "shared"]
    assert sorted(p.name for p in (RUN / instance).iterdir()) == ["g2", "state.json"]
    unload(instance)


def test_another_inventory(
    net: Topology, artifact: Artifact, closed: Artifact, instance: str
) -> None:
    load.load(artifact, INVENTORY, instance)
    before = {e.name: e.id for e in status(instance).endpoints}
    moved = endpoint("shop/web", "web", "10.0.0.7", interface="cpct-friend")
    fresh = endpoint("shop/new", "friend", "10.0.0.1", interface="cpct-web")
    inventory = replace(INVENTORY, endpoints=(moved, fresh))
    report = replace_policy(artifact, inventory, instance, grace=0.01)
    assert report.added == ("shop/new", "shop/web")
    assert report.removed == ("shop/friend", "shop/web")
    found = {e.name: (e.interface, e.ready) for e in status(instance).endpoints}
    assert found == {"shop/new": ("cpct-web", True), "shop/web": ("cpct-friend", True)}
    assert not {e.id for e in status(instance).endpoints} & set(before.values())
    assert passes(instance, "10.0.0.7", "10.0.0.1")
    assert not passes(instance, "10.0.0.1", "10.0.0.7")
    unload(instance)
    assert not traces(instance)


def test_a_replacement_that_fails_changes_nothing(
    net: Topology,
    artifact: Artifact,
    closed: Artifact,
    instance: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load.load(artifact, INVENTORY, instance)
    tags = [hook.tag for e in status(instance).endpoints for hook in e.hooks]
    pins = sorted((BPFFS / "cpc" / instance).rglob("*"))
    calls = 0
    genuine = programs.load_swap

    def fail_late(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise InputError()
        return genuine(*arguments)

    monkeypatch.setattr("cpc.runtime.replace.load_swap", fail_late)
    with pytest.raises(InputError):
        replace_policy(closed, None, instance, grace=0.01)
    assert [hook.tag for e in status(instance).endpoints for hook in e.hooks] == tags
    assert sorted((BPFFS / "cpc" / instance).rglob("*")) == pins
    assert sorted(p.name for p in (RUN / instance).iterdir()) == ["g1", "state.json"]
    assert passes(instance, "10.0.0.1", "10.0.0.2")
    unload(instance)


CRASH = """
import os, sys
from cpc.compiler.artifact import read_artifact
from cpc.runtime import replace
from cpc.runtime.replace import _Work
where = sys.argv[3]
def crash(self, grace):
    os.kill(os.getpid(), 9)
setattr(_Work, where, crash)
replace.replace_policy(read_artifact(sys.argv[1]), None, sys.argv[2], grace=0.01)
"""


@pytest.mark.parametrize(("where", "finished"), [("flip", False), ("finish", True)])
def test_a_crash_in_the_middle(
    net: Topology,
    artifact: Artifact,
    closed: Artifact,
    instance: str,
    tmp_path: Path,
    where: str,
    finished: bool,
) -> None:
    load.load(artifact, INVENTORY, instance)
    path = tmp_path / "closed"
    write_artifact(closed, str(path))
    ran = subprocess.run(
        [sys.executable, "-c", CRASH, str(path), instance, where], timeout=60, check=False
    )
    assert ran.returncode == -signal.SIGKILL
    assert any(hook.replacing for e in status(instance).endpoints for hook in e.hooks)
    # Nobody holds anything any more, and the policy that the epoch says is enforced.
    assert passes(instance, "10.0.0.1", "10.0.0.2") is not finished
    report = replace_policy(artifact, None, instance, grace=0.01)
    assert report.before == (2 if finished else 1)
    assert passes(instance, "10.0.0.1", "10.0.0.2")
    assert not Instance(instance).swap.exists()
    unload(instance)
    assert not traces(instance)


def test_unloading_after_a_crash(
    net: Topology, artifact: Artifact, closed: Artifact, instance: str, tmp_path: Path
) -> None:
    load.load(artifact, INVENTORY, instance)
    state = RUN / instance / "state.json"
    state.write_text("{")
    with pytest.raises(InputError) as refused:
        status(instance)
    assert refused.value.diagnostics[0].code == "CPC608"
    unload(instance)
    assert not traces(instance)


DAMAGED = (
    ("state.json", "{"),
    ("state.json", "[]"),
    ("state.json", "5"),
    ("state.json", '{"format": 0}'),
    ("state.json", '{"format": 1}'),
    ("state.json", '{"format": 1, "generation": null}'),
    ("state.json", '{"format": 1, "generation": "1"}'),
    ("state.json", '{"format": 1, "generation": 2}'),
    ("g1/state.json", "[]"),
    ("g1/state.json", "{}"),
    ("g1/state.json", '{"inventory": [], "endpoints": [], "identities": []}'),
    ("g1/state.json", '{"inventory": {}, "endpoints": [5], "identities": []}'),
)


@pytest.mark.parametrize(("file", "text"), DAMAGED, ids=[f"{f} {t}" for f, t in DAMAGED])
def test_a_damaged_state_is_told_and_can_be_unloaded(
    net: Topology, artifact: Artifact, instance: str, file: str, text: str
) -> None:
    load.load(artifact, INVENTORY, instance)
    (RUN / instance / file).write_text(text)
    for command in (lambda: status(instance), lambda: replace_policy(artifact, None, instance)):
        with pytest.raises(InputError) as refused:
            command()
        assert refused.value.diagnostics[0].code == "CPC608"
    unload(instance)
    assert not traces(instance)


def test_replacing_after_the_folder_of_hooks_was_removed(
    net: Topology, artifact: Artifact, instance: str
) -> None:
    load.load(artifact, INVENTORY, instance)
    remove_pins(Instance(instance).links)
    assert not any(e.ready for e in status(instance).endpoints)
    replace_policy(artifact, None, instance, grace=0.01)
    assert all(e.ready for e in status(instance).endpoints)


def test_connections_survive(net: Topology, artifact: Artifact, instance: str) -> None:
    load.load(artifact, INVENTORY, instance)
    with net.namespaces["friend"].entered():
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listener:
        listener.bind(("10.0.0.2", 80))
        listener.listen()
        listener.settimeout(5)
        with net.namespaces["web"].entered():
            client = socket.create_connection(("10.0.0.2", 80), 5, ("10.0.0.1", 0))
        with client, listener.accept()[0] as server:
            for _ in range(3):
                replace_policy(artifact, None, instance, grace=0.01)
                client.sendall(b"ping")
                assert server.recv(10) == b"ping"
                server.sendall(b"pong")
                assert client.recv(10) == b"pong"
    unload(instance)


def test_no_rights(artifact: Artifact, instance: str) -> None:
    """Without root cpc says so, and leaves nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.setgid(65534)
            os.setuid(65534)
            try:
                load.load(artifact, Inventory(), instance)
            except InputError as refused:
                os.write(writer, refused.diagnostics[0].code.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        assert said.read() == "CPC601"
    os.waitpid(child, 0)
    assert not traces(instance)


def test_ip_netns_exec_is_no_place_to_load(instance: str) -> None:
    """It gives a command mounts of its own: what it pinned there would end with it."""
    code = "from cpc.runtime.features import mount_bpffs; mount_bpffs()"
    name = f"cpc-{instance}"
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=30)
    try:
        inside = subprocess.run(
            ["ip", "netns", "exec", name, sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True, timeout=30)
    assert "under `ip netns exec`" in inside.stderr
