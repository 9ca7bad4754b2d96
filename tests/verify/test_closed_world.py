"""Endpoints that a policy says nothing about are named."""

from ipaddress import ip_address

from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse
from cpc.compiler.verify.closed_world import check_inventory

POLICY = """language 1
endpoints web = { app = "web" }
endpoints db  = { app = "db" }
default deny ingress for web
default allow egress for db
"""


def endpoint(name: str, app: str) -> Endpoint:
    addresses = (ip_address(f"10.0.0.{len(name)}"),)
    return Endpoint(name, (Label("k8s", "app", app),), addresses)


def named(text: str, *endpoints: Endpoint) -> list[str]:
    tree, problems = parse(SourceFile("p.cil", text))
    policy, _, found = resolve([tree], {}, None)
    assert not problems and not found
    return [d.message for d in check_inventory(policy, Inventory(endpoints=endpoints))]


def test_an_endpoint_of_no_default_is_named() -> None:
    (message,) = named(POLICY, endpoint("a", "web"), endpoint("bb", "db"), endpoint("ccc", "wbe"))
    assert "`ccc`" in message


def test_a_policy_without_defaults_isolates_nobody_on_purpose() -> None:
    assert not named("language 1\n", endpoint("a", "web"))
