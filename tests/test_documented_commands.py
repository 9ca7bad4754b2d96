"""What the documents show is what happens.

`console` blocks are run, all of one document in one folder that holds a copy of `examples/`, in
order. `console root` needs root and the kernel. `sh` blocks are what a reader does to this checkout:
they hold `make` targets that exist.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.documented import Block, blocks, matches, run, shown

pytestmark = pytest.mark.project

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(path for path in ROOT.glob("docs/**/*.md") if "decisions" not in path.parts),
    ]
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def environment(folder: Path) -> dict[str, str]:
    """A plain one: no colours, no settings of whoever runs the tests; our own programs first."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }


def run_all(document: Path, chosen: list[Block], folder: Path) -> None:
    shutil.copytree(ROOT / "examples", folder / "examples")
    wrong = []
    for block in chosen:
        for problem in run(block, folder, environment(folder)):
            wrong.append(f"{named(document)}:{block.line}: {problem}")
    assert not wrong, "\n\n".join(wrong)


def console(document: Path) -> list[Block]:
    return [block for block in blocks(document.read_text()) if block.language == "console"]


PLAIN = [path for path in DOCUMENTS if any(not block.extra for block in console(path))]
ROOTED = [path for path in DOCUMENTS if any(block.extra == "root" for block in console(path))]


@pytest.mark.clang
@pytest.mark.parametrize("document", PLAIN, ids=named)
def test_commands(document: Path, tmp_path: Path) -> None:
    run_all(document, [block for block in console(document) if not block.extra], tmp_path)


@pytest.mark.kernel
@pytest.mark.parametrize("document", ROOTED, ids=named)
def test_commands_for_root(document: Path, tmp_path: Path) -> None:
    run_all(document, console(document), tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for block in blocks(document.read_text()):
        if block.language == "sh":
            named_targets = re.findall(r"\bmake ([a-z-]+)", block.text)
            assert set(named_targets) <= targets, f"{named(document)}:{block.line}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), f"{named(document)}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_files_that_are_named_exist(document: Path) -> None:
    tops = "compiler|runtime|templates|tests|grammar|docs|examples"
    for name in re.findall(rf"`((?:{tops})/[\w./-]+)`", document.read_text()):
        assert (ROOT / name).exists(), f"{named(document)}: {name}"


def test_the_first_document_shows_commands() -> None:
    assert ROOT / "README.md" in PLAIN
    assert ROOT / "README.md" in ROOTED


def test_the_comparison_is_not_blind() -> None:
    assert matches(("a ... c", "...", "z"), "a b c\n1\n2\nz\n")
    assert matches(("a ... c", "...", "z"), "a b c\nz\n")
    assert not matches(("a ... c",), "a b d\n")
    assert not matches(("a",), "a\nb\n")
    assert not matches((), "a\n")
    block = Block("console", "", "$ echo a \\\n>   b\na b\n$ false\n", 1)
    assert [entry.command for entry in shown(block)] == ["echo a \\\n  b", "false"]
    problems = run(block, Path("/"), dict(os.environ))
    assert len(problems) == 1 and problems[0].startswith("$ false")
