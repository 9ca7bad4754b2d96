"""The wheel holds all that cpc needs: installed elsewhere, it compiles as this checkout does."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.project, pytest.mark.clang]

ROOT = Path(__file__).parents[1]
UNPACKED = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "build", "*.egg-info")


def sh(*words: str | Path, cwd: Path) -> str:
    """Runs a command with a plain environment and returns what it prints."""
    done = subprocess.run(
        [str(word) for word in words],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `cpc` of a fresh environment that knows nothing of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", symlinks=True, ignore=UNPACKED)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq")
    sh(*pip, "wheel", "--no-deps", "--wheel-dir", folder, folder / "source", cwd=folder)
    (wheel,) = folder.glob("cpc-*.whl")
    shutil.rmtree(folder / "source")
    sh(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    sh(folder / "venv/bin/pip", "-qq", "install", wheel, cwd=folder)
    return folder / "venv/bin/cpc"


def test_it_formats_checks_and_compiles_the_shop(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/shop", tmp_path / "shop")
    sh(installed, "fmt", "--check", "shop", cwd=tmp_path)
    sh(installed, "check", "shop/policy.cil", cwd=tmp_path)
    sh(installed, "compile", "shop/policy.cil", "-o", "there.cpc", cwd=tmp_path)
    ours = Path(sys.executable).parent / "cpc"
    sh(ours, "compile", "shop/policy.cil", "-o", "here.cpc", cwd=tmp_path)
    assert (tmp_path / "there.cpc").read_bytes() == (tmp_path / "here.cpc").read_bytes()


def test_what_it_writes_to_start_from_compiles(installed: Path, tmp_path: Path) -> None:
    sh(installed, "init", "fresh", cwd=tmp_path)
    sh(installed, "compile", "fresh/policy.cil", "-o", "fresh.cpc", cwd=tmp_path)


def test_its_code_is_its_own(installed: Path, tmp_path: Path) -> None:
    program = "import cpc.compiler.cli as m; print(m.__file__)"
    place = sh(installed.parent / "python", "-c", program, cwd=tmp_path).strip()
    assert Path(place).is_relative_to(installed.parents[1])
