"""`cpc diff`: the answer in its forms, exit codes, revisions of git, and witness packets."""

import io
import json
import struct
import subprocess
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from cpc.compiler.commands.packets import pcap
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.model import Direction
from tests.packets import checksum

Captured = pytest.CaptureFixture[str]

OLD = """\
language 1
endpoints web = { app = "web" }
default deny ingress for web
ingress allow pages: world -> web tcp/80
"""
NEW = OLD.replace("tcp/80", "tcp/{80, 443}")
HTTP = OLD.replace("tcp/80", 'tcp/80 http { GET "/.*" }')

KUBERNETES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("old", OLD), ("new", NEW), ("http", HTTP)):
        Path(f"{name}.cil").write_text(text)
    return tmp_path


def test_the_relation_is_the_first_line(here: Path, capsys: Captured) -> None:
    assert run(["diff", "old.cil", "new.cil"]) == 0
    out = capsys.readouterr().out
    assert (
        out
        == (
            "wider: the new policy allows all that the old one does, and more\n"
            "\n"
            '+ world -> { app = "web" } tcp/443 (ingress)\n'
            "    witness: world 203.0.113.7 -> {app=web} tcp/443\n"
            "      before: deny by default (old.cil:3)\n"
            "      now:    allow by pages (new.cil:4)\n"
        )
        or "witness: world" in out
    )


@pytest.mark.parametrize(
    ("pair", "relation", "plain", "strict", "widening"),
    [
        (("old.cil", "old.cil"), "equal", 0, 0, 0),
        (("old.cil", "new.cil"), "wider", 0, 1, 1),
        (("new.cil", "old.cil"), "narrower", 0, 1, 0),
        (("new.cil", "http.cil"), "narrower", 0, 1, 0),
        (("http.cil", "old.cil"), "wider", 0, 1, 1),
    ],
)
def test_exit_codes_follow_the_relation(
    pair: tuple[str, str],
    relation: str,
    plain: int,
    strict: int,
    widening: int,
    here: Path,
    capsys: Captured,
) -> None:
    assert run(["diff", *pair, "--format", "json"]) == plain
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["relation"]) == ("cpc.diff/1", relation)
    assert run(["diff", *pair, "--exit-code"]) == strict
    assert run(["diff", *pair, "--fail-on-widening"]) == widening


def test_concise_has_a_line_for_each_region(here: Path, capsys: Captured) -> None:
    assert run(["diff", "new.cil", "http.cil", "--format", "concise"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("narrower: ")
    assert sorted(lines) == [
        '- world -> { app = "web" } tcp/443 (ingress)',
        '- world -> { app = "web" } tcp/80 (ingress)',
    ]


def test_requests_are_told_where_they_matter(here: Path, capsys: Captured) -> None:
    assert run(["diff", "old.cil", "http.cil"]) == 0
    out = capsys.readouterr().out
    assert "    all requests before, some requests now\n" in out
    assert "with bytes that are no request\n" in out


def test_json_names_rules_and_a_witness(here: Path, capsys: Captured) -> None:
    assert run(["diff", "old.cil", "new.cil", "--format", "json"]) == 0
    (region,) = json.loads(capsys.readouterr().out)["regions"]
    assert region["flows"] == 'world -> { app = "web" } tcp/443 (ingress)'
    assert (region["before"], region["after"], region["denied"]) == ("deny", "allow", None)
    change = region["allowed"]
    assert (change["service"], change["request"]) == ("tcp/443", None)
    assert change["before"]["statement"]["line"] == 3
    assert change["after"]["statement"]["name"] == "pages"


def test_sides_may_be_of_other_systems(here: Path, capsys: Captured) -> None:
    Path("web.yaml").write_text(KUBERNETES)
    assert run(["import", "web.yaml", "-o", "web.cil"]) == 0
    assert run(["diff", "web.yaml", "web.cil"]) == 0
    assert capsys.readouterr().out.startswith("equal: ")
    Path("more.cil").write_text(
        'language 1\ningress deny no: 10.1.0.0/16 -> { "k8s:app" = "web" }\n'
    )
    words = ["diff", "web.yaml", "web.yaml", "--new", "more.cil", "--format", "concise"]
    assert run(words) == 0
    shop = '{ "k8s:app" = "web", "k8s:io.kubernetes.pod.namespace" = "shop" }'
    assert f"- 10.1.0.0/16 -> {shop} tcp/80 (ingress)\n" in capsys.readouterr().out


def test_errors_of_either_side_end_it(here: Path, capsys: Captured) -> None:
    Path("bad.cil").write_text("language 1\nallow web ->\n")
    for pair in (("old.cil", "bad.cil"), ("bad.cil", "old.cil")):
        assert run(["diff", *pair]) == 2
        captured = capsys.readouterr()
        assert captured.out == "" and "bad.cil:2" in captured.err


def test_standard_input_is_one_side(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = io.TextIOWrapper(io.BytesIO(NEW.encode()))
    monkeypatch.setattr("sys.stdin", given)
    assert run(["diff", "old.cil", "-"]) == 0
    assert "now:    allow by pages (<stdin>:4)" in capsys.readouterr().out
    assert run(["diff", "-", "-"]) == 2
    assert "error[CPC080]" in capsys.readouterr().err


def test_an_unfinished_search_is_never_called_equal(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpc.compiler.verify.engine.differences._MOST_WORK", 0)
    assert run(["diff", "old.cil", "new.cil"]) == 3
    captured = capsys.readouterr()
    assert captured.out.startswith("unknown: ") and "error[CPC252]" in captured.err


# --- revisions ---------------------------------------------------------------------------------


@pytest.fixture
def repository(here: Path) -> Path:
    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *words], check=True, capture_output=True)

    git("init", "-q")
    Path("policies").mkdir()
    Path("common.cil").write_text('language 1\nendpoints web = { app = "web" }\n')
    body = OLD.replace('endpoints web = { app = "web" }', 'include "../common.cil"')
    Path("policies/shop.cil").write_text(body)
    Path("linked.cil").symlink_to("old.cil")
    Path("outside.cil").symlink_to("/etc/hostname")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    Path("policies/shop.cil").write_text(body.replace("tcp/80", "tcp/81"))
    return here


@pytest.mark.parametrize(
    "old", ["HEAD:policies/shop.cil", "HEAD:./policies/shop.cil", "HEAD:policies"]
)
def test_a_side_may_be_of_a_revision(old: str, repository: Path, capsys: Captured) -> None:
    """Includes are those of the revision, and places say so."""
    assert run(["diff", old, "policies/shop.cil"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("incomparable: ")
    assert "HEAD:/policies/shop.cil:4" in out and "(policies/shop.cil:4)" in out


def test_links_of_a_revision_stay_inside_of_it(repository: Path, capsys: Captured) -> None:
    assert run(["diff", "HEAD:linked.cil", "old.cil"]) == 0
    assert run(["diff", "HEAD:outside.cil", "old.cil"]) == 2
    assert "CPC251" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("nope:a.cil", "CPC250"),
        (":a.cil", "CPC250"),
        ("--all:a", "CPC250"),
        ("HEAD:no.cil", "CPC251"),
    ],
)
def test_what_is_no_revision_is_said(
    word: str, code: str, repository: Path, capsys: Captured
) -> None:
    assert run(["diff", "--", word, "old.cil"]) == 2
    assert f"error[{code}]" in capsys.readouterr().err


def test_outside_of_a_repository_there_are_none(here: Path, capsys: Captured) -> None:
    assert run(["diff", "HEAD:old.cil", "old.cil"]) == 2
    assert "error[CPC250]" in capsys.readouterr().err


# --- packets -----------------------------------------------------------------------------------


def packets(data: bytes) -> list[bytes]:
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    assert (magic, major, minor, link) == (0xA1B2C3D4, 2, 4, 101)
    found, at = [], 24
    while at < len(data):
        _, _, held, length = struct.unpack_from("<IIII", data, at)
        assert held == length
        found.append(data[at + 16 : at + 16 + held])
        at += 16 + held
    return found


def flow(family: int, protocol: int, port: int = 0) -> Flow:
    ends = (IPv4Address("10.0.0.1"), IPv4Address("203.0.113.7"))
    if family == 6:
        return Flow(
            Party("a", True, address=IPv6Address("fd00::1")),
            Party("b", False, address=IPv6Address("2001:db8::7")),
            Direction.INGRESS,
            6,
            protocol,
            port,
        )
    parties = [Party(name, True, address=a) for name, a in zip("ab", ends, strict=True)]
    return Flow(parties[0], parties[1], Direction.EGRESS, 4, protocol, port)


@pytest.mark.parametrize("protocol", [1, 6, 17, 47])
def test_packets_of_ipv4_have_right_checksums(protocol: int) -> None:
    (packet,) = packets(pcap([flow(4, protocol, 8 << 8 if protocol == 1 else 443)]))
    assert checksum(packet[:20]) == 0
    assert (packet[9], int.from_bytes(packet[2:4], "big")) == (protocol, len(packet))
    assert packet[12:20] == bytes([10, 0, 0, 1, 203, 0, 113, 7])
    payload = packet[20:]
    if protocol in (6, 17):
        assert payload[2:4] == (443).to_bytes(2, "big")
        pseudo = packet[12:20] + struct.pack("!BBH", 0, protocol, len(payload))
        assert checksum(pseudo + payload) == 0
    if protocol == 1:
        assert payload[:2] == b"\x08\x00" and checksum(payload) == 0


@pytest.mark.parametrize("protocol", [6, 17, 58])
def test_packets_of_ipv6_have_right_checksums(protocol: int) -> None:
    """From the client: of an ingress flow, the peer."""
    (packet,) = packets(pcap([flow(6, protocol, 53)]))
    assert packet[8:24] == IPv6Address("2001:db8::7").packed
    payload = packet[40:]
    assert (packet[6], int.from_bytes(packet[4:6], "big")) == (protocol, len(payload))
    assert checksum(packet[8:40] + struct.pack("!II", len(payload), protocol) + payload) == 0


def test_sctp_begins_with_an_init() -> None:
    (packet,) = packets(pcap([flow(4, 132, 7070)]))
    assert packet[22:24] == (7070).to_bytes(2, "big") and packet[32] == 1
    assert len(packet) == 20 + 12 + 20


def test_pcap_holds_a_packet_of_each_change(here: Path, capsys: Captured) -> None:
    assert run(["diff", "old.cil", "new.cil", "--pcap", "w.pcap"]) == 0
    (packet,) = packets(Path("w.pcap").read_bytes())
    assert packet[9] == 6 and packet[22:24] == (443).to_bytes(2, "big")
    assert run(["diff", "old.cil", "new.cil", "--pcap", "no/where.pcap"]) == 2
    assert "CPC083" in capsys.readouterr().err


# --- connections -------------------------------------------------------------------------------


INVENTORY = """\
endpoints:
  - {name: web, labels: {app: web}, addresses: [10.0.0.1]}
"""


def test_an_inventory_adds_who_may_talk_to_whom(here: Path, capsys: Captured) -> None:
    Path("pods.yaml").write_text(INVENTORY)
    words = ["diff", "old.cil", "new.cil", "--inventory", "pods.yaml"]
    assert run(words) == 0
    line = (
        "diff-type: changed, source: 0.0.0.0-255.255.255.255[External], destination: web, "
        "ref1: TCP 80, ref2: TCP 80,443\n"
    )
    out = capsys.readouterr().out
    assert out.startswith("wider: ") and out.endswith("Connectivity diff:\n" + line)
    assert run([*words, "--connections", "--fail-on-widening"]) == 1
    assert capsys.readouterr().out == "Connectivity diff:\n" + line
    assert run([*words, "--format", "json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["connections"]
    assert (change["change"], change["destination"]["name"]) == ("changed", "web")


def test_entities_are_no_workloads(here: Path, capsys: Captured) -> None:
    nodes = "entities:\n  remote-node: [192.0.2.1]\n"
    Path("pods.yaml").write_text(INVENTORY + nodes)
    closed = "language 1\ndefault deny ingress for { app }\n"
    Path("closed.cil").write_text(closed)
    Path("open.cil").write_text(f"{closed}ingress allow remote-node -> {{ app }}\n")
    sides = ["closed.cil", "open.cil", "--inventory", "pods.yaml"]
    assert run(["diff", "--connections", *sides]) == 0
    assert capsys.readouterr().out == "Connectivity diff: none\n"
    assert run(["diff", "--exit-code", *sides]) == 1


def test_connections_need_somebody(here: Path, capsys: Captured) -> None:
    assert run(["diff", "--connections", "old.cil", "new.cil"]) == 2
    assert "CPC730" in capsys.readouterr().err
