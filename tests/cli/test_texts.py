"""What commands of the runtime print, from values made by hand."""

import json
from ipaddress import ip_address

from msgspec.structs import replace

from cpc.compiler.commands.demo_text import demo_json, demo_text
from cpc.compiler.commands.status_text import status_json, status_text
from cpc.runtime.attach import Side
from cpc.runtime.demo.expect import Expectation
from cpc.runtime.demo.probe import Probe, Service
from cpc.runtime.demo.scenario import Cell, Demo, Traffic
from cpc.runtime.demo.scenes import SCENES
from cpc.runtime.reasons import PacketReason
from cpc.runtime.status import Count, EndpointStatus, HookStatus, Status

READY = (HookStatus(Side.FROM, True, "aa"), HookStatus(Side.TO, True, "bb"))
WEB = EndpointStatus(1, "web", "web0", 256, (ip_address("10.0.0.1"), ip_address("fd00::1")), READY)
STATUS = Status(
    instance="node",
    generation=3,
    policy="abc",
    endpoints=(
        WEB,
        replace(WEB, id=2, name="orders", hooks=(READY[0], HookStatus(Side.TO, False))),
        replace(WEB, id=3, name="db", hooks=(READY[0], replace(READY[1], replacing=True))),
    ),
    identities=2,
    addresses=7,
    connections=5,
    counts=(Count(PacketReason.DROP_POLICY, "ingress", 12, 3456),),
    lost=4,
)


def test_a_status_for_people() -> None:
    assert status_text(STATUS).splitlines() == [
        "instance node, generation 3",
        "policy abc",
        "2 identities, 7 addresses, 5 connections",
        "",
        "endpoint  interface  identity  state      addresses",
        "web       web0       256       ready      10.0.0.1 fd00::1",
        "orders    web0       256       detached   10.0.0.1 fd00::1",
        "db        web0       256       replacing  10.0.0.1 fd00::1",
        "",
        "direction  verdict  reason  packets  bytes",
        "ingress    drop     policy  12       3456",
        "",
        "4 events were lost",
    ]


def test_a_status_for_programs() -> None:
    document = json.loads(status_json(STATUS))
    assert document["schema"] == "cpc.status/1"
    assert [endpoint["state"] for endpoint in document["endpoints"]] == [
        "ready",
        "detached",
        "replacing",
    ]
    assert document["counts"] == [
        {
            "direction": "ingress",
            "verdict": "drop",
            "reason": "policy",
            "packets": 12,
            "bytes": 3456,
        }
    ]


def cell(service: Service, version: int, *, seen: bool, kernel: str = "no managed side") -> Cell:
    address = ip_address("10.0.0.1" if version == 4 else "fd00::1")
    probe = Probe("web", "db", address, address, service)
    return Cell(probe, Expectation(True, None, None), seen, kernel)


def test_services_and_families_that_fare_alike_share_a_row() -> None:
    tcp, udp = Service("tcp", 80), Service("udp", 53)
    cells = [cell(service, version, seen=True) for service in (tcp, udp) for version in (4, 6)]
    text = demo_text(Demo(SCENES["shop"], before=cells))
    assert "web   db  4 6  pass      pass      no managed side  tcp/80 udp/53\n" in text
    assert text.endswith("\n4 of 4 probes went as the policies say, rule for rule.\n")


def test_what_went_wrong_stands_out() -> None:
    tcp = Service("tcp", 80)
    cells = [cell(tcp, 4, seen=False), cell(tcp, 6, seen=True, kernel="other (p.cil:3)")]
    text = demo_text(Demo(SCENES["shop"], before=cells, traffic=[Traffic("a -> b", "none", 5, 1)]))
    lines = [line for line in text.splitlines() if "WRONG" in line]
    assert [line.split()[2:5] for line in lines] == [["4", "pass", "drop"], ["6", "pass", "pass"]]
    assert "the kernel says other (p.cil:3)" in lines[1]
    assert text.endswith("\n0 of 2 probes went as the policies say, rule for rule.\n")


def test_the_demo_for_programs() -> None:
    demo = Demo(SCENES["shop"], before=[cell(Service("ping"), 4, seen=False)])
    document = json.loads(demo_json(demo))
    assert (document["schema"], document["right"]) == ("cpc.demo/1", False)
    assert document["before"][0]["service"] == "ping"
