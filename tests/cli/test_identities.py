"""`cpc identities`: the answer for people and as JSON."""

import json
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from cpc.compiler.verify.engine import quotient

Captured = pytest.CaptureFixture[str]

POLICY = """language 1
endpoints web = { app = "web" }
default deny ingress for web
ingress deny nobody: all -> web tcp/22
ingress allow ssh: { tier = "ops" } -> web tcp/22
ingress allow pages: { zone in ("a", "b") } -> web tcp/80
"""
INVENTORY = """endpoints:
  - {name: one, addresses: [10.0.0.1], labels: {app: web, zone: a, hash: x1}}
  - {name: two, addresses: [10.0.0.2], labels: {app: web, zone: b, hash: x2}}
  - {name: three, addresses: [10.0.0.3], labels: {app: web, zone: c, tier: ops}}
"""


def asked(tmp_path: Path, *words: str, text: str = POLICY, inventory: str = INVENTORY) -> int:
    (tmp_path / "p.cil").write_text(text)
    (tmp_path / "i.yaml").write_text(inventory)
    return run(["identities", str(tmp_path / "p.cil"), *words])


def test_keys_proofs_classes_and_the_filter(tmp_path: Path, capsys: Captured) -> None:
    assert asked(tmp_path, "--inventory", str(tmp_path / "i.yaml")) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 of 3 label keys that the policy names matter\n")
    assert "tier does not matter: whatever its label, every flow is decided the same\n" in out
    assert "no policy names: hash\n" in out
    assert "3 label sets, 2 classes of endpoints\n  one, two\n  three\n" in out
    assert out.endswith("label filter: app zone\n")


def test_as_json(tmp_path: Path, capsys: Captured) -> None:
    assert asked(tmp_path, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "cpc.identities/1" and document["identities"] is None
    assert document["filter"] == ["app", "zone"]
    zone = next(key for key in document["keys"] if key["key"] == "zone")
    assert ["k8s:zone=a", "k8s:zone=b"] in zone["classes"]
    (told,) = zone["told_apart"]
    assert {flow["decision"]["verdict"] for flow in told["flows"]} == {"allow", "deny"}


def test_what_is_not_known_is_said_and_kept(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever leaves out a key that may matter takes different endpoints for one."""

    def stopped(*_: object) -> None:
        raise quotient.Undecided("the search was stopped")

    monkeypatch.setattr(quotient, "first_between", stopped)
    words = ["--inventory", str(tmp_path / "i.yaml")]
    inventory = INVENTORY.replace("zone: c", "zone: a")
    assert asked(tmp_path, *words, inventory=inventory) == 3
    out = capsys.readouterr().out
    assert out.startswith("2 of 3 label keys that the policy names matter, of 1 it is not known\n")
    assert "tier: it is not known whether it matters: the search" in out
    assert "does not matter" not in out
    assert "3 label sets; it is not known which of them are alike: the search" in out
    assert out.endswith("label filter: app tier zone\n")
    assert asked(tmp_path, *words, "--format", "json", inventory=inventory) == 3
    document = json.loads(capsys.readouterr().out)
    assert {k["key"]: k["matters"] for k in document["keys"]} == {
        "app": True,
        "tier": None,
        "zone": True,
    }
    assert document["filter"] == ["app", "tier", "zone"]
    found = document["identities"]
    assert found["undecided"] and found["after"] is None and found["classes"] is None


def test_errors_end_it(tmp_path: Path, capsys: Captured) -> None:
    assert asked(tmp_path, text="language 1\nallow a -> b\n") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "error" in captured.err
