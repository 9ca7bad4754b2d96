"""The hooks that pre-commit offers name commands that exist and pass on the examples."""

from pathlib import Path
from shutil import copy

import pytest
import yaml

from cpc.compiler.cli import run

ROOT = Path(__file__).parents[2]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_passes_on_the_shop(hook: dict[str, str], tmp_path: Path) -> None:
    policy = str(copy(ROOT / "examples/shop/policy.cil", tmp_path))
    program, *words = hook["entry"].split()
    assert program == "cpc" and hook["language"] == "python"
    before = Path(policy).read_bytes()
    assert run([*words, policy]) == 0
    assert Path(policy).read_bytes() == before
