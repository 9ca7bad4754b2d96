"""Every header of the datapath stands on its own, and says the same as its twin in Python."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cpc.runtime import reasons
from cpc.runtime.reasons import PacketReason

LIB = Path(__file__).parents[2] / "templates/bpf/lib"
HEADERS = sorted(path.name for path in LIB.glob("*.h"))
DECISIONS = """
static __noinline __u32 cpc_decide_ingress(const __u64 *bits, __u32 key) { return bits[0] ^ key; }
static __noinline __u32 cpc_decide_egress(const __u64 *bits, __u32 key) { return bits[0] + key; }
"""


def test_there_are_headers() -> None:
    assert {"parse.h", "datapath.h", "types.h"} <= set(HEADERS)


@pytest.mark.clang
@pytest.mark.parametrize("name", HEADERS)
def test_a_header_compiles_alone(name: str, tmp_path: Path) -> None:
    text = f'#define CPC_WORDS 1\n#define CPC_SUBJECT_WORDS 1\n#include "lib/{name}"\n'
    if name == "datapath.h":
        text = text.replace('#include "lib', f'#include "lib/endpoint.h"\n{DECISIONS}#include "lib')
    source = tmp_path / "alone.c"
    source.write_text(text)
    clang = next(filter(None, map(shutil.which, ("clang-19", "clang-20", "clang"))))
    flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror"]
    # What a header offers and nobody uses yet is no mistake.
    flags += ["-Wno-unused-function", "-I", str(LIB.parent), "-I", "/usr/include/x86_64-linux-gnu"]
    result = subprocess.run(
        [clang, *flags, "-c", str(source), "-o", str(tmp_path / "alone.o")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr


def test_reasons_are_the_same_in_python() -> None:
    text = (LIB / "reason.h").read_text()
    found = {name: int(number) for name, number in re.findall(r"CPC_(\w+) = (\d+),", text)}
    assert found.pop("DROP_FIRST") == reasons.DROP_FIRST
    assert found.pop("REASONS") == reasons.REASONS
    assert found == {reason.name: int(reason) for reason in PacketReason}


def test_labels_are_unique_and_drops_are_drops() -> None:
    assert len({reason.label for reason in PacketReason}) == len(PacketReason)
    assert all(r.dropped == r.name.startswith("DROP_") for r in PacketReason)
    assert PacketReason.DROP_POLICY_CHANGED.label == "policy-changed"
