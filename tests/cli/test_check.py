"""`cpc check` and `cpc explain NAME`: the diagnostics are the answer."""

import io
import json
import sys
from pathlib import Path

import pytest

from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
SHOP = str(ROOT / "examples/shop/policy.cil")
INVENTORY = str(ROOT / "examples/shop/inventory.yaml")

HEAD = 'language 1\nendpoints web = { app = "web" }\ndefault deny egress for web\n'


def policy(folder: Path, body: str) -> str:
    file = folder / "p.cil"
    file.write_text(HEAD + body)
    return str(file)


@pytest.mark.parametrize("name", ["policy.cil", "policy-locked.cil"])
def test_the_examples_are_clean_and_in_their_layout(name: str, capsys: Captured) -> None:
    file = str(ROOT / "examples/shop" / name)
    assert run(["check", file, "--inventory", INVENTORY]) == 0
    assert run(["fmt", "--check", file]) == 0
    assert capsys.readouterr() == ("", "")


def test_errors_are_the_answer_and_their_count_is_not(tmp_path: Path, capsys: Captured) -> None:
    file = policy(tmp_path, "default deny ingress for wbe\ndefault deny ingress for web2\n")
    assert run(["check", file, "--format", "concise"]) == 2
    out, err = capsys.readouterr()
    assert [line.split(" ")[0] for line in out.splitlines()] == [f"{file}:4:26:", f"{file}:5:26:"]
    assert err == "cpc: 2 errors\n"


def test_pretty_shows_the_line_and_a_guess(tmp_path: Path, capsys: Captured) -> None:
    assert run(["check", policy(tmp_path, "default deny ingress for wbe\n")]) == 2
    out = capsys.readouterr().out
    assert "4 | default deny ingress for wbe\n  |                          ^^^" in out
    assert "= help: did you mean `web`?" in out


def test_json_is_one_document_also_when_clean(capsys: Captured) -> None:
    assert run(["check", "--format", "json", SHOP]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["summary"] == {"errors": 0, "warnings": 0, "notes": 0}
    assert err == ""


def test_what_only_a_later_version_enforces_is_a_note(tmp_path: Path, capsys: Captured) -> None:
    file = policy(tmp_path, "default deny ingress for web\naudit web\n")
    assert run(["check", "--format", "concise", file]) == 0
    assert capsys.readouterr().out.startswith(f"{file}:5:1: note[CPC4")
    assert run(["compile", "--emit", "ir", file]) == 2


def test_a_finding_is_exit_code_1(tmp_path: Path, capsys: Captured) -> None:
    file = policy(tmp_path, "policy p {\n  ingress allow a: world -> web\n}\n")
    assert run(["check", "--format", "concise", file]) == 1
    assert "error[CPC2" in capsys.readouterr().out


def test_parameters_reach_the_policy(tmp_path: Path, capsys: Captured) -> None:
    body = "param port\ndefault deny ingress for web\ningress allow a: world -> web tcp/port\n"
    file = policy(tmp_path, body)
    assert run(["check", file, "--param", "port=80"]) == 0
    assert run(["check", file]) == 2
    assert run(["check", file, "--param", "port=80", "--param", "port=81"]) == 2
    assert "parameter `port` is given twice" in capsys.readouterr().err


def test_included_files_are_looked_for_where_told(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/common.cil").write_text('language 1\nendpoints db = { app = "db" }\n')
    file = policy(tmp_path, 'include "common.cil"\ndefault deny ingress for db\n')
    assert run(["check", file]) == 2
    assert run(["check", file, "-I", str(tmp_path / "lib")]) == 0
    capsys.readouterr()


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    text = HEAD + "default deny ingress for wbe\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run(["check", "--format", "concise", "-"]) == 2
    assert capsys.readouterr().out.startswith("<stdin>:4:26: error[CPC3")


def test_timings_name_the_tools(capsys: Captured) -> None:
    assert run(["check", "--timings", SHOP]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[-2:] for line in err.splitlines()[-3:]] == [
        ["total", "ours"],
        ["total", "z3"],
        ["total", "clang"],
    ]


def test_explain_shows_a_rule_with_its_doc_comment_and_place(capsys: Captured) -> None:
    assert run(["explain", "pages", SHOP]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"`pages`, allow rule of policy `shop`, at {SHOP}:")
    assert "\nthe shop's pages, for everyone\n" in out
    assert "\n  allow pages: world -> web site\n" in out


def test_explain_as_json_and_a_guess_for_a_name(capsys: Captured) -> None:
    assert run(["explain", "--format", "json", "no-ssh", SHOP]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["kind"] == "deny rule of admin tier" and entry["file"] == SHOP
    assert run(["explain", "no-shs", SHOP]) == 2
    assert "= help: did you mean `no-ssh`?" in capsys.readouterr().err


def test_what_init_writes_is_clean(tmp_path: Path, capsys: Captured) -> None:
    fresh = tmp_path / "fresh"
    assert run(["init", str(fresh)]) == 0
    files = [f"{fresh}/policy.cil", f"{fresh}/inventory.yaml"]
    assert capsys.readouterr().out.splitlines() == files
    assert run(["check", files[0], "--inventory", files[1]]) == 0
    assert run(["fmt", "--check", files[0]]) == 0
    before = Path(files[0]).read_bytes()
    assert run(["init", str(fresh)]) == 2
    assert f"`{files[0]}` is already there" in capsys.readouterr().err
    assert Path(files[0]).read_bytes() == before
