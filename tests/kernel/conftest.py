"""One compiled object for every test of the datapath; benches are loaded once and cleared for each test."""

from collections.abc import Iterator

import pytest

from tests.kernel.stage import Stage, compile_stub


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The object of the policy written by hand."""
    return compile_stub(tmp_path_factory.mktemp("stub"))


@pytest.fixture(scope="module")
def bench(stub: bytes) -> Iterator[Stage]:
    """The datapath, loaded."""
    with Stage(stub) as loaded:
        yield loaded


@pytest.fixture
def stage(bench: Stage) -> Stage:
    """The datapath, remembering nothing."""
    bench.clear()
    return bench


@pytest.fixture(scope="module")
def bench_stricter(stub: bytes, bench: Stage) -> Iterator[Stage]:
    with Stage(stub, generation=2, subject=1, shared=bench) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def bench_alike(stub: bytes, bench: Stage) -> Iterator[Stage]:
    with Stage(stub, generation=2, shared=bench) as loaded:
        yield loaded


@pytest.fixture
def stricter(bench_stricter: Stage) -> Stage:
    """The next policy over the same connections: what bit 0 allowed is denied."""
    bench_stricter.clear()
    return bench_stricter


@pytest.fixture
def alike(bench_alike: Stage) -> Stage:
    """The next policy over the same connections, which decides as the first does."""
    bench_alike.clear()
    return bench_alike
