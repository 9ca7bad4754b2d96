"""Fixtures and rules for every test: what is skipped where a tool is missing, and nothing left behind."""

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.leftovers import left_by_this_process, left_on_the_machine
from tests.nightly import NIGHTLY

settings.register_profile(
    "cpc",
    deadline=None,
    derandomize=not NIGHTLY,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("cpc")

_BEFORE = pytest.StashKey[set[str]]()

STRICT = bool(os.environ.get("CPC_REQUIRE_ALL")) or os.environ.get("CI") == "true"
"""On machines that must have everything, a missing tool is a failure and never a skip."""

PATIENCE = 5.0
"""Seconds for processes and namespaces to go away after the last test."""


@cache
def _no_clang() -> str | None:
    if any(map(shutil.which, ("clang-19", "clang-20", "clang"))):
        return None
    return "needs clang: apt-get install clang-19"


@cache
def _no_clang_format() -> str | None:
    if shutil.which("clang-format-19"):
        return None
    return "needs clang-format-19: apt-get install clang-format-19"


@cache
def _no_browser() -> str | None:
    if shutil.which("chromium") and shutil.which("chromedriver"):
        return None
    return "needs a browser: apt-get install chromium chromium-driver"


@cache
def _no_kernel() -> str | None:
    if not sys.platform.startswith("linux"):
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.isdir("/sys/fs/bpf"):
        return "needs a kernel with BPF"
    if importlib.util.find_spec("pyroute2") is None:
        return "needs pyroute2"
    return _no_clang()


_TOOLS = (
    ("browser", _no_browser),
    ("clang", _no_clang),
    ("clang_format", _no_clang_format),
    ("kernel", _no_kernel),
)
"""Markers, and what says why a test with one cannot run here."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one flag that rewrites every golden file; the difference is for eyes to judge."""
    parser.addoption("--update-goldens", action="store_true", help="rewrite golden files")


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are rewritten before they are compared."""
    return bool(request.config.getoption("--update-goldens"))


@pytest.fixture
def golden(update_goldens: bool) -> Callable[[Path, str], None]:
    """Fails unless a text is that of a golden file, or writes the file where that was asked for."""

    def compare(path: Path, text: str) -> None:
        if update_goldens:
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, out loud, what cannot run here."""
    for marker, lacking in _TOOLS:
        reason = lacking() if item.get_closest_marker(marker) else None
        if reason is not None:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything must run, a test that is skipped fails, whatever skips it."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though everything must run: {report.longrepr}"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run on several workers, those that share what is loaded on this machine share one.

    Tests of agreement load programs that nobody else can see: each file of them is a group.
    """
    for item in items:
        if item.get_closest_marker("kernel"):
            alone = item.path.parent.name == "agreement"
            item.add_marker(pytest.mark.xdist_group(item.path.stem if alone else "kernel"))


@pytest.fixture(scope="session", autouse=True)
def a_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands keep is kept for the tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPC_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_left_by_this_process() -> Iterator[None]:
    """Fails the run when it leaves links, open namespaces or processes behind."""
    before = left_by_this_process()
    yield
    left = _left(left_by_this_process, before)
    assert not left, f"left behind by the tests: {left}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """What is there before the first test was not left by one."""
    session.config.stash[_BEFORE] = left_on_the_machine()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run when it leaves namespaces, pins or interfaces behind, once all workers are done."""
    if hasattr(session.config, "workerinput"):
        return
    left = _left(left_on_the_machine, session.config.stash[_BEFORE])
    if left:
        print(f"\nleft behind by the tests: {left}", file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left(look: Callable[[], set[str]], before: set[str]) -> str:
    deadline = time.monotonic() + PATIENCE
    while (left := look() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    return ", ".join(sorted(left))
