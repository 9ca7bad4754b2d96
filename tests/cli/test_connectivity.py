"""`cpc connectivity`: the forms of the list, what is beside it, and how services are spelled."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from cpc.compiler.commands.connectivity_text import (
    allowed_words,
    connectivity_csv,
    connectivity_txt,
)
from cpc.compiler.policy.model import PortRange
from cpc.compiler.verify.connectivity import Allowed, Connection, Connectivity, Workload
from cpc.compiler.verify.service_sets import EVERY_SERVICE, NO_SERVICE, ServiceSet, services_of

Captured = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
SHOP = ["connectivity", str(ROOT / "examples/shop/policy.cil")]
INVENTORY = ["--inventory", str(ROOT / "examples/shop/inventory.yaml")]


def union(*ranges: PortRange) -> ServiceSet:
    found = NO_SERVICE
    for ports in ranges:
        found |= services_of(ports)
    return found


def listed(*allowed: Allowed) -> Connectivity:
    return Connectivity((Connection(Workload("a"), Workload("b"), allowed),), True)


def text(*ranges: PortRange, family: int = 4) -> str:
    """The services of one family, as txt has them."""
    line = connectivity_txt(listed(Allowed(family, union(*ranges), NO_SERVICE)))
    return line.removeprefix("a => b : ").removesuffix("\n")


@pytest.mark.parametrize(
    ("ranges", "wanted"),
    [
        ([PortRange(6, 80, 80)], "TCP 80"),
        ([PortRange(6, 80, 90), PortRange(6, 443, 443)], "TCP 80-90,443"),
        (
            [PortRange(17, 53, 53), PortRange(132), PortRange(6, 53, 53)],
            "SCTP 1-65535,TCP 53,UDP 53",
        ),
        ([PortRange(6), PortRange(17), PortRange(132)], "SCTP 1-65535,TCP 1-65535,UDP 1-65535"),
        ([PortRange(6, 0, 79)], "TCP 1-79"),
        ([PortRange(6, 0, 0)], "TCP 0"),
        ([PortRange(1, 8 << 8, 8 << 8 | 255)], "ICMP 8"),
        ([PortRange(1, 3 << 8 | 4, 3 << 8 | 4)], "ICMP 3/4"),
        ([PortRange(1, 3 << 8 | 4, 3 << 8 | 9)], "ICMP 3/4-9"),
        ([PortRange(1, 3 << 8 | 4, 9 << 8 | 6)], "ICMP 3/4-255,4-8,9/0-6"),
        ([PortRange(1, 3 << 8 | 4, 4 << 8 | 255)], "ICMP 3/4-255,4"),
        ([PortRange(1, 3 << 8, 4 << 8 | 6)], "ICMP 3,4/0-6"),
        ([PortRange(1, 3 << 8 | 4, 4 << 8 | 6)], "ICMP 3/4-255,4/0-6"),
        ([PortRange(1)], "ICMP 0-255"),
        ([PortRange(47)], "IP 47"),
        ([PortRange(46), PortRange(47), PortRange(50), PortRange(6, 1, 1)], "IP 46-47,50,TCP 1"),
        ([PortRange(protocol) for protocol in range(256)], "All Connections"),
    ],
)
def test_services_are_spelled(ranges: Sequence[PortRange], wanted: str) -> None:
    assert text(*ranges) == wanted


def test_all_but_a_port_is_not_all() -> None:
    services = EVERY_SERVICE - union(PortRange(6, 22, 22))
    assert connectivity_txt(listed(Allowed(4, services, NO_SERVICE))) == (
        "a => b : ICMP 0-255,IP 0,2-5,7-16,18-57,59-131,133-255,"
        "SCTP 1-65535,TCP 1-21,23-65535,UDP 1-65535\n"
    )


def test_families_share_a_line_unless_they_differ_in_more_than_icmp() -> None:
    four, six = union(PortRange(1), PortRange(6, 80, 80)), union(PortRange(6, 80, 80))
    both = (Allowed(4, four, NO_SERVICE), Allowed(6, six, NO_SERVICE))
    assert connectivity_txt(listed(*both)) == "a => b : ICMP 0-255,TCP 80\n"
    everything = (Allowed(4, EVERY_SERVICE, NO_SERVICE), Allowed(6, EVERY_SERVICE, NO_SERVICE))
    assert connectivity_txt(listed(*everything)) == "a => b : All Connections\n"
    apart = (Allowed(4, four, NO_SERVICE), Allowed(6, NO_SERVICE, NO_SERVICE))
    assert connectivity_txt(listed(*apart)) == "a => b : ICMP 0-255,TCP 80 (IPv4)\n"
    mixed = (Allowed(4, four, NO_SERVICE), Allowed(6, EVERY_SERVICE, NO_SERVICE))
    assert connectivity_txt(listed(*mixed)) == (
        "a => b : All Connections (IPv6)\na => b : ICMP 0-255,TCP 80 (IPv4)\n"
    )


def test_a_family_that_nothing_passes_is_told_from_one_that_nobody_speaks() -> None:
    port = union(PortRange(6, 80, 80))
    four, six = Allowed(4, port, NO_SERVICE), Allowed(6, NO_SERVICE, NO_SERVICE)
    assert allowed_words((four,)) == "TCP 80"
    assert allowed_words((four, six)) == "TCP 80 (IPv4)"
    assert allowed_words((six,)) == "No Connections"


def test_some_requests_are_marked() -> None:
    some = Allowed(4, union(PortRange(6, 80, 81)), union(PortRange(6, 80, 80)))
    assert connectivity_txt(listed(some)) == "a => b : TCP 80-81 (some requests: TCP 80)\n"
    assert connectivity_csv(listed(some)) == (
        "source,destination,connections,requests\na,b,TCP 80-81,TCP 80\n"
    )


def test_txt_is_the_answer_and_sorted(capsys: Captured) -> None:
    assert run([*SHOP, *INVENTORY]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines == sorted(lines) and err == ""
    assert "orders => db : TCP 5432" in lines
    assert "web => 0.0.0.0-255.255.255.255[External] : All Connections" in lines
    assert not any("{host}" in line for line in lines)


def test_entities_are_listed_where_they_are_asked_for(capsys: Captured) -> None:
    assert run([*SHOP, *INVENTORY, "--entities"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "{host} => db : All Connections" in lines
    assert "orders => {host} : ICMP 8,ICMPv6 128" in lines


@pytest.mark.parametrize("words", [["--emit", "json"], ["--format", "json"]])
def test_json_is_exact(words: list[str], capsys: Captured) -> None:
    assert run([*SHOP, *INVENTORY, *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["ipv6"]) == ("cpc.connectivity/1", True)
    found = {
        (c["source"].get("name"), c["destination"].get("name")): c["allowed"]
        for c in document["connections"]
    }
    postgres = [{"protocols": [6, 6], "ports": [5432, 5432]}]
    assert found["orders", "db"] == [
        {"family": family, "services": postgres, "requests": []} for family in (4, 6)
    ]
    everything = [{"protocols": [0, 255], "ports": [0, 65535]}]
    to_world = [c for c in document["connections"] if c["destination"]["kind"] == "external"]
    assert to_world[0] == {
        "source": {"kind": "workload", "name": "web"},
        "destination": {"kind": "external", "first": "0.0.0.0", "last": "255.255.255.255"},
        "allowed": [{"family": 4, "services": everything, "requests": []}],
    }


def test_csv_has_the_rows_of_txt(capsys: Captured) -> None:
    assert run([*SHOP, *INVENTORY]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert run([*SHOP, *INVENTORY, "--emit", "csv"]) == 0
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["source", "destination", "connections", "requests"]
    assert sorted(f"{s} => {d} : {c}" for s, d, c, _ in rows) == lines


def test_who_is_there_must_be_said(capsys: Captured) -> None:
    assert run([*SHOP, "--format", "concise"]) == 2
    assert "error[CPC730] nothing says who is there" in capsys.readouterr().err


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop}
spec: {hostNetwork: true, containers: [{name: a, image: a, ports: [{name: web, containerPort: 80}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: agent, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: web}]}]}
"""


def test_workloads_among_policies_are_who_is_there(tmp_path: Path, capsys: Captured) -> None:
    """A pod on its node's network is one of them, with its named ports, and that is said."""
    (tmp_path / "all.yaml").write_text(POD)
    assert run(["connectivity", str(tmp_path), "--format", "concise"]) == 0
    out, err = capsys.readouterr()
    assert out == (
        "0.0.0.0-255.255.255.255[External] => shop/agent[Pod] : TCP 80\n"
        "shop/agent[Pod] => 0.0.0.0-255.255.255.255[External] : All Connections\n"
    )
    assert "note[CPC731] pod `shop/agent` is on the network of the node" in err


def test_what_is_about_names_is_said_to_be_left_out(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "p.cil"
    file.write_text(
        'language 1\nendpoints web = { app = "web" }\nfqdn pay = ["pay.example"]\n'
        "default deny egress for web\negress allow paying: web -> pay tcp/443\n"
    )
    assert run(["connectivity", str(file), *INVENTORY, "--format", "concise"]) == 0
    out, err = capsys.readouterr()
    assert not any(line.startswith("web => 0.0.0.0") for line in out.splitlines())
    assert f"{file}:5:1: note[CPC732] `paying` is about DNS names" in err
