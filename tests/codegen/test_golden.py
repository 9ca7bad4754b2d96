"""Policies with the IR and the C that they become, beside them: NAME.cil, NAME.ir, NAME.c.

`--update-goldens` writes them anew; the difference is looked at before it is committed.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cpc.compiler.codegen.library import library
from cpc.compiler.codegen.render import render
from cpc.compiler.codegen.shape import make_view
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.nodes import Program
from cpc.compiler.ir.passes import run
from cpc.compiler.ir.show import show
from cpc.compiler.pipeline import Options, front
from cpc.compiler.timings import Timings
from cpc.compiler.verify.verified import verify

CASES = sorted((Path(__file__).parent / "cases").glob("*.cil"))
ROOT = Path(__file__).parents[2]


def program_of(case: Path) -> Program:
    """The program of a policy file."""
    read = front([str(case)], Options(), Timings())
    assert read.policy is not None, read.diagnostics
    checked, diagnostics = verify(read.policy)
    assert checked is not None, diagnostics
    return run(lower(checked))


Golden = Callable[[Path, str], None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_ir(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".ir"), show(program_of(case)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_c(case: Path, golden: Golden) -> None:
    view = make_view(program_of(case), "0", "0" * 64)
    golden(case.with_suffix(".c"), render(view))
    assert render(view) == render(make_view(program_of(case), "0", "0" * 64))


def _formatted(path: Path) -> None:
    style = f"--style=file:{ROOT / '.clang-format'}"
    done = subprocess.run(
        ["clang-format-19", "--dry-run", "-Werror", style, str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.clang_format
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_generated_c_is_formatted(case: Path) -> None:
    _formatted(case.with_suffix(".c"))


@pytest.mark.clang_format
@pytest.mark.parametrize("name", [name for name, _ in library()])
def test_the_library_is_formatted(name: str) -> None:
    _formatted(ROOT / "templates" / "bpf" / name)
