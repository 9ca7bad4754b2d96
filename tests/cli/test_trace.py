"""`cpc trace` and `cpc why`: questions in the words of the language, answers for people and programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
SHOP = str(ROOT / "examples/shop/policy.cil")
INVENTORY = str(ROOT / "examples/shop/inventory.yaml")

POLICY = """language 1
endpoints web = { app = "web" }
endpoints db  = { app = "db" }
cidr office = [198.51.100.0/24]
policy shop namespace "shop" {
  default deny ingress, egress for web, db
  allow web-db: web -> db tcp/5432
  egress allow half: web -> db tcp/5433
  allow api: db -> web tcp/80 http { GET "/items" }
  ingress allow office-web: office -> web tcp/443
  deny no-old: web -> db tcp/1
  staged allow next: web -> db tcp/5434
  ingress require tenant: { tenant = "acme" } -> db
}
tier admin priority 5 { pass rest: { app = "db" } -> all tcp/80 }
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "shop.cil"
    file.write_text(POLICY)
    return str(file)


def asked(capsys: Captured, *words: str) -> str:
    assert run(list(words)) == 0
    return capsys.readouterr().out


def answer(capsys: Captured, command: str, file: str, question: str, *more: str) -> dict[str, Any]:
    text = asked(capsys, command, file, question, "--format", "json", *more)
    found: dict[str, Any] = json.loads(text)
    assert found["schema"] == f"cpc.{command}/1" and found["question"] == question
    return found


def considered(side: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    return {
        one["statement"]["name"]: (one["standing"], one["missed"]) for one in side["considered"]
    }


def test_both_sides_with_the_deciding_rule_and_its_line(capsys: Captured) -> None:
    text = asked(capsys, "trace", SHOP, "web -> orders tcp/8080")
    assert text.startswith("allow: web -> orders tcp/8080\n")
    assert 'client  { "k8s:app" = "web" }\n' in text
    for direction in ("egress", "ingress"):
        assert f"\n{direction}: allow by web-orders ({SHOP}:22)\n" in text
    assert f"admin 10 deny no-ssh  {SHOP}:37  misses port\n" in text
    assert "default deny ingress" in text and "overruled" in text


def test_rules_about_others_are_counted_and_shown_on_demand(capsys: Captured) -> None:
    short = asked(capsys, "trace", SHOP, "web -> orders tcp/8080")
    long = asked(capsys, "trace", SHOP, "web -> orders tcp/8080", "-v")
    assert "about other endpoints" in short and "about other endpoints" not in long
    assert "stats" not in short.split("ingress:")[1] and "stats" in long.split("ingress:")[1]


def test_each_part_that_a_rule_misses_is_named(policy: str, capsys: Captured) -> None:
    found = answer(capsys, "trace", policy, "web -> db tcp/5433", "-n", "shop")
    egress, ingress = found["sides"]
    assert considered(egress) == {
        "rest": ("misses", ["subject", "port"]),
        "web-db": ("misses", ["port"]),
        "half": ("decides", []),
        "api": ("misses", ["subject", "port", "peer", "request"]),
        "office-web": ("misses", ["direction", "subject", "port", "peer"]),
        "no-old": ("misses", ["port"]),
        "next": ("misses", ["port"]),
        "default deny": ("overruled", []),
    }
    assert considered(ingress) == {
        "rest": ("misses", ["port", "peer"]),
        "web-db": ("misses", ["port", "requirement"]),
        "half": ("misses", ["direction"]),
        "api": ("misses", ["subject", "port", "peer", "requirement"]),
        "office-web": ("misses", ["subject", "port", "peer"]),
        "no-old": ("misses", ["port"]),
        "next": ("misses", ["port", "requirement"]),
        "default deny": ("decides", []),
    }
    assert found["verdict"] == "deny"
    web_db = next(o for o in ingress["considered"] if o["statement"]["name"] == "web-db")
    assert [r["name"] for r in web_db["unmet"]] == ["tenant"]


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("db -> web tcp/80", "redirect"),
        ('db -> web tcp/80 GET "/items"', "allow"),
        ('db -> web tcp/80 GET "/admin"', "deny"),
        ("office -> web tcp/443", "allow"),
        ("198.51.100.7 -> web tcp/443", "allow"),
        ("192.0.2.7 -> web tcp/443", "deny"),
        ('{ app = "web", tenant = "acme" } -> db tcp/5432', "allow"),
        ("web -> db tcp/5432", "deny"),
        ("web -> db tcp/1", "deny"),
        ("web -> db icmp/echo-request", "deny"),
        ("web -> db icmpv6/echo-request", "deny"),
        ("world -> web tcp/443", "deny"),
        ("kube-apiserver -> web udp/53", "deny"),
        ("host -> web udp/53", "allow"),
        ("world -> { other } proto/47", "allow"),
    ],
)
def test_questions(policy: str, question: str, verdict: str, capsys: Captured) -> None:
    found = answer(capsys, "trace", policy, question, "-n", "shop")
    assert found["verdict"] == verdict, found


def test_the_request_is_a_part(policy: str, capsys: Captured) -> None:
    found = answer(capsys, "trace", policy, 'db -> web tcp/80 GET "/admin"', "-n", "shop")
    assert considered(found["sides"][0])["api"] == ("misses", ["request"])
    assert considered(found["sides"][0])["rest"] == ("passes", [])
    assert found["connection"]["request"] == 'GET "/admin"'


def test_a_namespace_is_asked_for(policy: str, capsys: Captured) -> None:
    assert answer(capsys, "trace", policy, "web -> db tcp/1")["verdict"] == "allow"
    inside = answer(capsys, "trace", policy, "web -> db tcp/1", "-n", "shop")
    assert inside["verdict"] == "deny"
    assert "k8s:io.kubernetes.pod.namespace=shop" in inside["connection"]["client"]["labels"]


def test_under_an_inventory_its_endpoints_are_meant(capsys: Captured) -> None:
    found = answer(capsys, "trace", SHOP, "all -> orders tcp/8080", "--inventory", INVENTORY)
    assert found["connection"]["client"]["name"] == "web"
    assert [(p["number"], p["client"], p["verdict"]) for p in found["pairs"]] == [
        (2, "web", "allow"),
        (2, "db", "deny"),
        (2, "host", "allow"),
    ]
    for name in ('"orders"', "10.42.0.20"):
        found = answer(capsys, "trace", SHOP, f"{name} -> db postgres", "--inventory", INVENTORY)
        assert found["connection"]["client"]["name"] == "orders"
        assert found["verdict"] == "allow"
    outside = answer(capsys, "trace", SHOP, "office -> web tcp/9090", "--inventory", INVENTORY)
    assert outside["connection"]["client"]["entities"] == ["world"]


def test_a_line_for_scripts(capsys: Captured) -> None:
    text = asked(capsys, "trace", SHOP, "web -> orders tcp/8081", "--format", "concise")
    assert text == (
        "deny: egress allow: nothing decides, so the mode does; "
        f"ingress deny by default ({SHOP}:15)\n"
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["web -> db"], "CPC244"),
        (["web -> db tcp/5000-6000"], "CPC244"),
        (["web -> wbe tcp/1"], "CPC301"),
        (["web db tcp/1"], "CPC103"),
        (["shop/web -> db tcp/1"], "CPC243"),
        (['"nobody" -> db tcp/1', "--inventory", INVENTORY], "CPC243"),
        (['"10.0.0.1" -> db tcp/1', "--inventory", INVENTORY], "CPC243"),
        (['{ app = "nobody" } -> db tcp/1', "--inventory", INVENTORY], "CPC244"),
        (['"web" -> "web" tcp/1', "--inventory", INVENTORY], "CPC244"),
        (["office -> 2001:db8::1 tcp/1"], "CPC244"),
        (['web -> db tcp/"http"'], "CPC351"),
        (['web -> db tcp/80 http { any "/" }'], "CPC352"),
    ],
)
def test_a_question_without_an_answer(
    policy: str, words: list[str], code: str, capsys: Captured
) -> None:
    assert run(["trace", policy, *words, "--format", "concise"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and f"error[{code}]" in err


def test_what_is_wrong_with_the_policy_is_said_first(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "p.cil"
    file.write_text("language 1\ndefault deny ingress for wbe\n")
    assert run(["why", str(file), "all -> all tcp/1"]) == 2
    assert "CPC301" in capsys.readouterr().err


def test_why_not_names_the_nearest_allow_and_what_it_misses(policy: str, capsys: Captured) -> None:
    text = asked(capsys, "why", policy, "web -> db tcp/5433", "-n", "shop")
    assert f"\ningress: deny by default ({policy}:6)\n" in text
    assert (
        f"  the nearest allow: allow half ({policy}:8)\n    direction: it is about egress only\n"
        in text
    )
    assert "\negress: " not in text
    found = answer(capsys, "why", policy, "web -> db tcp/5432", "-n", "shop")
    (side,) = found["sides"]
    assert side["nearest"] == [
        {
            "statement": {**side["nearest"][0]["statement"], "name": "web-db", "line": 7},
            "missed": ["requirement"],
            "changes": [
                {
                    "what": "requirement",
                    "words": f"tenant ({policy}:13) requires "
                    '{ "k8s:io.kubernetes.pod.namespace" = "shop", tenant = "acme" }',
                }
            ],
        }
    ]


def test_why_shows_what_comes_after_a_deny_rule(policy: str, capsys: Captured) -> None:
    text = asked(capsys, "why", policy, "web -> db tcp/1", "-n", "shop")
    assert f"egress: deny by no-old ({policy}:11)\n" in text
    assert f"  without no-old: deny by default ({policy}:6)\n" in text


def test_why_names_a_staged_rule_as_near(policy: str, capsys: Captured) -> None:
    text = asked(
        capsys, "why", policy, '{ app = "web", tenant = "acme" } -> db tcp/5434', "-n", "shop"
    )
    assert "as near: staged allow next" in text and "staged: it is not enforced" in text


def test_why_of_what_is_allowed(policy: str, capsys: Captured) -> None:
    text = asked(capsys, "why", policy, "office -> web tcp/443", "-n", "shop")
    assert f"ingress: allow by office-web ({policy}:10)\n" in text
    assert f"  without office-web: deny by default ({policy}:6)\n" in text
    text = asked(capsys, "why", policy, "web -> db tcp/1")
    assert "no `default deny egress` is about the client" in text
