"""One compiled object for every test of the datapath, one fresh stage for each."""

from collections.abc import Iterator

import pytest

from tests.kernel.stage import Stage, compile_stub


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The object of the policy written by hand."""
    return compile_stub(tmp_path_factory.mktemp("stub"))


@pytest.fixture
def stage(stub: bytes) -> Iterator[Stage]:
    """The datapath, loaded anew."""
    with Stage(stub) as loaded:
        yield loaded
