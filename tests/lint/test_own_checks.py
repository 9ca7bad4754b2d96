"""The rules that need no engine: what has them, and what nearly has them."""

from pathlib import Path

import pytest

from cpc.compiler.cli import run
from tests.lint.linting import linted, said
from tests.policy.resolving import inventory_of

WEB = 'endpoints web = { app = "web" }\ndefault deny ingress, egress for web\n'
NAMES = f'{WEB}fqdn bank = ["api.bank.example"]\n'
SITE = "service site {{ vip 10.96.0.10 port tcp/80 -> {} backends web }}"

Captured = pytest.CaptureFixture[str]


def codes(*texts: str, inventory: str = "") -> set[str]:
    known = inventory_of(inventory) if inventory else None
    told = linted(*texts, inventory=known)
    return {d.code for d in told if not d.code.startswith("CPC4")}


# --- dns-forgotten -----------------------------------------------------------------------------


def test_names_that_nobody_may_ask_for() -> None:
    (found,) = [d for d in linted(f"{NAMES}allow pay: web -> bank tcp/443") if d.code == "CPC208"]
    assert found.message == "rule `pay` allows DNS names that its endpoints may not ask for"
    assert found.notes == ("witness: an endpoint with k8s:app=web",)


@pytest.mark.parametrize(
    "also",
    [
        "egress allow web -> cluster udp/53",
        "egress allow web -> 192.0.2.53 tcp/{50-60}",
        "egress allow web -> kube-apiserver",
        "egress allow all -> cluster any/53",
        'egress allow web -> cluster udp/53 dns { "*.bank.example" }',
        "tier admin priority 1 { allow web -> all udp/53 }",
        "mode never",
    ],
)
def test_whoever_may_ask_anybody_has_not_forgotten(also: str) -> None:
    text = f"{NAMES}default deny egress for all\negress allow pay: web -> bank tcp/443\n{also}"
    assert "CPC208" not in codes(text)


@pytest.mark.parametrize(
    "also",
    [
        "egress allow web -> bank",  # the resolver itself known by name only
        "egress allow web -> cluster udp/54",
        "staged egress allow web -> cluster udp/53",
        "ingress allow cluster -> web udp/53",
        "egress deny web -> world udp/53",
        "baseline priority 1 { allow web -> all udp/53 }",
    ],
)
def test_what_does_not_let_it_ask(also: str) -> None:
    assert "CPC208" in codes(f"{NAMES}allow pay: web -> bank tcp/443\n{also}")


def test_a_part_of_the_subjects_that_may_ask_is_not_enough() -> None:
    text = f"{NAMES}allow pay: web -> bank tcp/443\negress allow web and {{ canary }} -> all udp/53"
    (found,) = [d for d in linted(text) if d.code == "CPC208"]
    assert "canary" not in found.notes[0]


def test_an_open_endpoint_may_ask_whoever_it_likes() -> None:
    text = (
        'endpoints web = { app = "web" }\nfqdn bank = ["a.example"]\n'
        "default allow egress for web\nallow web -> bank tcp/443"
    )
    assert "CPC208" not in codes(text)


# --- services ----------------------------------------------------------------------------------


def test_two_services_on_one_address_and_port() -> None:
    other = SITE.format(8080).replace("site", "shop")
    opened = f"{WEB}ingress allow world -> web tcp/8080\n"
    (found,) = [d for d in linted(f"{opened}{SITE.format(8080)}\n{other}") if d.code == "CPC211"]
    assert found.message == "services `site` and `shop` both have 10.96.0.10 tcp/80"
    assert [label.message for label in found.labels] == ["the first one"]
    assert "CPC211" not in codes(
        f"{opened}{SITE.format(8080)}\n{other.replace('tcp/80', 'tcp/81')}"
    )
    assert "CPC211" not in codes(f"{opened}{SITE.format(8080)}\n{other.replace('.10', '.11')}")


INVENTORY = """
entities:
  host: [10.96.0.10]
endpoints:
- name: web-1
  labels: {app: web}
  addresses: [10.0.0.1]
"""


def test_an_address_that_somebody_has() -> None:
    text = f"{WEB}ingress allow world -> web tcp/8080\n{SITE.format(8080)}"
    told = linted(text, inventory=inventory_of(INVENTORY))
    assert "the address 10.96.0.10 of service `site` is that of `host`" in [d.message for d in told]
    theirs = INVENTORY.replace("10.96.0.10", "10.0.0.9").replace("10.0.0.1]", "10.96.0.10]")
    told = linted(text, inventory=inventory_of(theirs))
    assert any("is that of endpoint `web-1`" in d.message for d in told)


@pytest.mark.parametrize(
    ("rules", "reachable"),
    [
        ("ingress allow world -> web tcp/8080", True),
        ("ingress allow cluster -> web", True),
        ('ingress allow world -> web tcp/8080 http { GET "/" }', True),
        ("tier admin priority 1 { allow all -> web tcp/8080 }", True),
        ("mode never", True),
        ("ingress allow world -> web tcp/80", False),
        ("ingress allow world -> web udp/8080", False),
        ("staged ingress allow world -> web tcp/8080", False),
        ("ingress allow world -> web tcp/8080\ndeny all -> web", False),
        ("egress allow web -> all tcp/8080", False),
    ],
)
def test_backends_that_can_be_reached(rules: str, reachable: bool) -> None:
    assert ("CPC212" not in codes(f"{WEB}{rules}\n{SITE.format(8080)}")) is reachable


def test_backends_that_are_not_isolated_are_reachable() -> None:
    text = 'endpoints web = { app = "web" }\n' + SITE.format(8080)
    assert "CPC212" not in codes(text)
    assert "CPC212" in codes(f"{text}\nmode always")


def test_a_service_without_endpoints() -> None:
    text = f"{WEB}ingress allow world -> web tcp/8080\n{SITE.format(8080)}"
    assert "CPC212" not in codes(text, inventory=INVENTORY.replace("10.96.0.10", "10.0.0.9"))
    assert "CPC212" in codes(text, inventory=INVENTORY.replace("app: web", "app: wbe"))


# --- unused-include ----------------------------------------------------------------------------


def check(folder: Path, capsys: Captured, **files: str) -> list[str]:
    """The lines that `cpc check main.cil` says about files."""
    for name, text in files.items():
        (folder / f"{name}.cil").write_text(f"language 1\n{text}\n")
    run(["check", "--format", "concise", str(folder / "main.cil")])
    lines = capsys.readouterr().out.splitlines()
    return [line.removeprefix(f"{folder}/") for line in lines if "CPC204" in line]


BASE = "default deny ingress for all"


def test_includes_that_are_of_use(tmp_path: Path, capsys: Captured) -> None:
    web = 'endpoints web = { app = "web" }'
    assert check(tmp_path, capsys, main=f'include "a.cil"\n{BASE}, web', a=web) == []
    assert check(tmp_path, capsys, main='include "a.cil"', a=BASE) == []
    assert (
        check(tmp_path, capsys, main=f'include "b.cil"\n{BASE}, web', b='include "a.cil"', a=web)
        == []
    )


def test_includes_of_what_nobody_names(tmp_path: Path, capsys: Captured) -> None:
    web = 'endpoints web = { app = "web" }\nendpoints both = web or { app = "db" }'
    found = check(tmp_path, capsys, main=f'include "a.cil"\n{BASE}', a=web)
    assert found == ["main.cil:2:1: warning[CPC204] nothing of `a.cil` is used"]
    found = check(tmp_path, capsys, main=f'include "b.cil"\n{BASE}', b='include "a.cil"', a=web)
    assert sorted(line.split(":")[0] for line in found) == ["b.cil", "main.cil"]


def test_an_include_twice(tmp_path: Path, capsys: Captured) -> None:
    main = f'include "a.cil"\ninclude "./a.cil"\n{BASE}, web'
    found = check(tmp_path, capsys, main=main, a='endpoints web = { app = "web" }')
    assert found == ["main.cil:3:1: warning[CPC204] `./a.cil` is included twice"]


def test_the_rules_of_own_checks_have_lines() -> None:
    assert said(linted(f"{NAMES}allow pay: web -> bank tcp/443"))[0] == ("CPC208", 4)
