"""`cpc identities`: the answer for people and as JSON."""

import json
from pathlib import Path

import pytest

from cpc.compiler.cli import run

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


def asked(tmp_path: Path, *words: str, text: str = POLICY) -> int:
    (tmp_path / "p.cil").write_text(text)
    (tmp_path / "i.yaml").write_text(INVENTORY)
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


def test_errors_end_it(tmp_path: Path, capsys: Captured) -> None:
    assert asked(tmp_path, text="language 1\nallow a -> b\n") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "error" in captured.err
