"""Frames are those of the packet builder of the tests; `cpc test --kernel` asks the loaded program."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from cpc.compiler.artifact import Artifact
from cpc.compiler.cli import run
from cpc.compiler.commands import test_kernel
from cpc.compiler.pipeline import Front, Options, compile_policy, front
from cpc.compiler.timings import Timings
from cpc.runtime.frames import opening_frame
from tests.packets import ip

Captured = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
TESTS = str(ROOT / "examples/shop/tests.cil")
INVENTORY = str(ROOT / "examples/shop/inventory.yaml")

ENDS = [("10.0.0.1", "192.0.2.9"), ("2001:db8::1", "2001:db8::9")]


@pytest.mark.parametrize("ends", ENDS, ids=["IPv4", "IPv6"])
def test_frames_are_those_of_the_tests(ends: tuple[str, str]) -> None:
    source, destination = map(ip_address, ends)
    packet = ip(*ends)
    kind = 8 if source.version == 4 else 128
    icmp = 1 if source.version == 4 else 58
    rest = (7).to_bytes(2, "big") + b"\0\1"
    for protocol, port, expected in (
        (6, 443, packet.tcp(40000, 443, "S")),
        (17, 53, packet.udp(40000, 53)),
        (132, 9899, packet.sctp(40000, 9899)),
        (47, 0, packet.raw(47, bytes(16))),
    ):
        assert opening_frame(source, destination, protocol, port) == expected.frame()
    made = opening_frame(source, destination, icmp, kind << 8 | 3, client=7)
    assert made == packet.icmp(kind, 3, rest).frame()


@pytest.mark.kernel
@pytest.mark.parametrize("more", [[], ["--inventory", INVENTORY]], ids=["open", "closed"])
def test_the_examples_tests_hold_in_the_kernel(more: list[str], capsys: Captured) -> None:
    assert run(["test", TESTS, "--kernel", *more]) == 0
    out, err = capsys.readouterr()
    assert "error" not in out and "cpc: 18 packets were decided in the kernel\n" in err


@pytest.mark.kernel
def test_a_kernel_that_decides_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Another policy's program stands for a compiler that is wrong."""
    text = 'language 1\nendpoints web = {{ app = "web" }}\ndefault deny ingress for web\n{}\n'
    other = tmp_path / "other.cil"
    other.write_text(text.format("allow world -> web tcp/444"))

    def compiled(read: Front, target: str, timings: Timings) -> tuple[Artifact | None, object]:
        return compile_policy(front([str(other)], Options(), timings), target, timings)

    monkeypatch.setattr(test_kernel, "compile_policy", compiled)
    file = tmp_path / "policy.cil"
    test = 'allow world -> web tcp/443\ntest "t" { world -> web tcp/443 : allow }'
    file.write_text(text.format(test))
    assert run(["test", str(file), "--kernel", "--format", "concise"]) == 1
    assert "error[CPC247] the kernel decides otherwise" in capsys.readouterr().out


@pytest.mark.kernel
def test_what_is_not_enforced_is_refused_at_its_line(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "policy.cil"
    head = 'language 1\nendpoints web = { app = "web" }\ndefault deny ingress for web\n'
    file.write_text(
        head + 'allow world -> web tcp/80 http { GET "/" }\ntest "t" { world -> web : deny }\n'
    )
    assert run(["test", str(file), "--kernel", "--format", "concise"]) == 2
    assert f"{file}:4:27: error[CPC401]" in capsys.readouterr().err
    file.write_text(head + 'test "t" { world -> web tcp/80 GET "/" : deny }\n')
    assert run(["test", str(file), "--kernel", "--format", "concise"]) == 2
    assert f"{file}:4:12: error[CPC246]" in capsys.readouterr().err
