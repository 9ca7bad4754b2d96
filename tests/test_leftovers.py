"""The look for leftovers sees them: else that none is found would mean nothing."""

import os
import subprocess
import sys
from pathlib import Path

from tests.leftovers import children, left_by_this_process, pins


def test_a_process_is_seen_until_it_is_waited_for() -> None:
    before = children()
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    try:
        assert any(f"process {child.pid} " in f"{left} " for left in children() - before)
    finally:
        child.communicate()
    assert children() <= before


def test_an_open_namespace_is_seen() -> None:
    before = left_by_this_process()
    handle = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        assert any(f"file descriptor {handle} " in left for left in left_by_this_process() - before)
    finally:
        os.close(handle)


def test_a_pin_is_seen_in_any_depth(tmp_path: Path) -> None:
    assert pins(tmp_path) == pins(tmp_path / "missing") == set()
    (tmp_path / "node").mkdir()
    (tmp_path / "node/link").touch()
    assert pins(tmp_path) == {f"pin {tmp_path}/node", f"pin {tmp_path}/node/link"}
