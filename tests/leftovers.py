"""What a test run could leave behind on this machine, and who must have left it."""

import os
from pathlib import Path

__all__ = ["children", "left_by_this_process", "left_on_the_machine", "pins"]

_NAMESPACES = Path("/run/netns")
_PINS = Path("/sys/fs/bpf/cpc")
_STATE = Path("/run/cpc")
_HELD = ("anon_inode:bpf_link", "anon_inode:[bpf_link]", "net:[")
"""What a file descriptor of ours must not hold at the end: an attached program, a namespace."""


def _named_namespaces() -> set[str]:
    if not _NAMESPACES.is_dir():
        return set()
    return {f"namespace {name}" for name in os.listdir(_NAMESPACES) if name.startswith("cpc-")}


def pins(*folders: Path) -> set[str]:
    """Everything below the folders where the runtime pins and keeps its state."""
    return {f"pin {path}" for folder in folders for path in folder.rglob("*")}


def _interfaces() -> set[str]:
    return {f"interface {name}" for name in os.listdir("/sys/class/net")}


def _held_open() -> set[str]:
    """Links and namespaces that this very process still holds: they live as long as it does."""
    held = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue
        if target.startswith(_HELD):
            held.add(f"file descriptor {number} on {target}")
    return held


def children() -> set[str]:
    """The processes that this one started and that have not ended; zombies too."""
    alive = set()
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in path.read_text().split():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except FileNotFoundError:
                continue
            alive.add(f"process {pid} {command}".rstrip())
    return alive


def left_by_this_process() -> set[str]:
    """The links, open namespaces and processes that this process has now, in words."""
    return _held_open() | children()


def left_on_the_machine() -> set[str]:
    """The namespaces, pins and interfaces that exist now, in words.

    A program attached by a link that nobody pinned or holds open is gone: the kernel frees it. So
    pins, open links and processes are all the places where one can hide.
    """
    return _named_namespaces() | pins(_PINS, _STATE) | _interfaces()
