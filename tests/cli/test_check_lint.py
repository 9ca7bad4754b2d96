"""`cpc check` with options, `cpc.toml` and a baseline: what speaks, and how it exits."""

import json
from pathlib import Path

import pytest

from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]

POLICY = """language 1
endpoints web = { app = "web" }
endpoints old = { app = "old" }
default deny ingress for web
allow ssh: world -> web tcp/22
"""
"""Two warnings: CPC202 in line 3, CPC210 in line 5."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.cil").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys: Captured, *words: str) -> tuple[int, list[str]]:
    """The exit code, and the codes that are said."""
    code = run(["check", "--format", "json", "p.cil", *words])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, [d["code"] for d in json.loads(out)["diagnostics"]] if out else []


def test_select_and_ignore(folder: Path, capsys: Captured) -> None:
    assert check(capsys) == (1, ["CPC202", "CPC210"])
    assert check(capsys, "--select", "world-exposed") == (1, ["CPC210"])
    assert check(capsys, "--select", "CPC2", "--ignore", "CPC20,world-exposed") == (0, [])
    assert check(capsys, "--ignore", "CPC2", "--select", "CPC202") == (1, ["CPC202"])


def test_words_that_mean_nothing(folder: Path, capsys: Captured) -> None:
    assert run(["check", "p.cil", "--select", "world-exposd", "--ignore", "CPC999"]) == 2
    err = capsys.readouterr().err
    assert err.count("error[CPC080]") == 2 and "did you mean `world-exposed`?" in err


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("note", 1)])
def test_fail_level(folder: Path, capsys: Captured, level: str, code: int) -> None:
    assert check(capsys, "--fail-level", level) == (code, ["CPC202", "CPC210"])


def test_notes_fail_only_where_that_is_asked(folder: Path, capsys: Captured) -> None:
    (folder / "p.cil").write_text(POLICY + "audit web\n")
    ignore = ("--ignore", "CPC2")
    assert check(capsys, *ignore) == (0, ["CPC405"])
    assert check(capsys, *ignore, "--fail-level", "note") == (1, ["CPC405"])


def test_bad_input_is_2_at_every_level(folder: Path, capsys: Captured) -> None:
    (folder / "p.cil").write_text(POLICY + "default deny ingress for wbe\n")
    assert check(capsys, "--fail-level", "error")[0] == 2
    assert check(capsys, "--ignore", "CPC301", "--select", "CPC210") == (2, ["CPC301"])


def test_the_file_says_it_and_the_command_line_goes_first(folder: Path, capsys: Captured) -> None:
    (folder / "cpc.toml").write_text('[check]\nignore = ["CPC202"]\nfail-level = "error"\n')
    assert check(capsys) == (0, ["CPC210"])
    assert check(capsys, "--fail-level", "warning") == (1, ["CPC210"])
    assert check(capsys, "--ignore", "CPC210") == (0, [])
    assert check(capsys, "--select", "all") == (0, ["CPC202", "CPC210"])


def test_a_chosen_severity_decides_about_the_exit_code(folder: Path, capsys: Captured) -> None:
    (folder / "cpc.toml").write_text('[check.severity]\nCPC202 = "note"\nworld-exposed = "error"\n')
    assert check(capsys, "--fail-level", "error") == (1, ["CPC202", "CPC210"])
    assert check(capsys, "--ignore", "CPC210") == (0, ["CPC202"])


def test_a_finding_about_an_inventory_is_no_bad_input(folder: Path, capsys: Captured) -> None:
    (folder / "i.yaml").write_text(
        "endpoints:\n- {name: a, labels: {app: x}, addresses: [10.0.0.1]}\n"
    )
    (folder / "cpc.toml").write_text('[check.severity]\nforgotten-endpoint = "error"\n')
    code, codes = check(capsys, "--inventory", "i.yaml", "--ignore", "CPC2")
    assert (code, codes) == (1, ["CPC712"])


def test_settings_that_cannot_be_used_stop_everything(folder: Path, capsys: Captured) -> None:
    (folder / "cpc.toml").write_text('[check]\nfail-levle = "error"\n')
    assert run(["check", "p.cil"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "error[CPC085]" in err and "2 | fail-levle" in err


BASELINE = ("--baseline", "base.json")


def test_a_baseline_accepts_what_was_there_wherever_it_moves(
    folder: Path, capsys: Captured
) -> None:
    assert check(capsys, *BASELINE, "--update-baseline") == (0, [])
    assert check(capsys, *BASELINE) == (0, [])
    first, *rest = POLICY.splitlines(keepends=True)
    (folder / "p.cil").write_text(
        first + "\n# moved\n\n" + "".join(rest).replace(" tcp", "\n    tcp")
    )
    assert check(capsys, *BASELINE) == (0, [])


def test_a_baseline_accepts_nothing_new(folder: Path, capsys: Captured) -> None:
    check(capsys, *BASELINE, "--update-baseline")
    (folder / "p.cil").write_text(POLICY.replace("tcp/22", "tcp/23"))
    code, codes = check(capsys, *BASELINE)
    assert (code, codes) == (1, ["CPC207", "CPC210"])
    (folder / "p.cil").write_text(POLICY + "policy q {\n  allow ssh: world -> web tcp/22\n}\n")
    assert check(capsys, *BASELINE)[0] in (0, 1)


def test_counts_are_exact(folder: Path, capsys: Captured) -> None:
    twice = POLICY.replace("allow ssh: world", "allow world") + "allow world -> web tcp/22\n"
    (folder / "p.cil").write_text(
        twice.replace(" tcp/22\nallow world", " tcp/22\nallow world-ipv6")
    )
    check(capsys, *BASELINE, "--update-baseline")
    document = json.loads((folder / "base.json").read_text())
    assert document["schema"] == "cpc.baseline/1"
    assert all(entry["count"] == 1 for entry in document["findings"])
    document["findings"][0]["count"] = 2
    (folder / "base.json").write_text(json.dumps(document))
    code, codes = check(capsys, *BASELINE)
    assert (code, codes) == (0, ["CPC207"])


def test_a_baseline_in_the_settings_is_beside_them(folder: Path, capsys: Captured) -> None:
    (folder / "cpc.toml").write_text('[check]\nbaseline = "base.json"\n')
    assert run(["check", "p.cil", "--update-baseline"]) == 0
    assert "cpc: `" in (said := capsys.readouterr().err) and "accepts 2 findings" in said
    assert check(capsys) == (0, [])
    assert check(capsys, "--fail-level", "note") == (0, [])


def test_a_finding_that_is_gone_is_a_note(folder: Path, capsys: Captured) -> None:
    check(capsys, *BASELINE, "--update-baseline")
    (folder / "p.cil").write_text(POLICY.replace("tcp/22", "tcp/443"))
    assert check(capsys, *BASELINE) == (0, ["CPC207"])
    assert check(capsys, *BASELINE, "--fail-level", "note")[0] == 1
    assert check(capsys, *BASELINE, "--ignore", "stale-baseline") == (0, [])


def test_a_baseline_never_accepts_bad_input(folder: Path, capsys: Captured) -> None:
    (folder / "p.cil").write_text(POLICY + "default deny ingress for wbe\n")
    assert check(capsys, *BASELINE, "--update-baseline")[0] == 2
    assert not (folder / "base.json").exists()


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"schema": "other"}', '{"schema": "cpc.baseline/1"}',
             '{"schema": "cpc.baseline/1", "findings": [{"file": "a"}]}', "[" * 5000]
)  # fmt: skip
def test_a_baseline_that_is_none(folder: Path, capsys: Captured, text: str) -> None:
    (folder / "base.json").write_text(text)
    assert run(["check", "p.cil", *BASELINE]) == 2
    assert ("error[CPC086]" if text else "error[CPC005]") in capsys.readouterr().err


def test_a_baseline_that_is_missing_or_not_named(folder: Path, capsys: Captured) -> None:
    assert run(["check", "p.cil", *BASELINE]) == 2
    said = capsys.readouterr().err
    assert "error[CPC001]: `base.json` does not exist" in said and "--update-baseline" in said
    assert run(["check", "p.cil", "--update-baseline"]) == 2
    assert "there is no baseline to update" in capsys.readouterr().err


def test_an_unknown_answer_is_3_and_never_accepted(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cpc.compiler.verify import solve

    (folder / "p.cil").write_text(
        POLICY.replace("for web", "for web and { a } or web and not { a }")
    )
    monkeypatch.setattr(solve, "never", lambda *_: solve.Unknown("timeout"))
    assert check(capsys, "--ignore", "CPC202,CPC210") == (3, ["CPC209"])
    assert check(capsys, *BASELINE, "--update-baseline") == (3, ["CPC209"])
    assert check(capsys, *BASELINE)[0] == 3


def test_explain_knows_rules_by_name(capsys: Captured) -> None:
    assert run(["explain", "shadowed-rule"]) == 0
    assert capsys.readouterr().out.startswith(
        "CPC222: a rule can never take effect\nthe rule `shadowed-rule` of `cpc check`\n"
    )
    assert run(["explain", "shadowed-rul"]) == 2
    assert "did you mean `shadowed-rule`?" in capsys.readouterr().err
