"""`cpc compile`: the artifact, its parts, and what stops it."""

import json
import os
from pathlib import Path
from zipfile import ZipFile

import pytest

from cpc.compiler.artifact import read_artifact
from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]

SHOP = str(Path(__file__).parents[2] / "examples/shop/policy.cil")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CPC_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.clang
def test_one_file_and_one_line(capsys: Captured) -> None:
    assert run(["compile", SHOP, "-o", "shop.cpc"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("shop.cpc: ") and out.count("\n") == 1 and err == ""
    assert any(rule.name == "web-orders" for rule in read_artifact("shop.cpc").program.rules)


@pytest.mark.clang
def test_the_output_is_named_for_the_policy_unless_told(capsys: Captured) -> None:
    assert run(["compile", "--format", "json", SHOP]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["artifact"] == "policy.cpc" and Path("policy.cpc").exists()


@pytest.mark.clang
def test_the_same_bytes_again_and_without_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["compile", SHOP, "-o", "one.cpc"]) == 0
    assert run(["compile", SHOP, "-o", "two.cpc"]) == 0
    monkeypatch.setenv("CPC_CACHE", "off")
    assert run(["compile", SHOP, "-o", "three.cpc"]) == 0
    one = Path("one.cpc").read_bytes()
    assert one == Path("two.cpc").read_bytes() == Path("three.cpc").read_bytes()


@pytest.mark.clang
def test_parts_are_those_of_the_artifact() -> None:
    assert run(["compile", SHOP, "-o", "shop.cpc"]) == 0
    for part, member in (
        ("c", "policy.bpf.c"),
        ("object", "policy.bpf.o"),
        ("manifest", "manifest.json"),
    ):
        assert run(["compile", SHOP, "--emit", part, "-o", part]) == 0
        assert Path(part).read_bytes() == ZipFile("shop.cpc").read(member)


def test_c_and_ir_need_no_clang(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("PATH", "")
    assert run(["compile", SHOP, "--emit", "ir"]) == 0
    assert "web-orders" in capsys.readouterr().out
    assert run(["compile", SHOP, "--emit", "c"]) == 0
    assert "DO NOT EDIT" in capsys.readouterr().out


def test_a_missing_clang_is_an_error_with_help(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run(["compile", SHOP]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error[CPC50") and "clang-19" in err
    assert not Path("policy.cpc").exists()


def test_an_unknown_target_is_an_error_with_a_guess(capsys: Captured) -> None:
    assert run(["compile", SHOP, "--target", "6.19"]) == 2
    assert "error[CPC507]" in capsys.readouterr().err


def test_errors_leave_an_old_artifact_alone(own_folder: Path, capsys: Captured) -> None:
    Path("old.cpc").write_bytes(b"old")
    Path("bad.cil").write_text("language 1\ndefault deny ingress for nobody\n")
    assert run(["compile", "bad.cil", "-o", "old.cpc"]) == 2
    assert Path("old.cpc").read_bytes() == b"old"
    assert sorted(os.listdir(own_folder)) == ["bad.cil", "old.cpc"]
    assert capsys.readouterr().out == ""


def test_a_folder_that_is_missing_is_an_error(capsys: Captured) -> None:
    assert run(["compile", SHOP, "--emit", "ir", "-o", "missing/ir"]) == 2
    assert "error[CPC083]: cannot write `missing/ir`" in capsys.readouterr().err
