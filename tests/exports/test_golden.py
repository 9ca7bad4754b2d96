"""Policies with the objects that they become beside them: NAME.cil and NAME.KIND.yaml (or .json).

The first line of a policy says which kinds, `# kinds: auto cilium`. `--update-goldens` writes them anew.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from cpc.compiler.exports.kinds import Kind

CASES = Path(__file__).parent / "cases"
Golden = Callable[[Path, str], None]


def kinds(case: Path) -> list[Kind]:
    """The kinds that a case has goldens of."""
    first = case.read_text(encoding="utf-8").splitlines()[0]
    found = re.fullmatch(r"# kinds: (.*)", first)
    assert found, f"{case}: the first line names no kinds"
    return [Kind(word) for word in found[1].split()]


PAIRS = [(case, kind) for case in sorted(CASES.glob("*.cil")) for kind in kinds(case)]


@pytest.mark.parametrize(("case", "kind"), PAIRS, ids=lambda part: getattr(part, "stem", part))
def test_objects(
    case: Path, kind: Kind, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["export", "--kind", kind, str(case)])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    ending = "json" if kind is Kind.CILIUM_JSON else "yaml"
    golden(case.with_suffix(f".{kind}.{ending}"), out)


def test_no_golden_is_left_over() -> None:
    wanted = {f"{case.stem}.{kind}" for case, kind in PAIRS}
    assert {p.stem for p in CASES.iterdir() if p.suffix != ".cil"} == wanted


def test_a_file_gets_what_would_be_shown(tmp_path: Path) -> None:
    target = tmp_path / "objects.yaml"
    assert run(["export", str(CASES / "shop.cil"), "-o", str(target)]) == 0
    assert target.read_text() == (CASES / "shop.auto.yaml").read_text()
