"""`cpc test`: what holds, what does not and why, coverage, slips that nobody would notice."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]

POLICY = """language 1
endpoints web = { app = "web" }
endpoints db  = { app = "db" }
policy shop namespace "shop" {
  default deny ingress, egress for web, db
  allow web-db: web -> db tcp/5432
  allow api: db -> web tcp/80 http { GET "/items" }
}
"""

GOOD = """test "the database" namespace "shop" {
  web -> db tcp/5432 : allow by web-db
  web -> db tcp/5433 : deny by default
  world -> db : deny
  db -> web tcp/80 : redirect by api
  db -> web tcp/80 GET "/items" : allow
  db -> web tcp/80 GET "/other" : deny by default
}
"""

INVENTORY = """endpoints:
  - name: web-1
    namespace: shop
    labels: { app: web }
    addresses: [10.0.0.1]
  - name: db-1
    namespace: shop
    labels: { app: db }
    addresses: [10.0.0.2]
  - name: db-1
    namespace: lab
    labels: { app: db }
    addresses: [10.0.1.2]
"""


def write(folder: Path, text: str) -> str:
    file = folder / "shop.cil"
    file.write_text(POLICY + text)
    return str(file)


def inventory(folder: Path) -> str:
    file = folder / "pods.yaml"
    file.write_text(INVENTORY)
    return str(file)


def answer(capsys: Captured, code: int, *words: str) -> dict[str, Any]:
    assert run(["test", *words, "--format", "json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["schema"] == "cpc.test/1"
    return found


@pytest.mark.parametrize("closed", [False, True])
def test_tests_that_hold(tmp_path: Path, closed: bool, capsys: Captured) -> None:
    more = ["--inventory", inventory(tmp_path)] if closed else []
    file = write(tmp_path, GOOD)
    assert run(["test", file, *more]) == 0
    out, err = capsys.readouterr()
    assert out == f"ok  the database  {file}:9\n"
    assert err.endswith("cpc: 1 of 1 tests hold\n")


def test_a_case_that_fails_has_a_witness_and_the_deciding_line(
    tmp_path: Path, capsys: Captured
) -> None:
    file = write(tmp_path, 'test "t" namespace "shop" {\n  web -> db : deny\n}\n')
    assert run(["test", file]) == 1
    out, err = capsys.readouterr()
    assert "error[CPC240]: this is allowed, not denied" in out
    assert f"--> {file}:10:3" in out
    assert "6 |   allow web-db: web -> db tcp/5432\n" in out and "- allow by this\n" in out
    assert "witness: {app=web, io.kubernetes.pod.namespace=shop} -> {app=db, " in out
    assert "tcp/5432\n   = egress: allow by web-db" in out
    assert err == "cpc: 1 error\ncpc: 0 of 1 tests hold\n"


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("web -> db tcp/5432 : allow by api", "this is allowed, but not by `api`"),
        ("web -> db tcp/5432 : allow by default", "this is allowed, but not by `default`"),
        ("web -> db tcp/5432-5433 : allow", "this is denied, not allowed"),
        ("db -> web tcp/80 : allow", "this is redirected, not allowed"),
        ('db -> web tcp/80 GET "/items" : redirect', "this is allowed, not redirected"),
        ("all -> db tcp/5432 : allow by web-db", "this is "),
        ("{ app } -> db tcp/5432 : allow by web-db", "this is denied, not allowed"),
    ],
)
def test_how_cases_fail(tmp_path: Path, case: str, message: str, capsys: Captured) -> None:
    file = write(tmp_path, f'test "t" namespace "shop" {{ {case} }}\n')
    assert run(["test", file, "--format", "concise"]) == 1
    assert f"error[CPC240] {message}" in capsys.readouterr().out


def test_a_case_about_nobody_is_no_success(tmp_path: Path, capsys: Captured) -> None:
    file = write(tmp_path, 'test "t" { { app = "x", not app } -> db : deny }\n')
    assert answer(capsys, 1, file)["tests"][0]["cases"][0]["status"] == "nobody"
    file = write(tmp_path, 'test "t" namespace "moon" { web -> db : deny }\n')
    found = answer(capsys, 1, file, "--inventory", inventory(tmp_path))
    assert found["nobody"] == 1 and found["holds"] == 0


def test_an_inventory_closes_the_world(tmp_path: Path, capsys: Captured) -> None:
    text = 'test "t" { web -> db tcp/1 : deny by default }\n'
    assert answer(capsys, 1, write(tmp_path, text))["fails"] == 1
    found = answer(capsys, 0, write(tmp_path, text), "--inventory", inventory(tmp_path))
    (case,) = found["tests"][0]["cases"]
    assert case["connection"]["client"]["name"] == "shop/web-1"
    assert case["egress"]["statement"]["name"] == "default deny"


def test_a_witness_outside_of_a_namespace_says_so(tmp_path: Path, capsys: Captured) -> None:
    file = write(tmp_path, 'test "t" { web -> db tcp/1 : deny }\n')
    assert run(["test", file]) == 1
    assert 'write `test "..." namespace "..."`' in capsys.readouterr().out


def test_no_key_has_labels_of_two_sources(tmp_path: Path, capsys: Captured) -> None:
    """Else someone could be `k8s:app=db` and `container:app=web` at once."""
    found = answer(
        capsys, 0, write(tmp_path, 'test "t" namespace "shop" { db -> db tcp/5432 : deny }\n')
    )
    assert found["holds"] == 1


def test_coverage(tmp_path: Path, capsys: Captured) -> None:
    text = 'test "t" namespace "shop" {\n  web -> db tcp/5432 : allow\n}\n'
    file = write(tmp_path, text)
    found = answer(capsys, 0, file, "--coverage")["coverage"]
    assert found["covered"] == 2 and not found["undecided"]
    assert {
        (half["statement"]["name"], half["direction"]): [c["line"] for c in half["cases"]]
        for half in found["halves"]
    } == {
        ("web-db", "egress"): [10],
        ("web-db", "ingress"): [10],
        ("api", "egress"): [],
        ("api", "ingress"): [],
        ("default deny", "egress"): [],
        ("default deny", "ingress"): [],
    }
    assert run(["test", file, "--coverage"]) == 0
    out = capsys.readouterr().out
    assert "coverage: 2 of 6 halves of rules and defaults decide some case, 33%" in out
    assert "egress of allow api" in out and "web-db" not in out


@pytest.mark.parametrize("closed", [False, True])
def test_mutants(tmp_path: Path, closed: bool, capsys: Captured) -> None:
    more = ["--inventory", inventory(tmp_path)] if closed else []
    found = answer(capsys, 0, write(tmp_path, GOOD), "--mutate", *more)["mutation"]
    fates = {(m["statement"]["name"], m["what"]): m["fate"] for m in found["mutants"]}
    assert fates["web-db", "removed"] == "killed"
    assert fates["web-db", "`deny` instead of `allow`"] == "killed"
    assert fates["web-db", "`tcp/5432-5433` instead of `tcp/5432`"] == "killed"
    assert fates["web-db", "`tcp/5431-5432` instead of `tcp/5432`"] == "survived"
    assert fates["api", "without its request part"] == "killed"
    assert found["total"] == found["tried"] == len(fates)
    survivor = next(m for m in found["mutants"] if "5431" in m["what"])
    assert survivor["verdicts"] == ["deny", "allow"]
    assert survivor["connection"]["service"] == "tcp/5431"


def test_mutants_that_say_the_same_are_not_counted(tmp_path: Path, capsys: Captured) -> None:
    text = 'endpoints all-db = { app = "db" }\n' + GOOD
    file = write(tmp_path, text)
    Path(file).write_text(
        Path(file).read_text().replace("allow api", "allow again: web -> db tcp/5432\n  allow api")
    )
    mutants = answer(capsys, 0, file, "--mutate")["mutation"]["mutants"]
    removed = next(m for m in mutants if m["statement"]["name"] == "again")
    assert (removed["what"], removed["fate"]) == ("removed", "equivalent")


@pytest.mark.parametrize("closed", [False, True])
def test_mutants_of_request_parts_are_told_apart_by_requests(
    tmp_path: Path, closed: bool, capsys: Captured
) -> None:
    """Removing a matcher that others contain changes nothing; another frees or bars some request."""
    more = ["--inventory", inventory(tmp_path)] if closed else []
    file = write(tmp_path, GOOD)
    text = Path(file).read_text().replace('GET "/items" }', 'GET "/items" GET "/i.*" GET "/x" }')
    Path(file).write_text(text)
    mutants = answer(capsys, 0, file, "--mutate", *more)["mutation"]["mutants"]
    found = {m["what"]: m for m in mutants if "matcher" in m["what"]}
    assert [m["fate"] for m in found.values()] == ["equivalent", "survived", "survived"]
    third = found["without matcher 3 of its request part"]
    assert third["connection"]["request"] == 'GET "/x"' and third["verdicts"] == ["allow", "deny"]


def test_no_score_where_a_test_fails(tmp_path: Path, capsys: Captured) -> None:
    file = write(tmp_path, 'test "t" namespace "shop" { web -> db : allow }\n')
    assert run(["test", file, "--mutate"]) == 1
    out, err = capsys.readouterr()
    assert "mutation score" not in out and "the tests must hold first" in err


def test_junit(tmp_path: Path, capsys: Captured) -> None:
    bad = '  web -> db tcp/5433 : allow\n  { app = "\\u{1}" } -> db : deny\n}\n'
    file, results = write(tmp_path, GOOD.removesuffix("}\n") + bad), tmp_path / "results.xml"
    assert run(["test", file, "--junit", str(results)]) == 1
    capsys.readouterr()
    (suite,) = ElementTree.parse(results).getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (
        "the database",
        "8",
        "1",
    )
    failed = [case for case in suite if len(case)]
    assert [case.get("name") for case in failed] == ["web -> db tcp/5433 : allow"]
    assert failed[0][0].get("message") == "this is denied, not allowed"
    assert failed[0].get("line") == "16"


def test_no_tests_is_an_error(tmp_path: Path, capsys: Captured) -> None:
    assert run(["test", write(tmp_path, "")]) == 2
    assert "CPC245" in capsys.readouterr().err


def test_what_is_wrong_is_said_first(tmp_path: Path, capsys: Captured) -> None:
    assert run(["test", write(tmp_path, 'test "t" { wbe -> db : deny }\n')]) == 2
    assert "CPC301" in capsys.readouterr().err


def test_tests_compile_to_nothing(tmp_path: Path, capsys: Captured) -> None:
    bare = POLICY.replace("http { GET", "#")
    bare = bare.replace('  allow api: db -> web tcp/80 # "/items" }\n', "")
    file = tmp_path / "shop.cil"
    file.write_text(bare)
    assert run(["compile", "--emit", "ir", str(file)]) == 0
    without = capsys.readouterr().out
    file.write_text(bare + 'test "t" { web -> db : deny }\n')
    assert run(["compile", "--emit", "ir", str(file)]) == 0
    assert capsys.readouterr().out == without
