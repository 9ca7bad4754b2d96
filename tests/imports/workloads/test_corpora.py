"""Manifests that others wrote: every workload of np-guard's lists is there, under its owner's name."""

import os
import re
from pathlib import Path

import pytest

from cpc.compiler.diagnostics import Severity
from cpc.compiler.imports.inventories import read_inventory

CORPORA = Path(os.environ.get("CPC_CORPORA", "")) / "np-guard"
NAMES = sorted(p.name for p in (CORPORA / "manifests").glob("*")) if CORPORA.is_absolute() else []

LEFT_OUT = {"helloworld/pod-a[Deployment]"}
"""Workloads without any allowed connection, which lists of connections do not name."""

WARNED = {"netpol_named_port_test": ["CPC720"]}
"""One file writes `containerport`."""

pytestmark = pytest.mark.skipif(
    not NAMES, reason="CPC_CORPORA names no folder with np-guard's manifests"
)


@pytest.mark.parametrize("name", NAMES)
def test_every_workload_is_there(name: str) -> None:
    found, problems = read_inventory([str(CORPORA / "manifests" / name)], {})
    assert [p.code for p in problems] == WARNED.get(name, [])
    assert all(p.severity is Severity.WARNING for p in problems) and found is not None
    listed = set(re.findall(r"\S+/\S+\[\w+\]", (CORPORA / "connlist" / f"{name}.txt").read_text()))
    owners = {endpoint.owner for endpoint in found.with_host_pods().endpoints}
    assert owners - LEFT_OUT == listed
