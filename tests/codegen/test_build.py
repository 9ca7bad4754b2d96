"""From a verified policy to an artifact: the same bytes again, cached or not, for every target."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.artifact import TARGETS
from cpc.compiler.artifact.file import pack
from cpc.compiler.codegen.build import build
from cpc.compiler.codegen.clang import find_clang
from cpc.compiler.codegen.limits import check_limits
from cpc.compiler.errors import InputError, InternalError
from cpc.compiler.policy.model import (
    ALL,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Policy,
    PortRange,
    Requirement,
)
from cpc.compiler.timings import Timings, Tool
from tests.ir.strategies import origin, rule, verified

pytestmark = pytest.mark.clang

POLICY = Policy(
    (
        rule(1, peers=(EntityTerm(Entity.WORLD),), ports=(PortRange(6, 80, 80),), name="web"),
        rule(2, peers=(EntityTerm(Entity.CLUSTER),), log=True),
    )
)


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Where clang is, and a cache of the test's own."""
    clang = find_clang()
    yield {"PATH": "", "CPC_CLANG": clang.path, "CPC_CACHE": str(tmp_path / "cache")}


@pytest.mark.parametrize("target", [target.name for target in TARGETS])
def test_every_target(target: str, variables: dict[str, str]) -> None:
    artifact = build(verified(POLICY), target, Timings(), variables)
    assert artifact.object.startswith(b"\x7fELF")
    assert f"-mcpu={artifact.target.cpu}" in artifact.flags
    assert artifact.policy_hash in artifact.source


def test_the_same_bytes_from_two_folders_with_and_without_the_cache(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for folder, cache in (("a", str(tmp_path / "cache")), ("b/c", "off"), ("d", "")):
        (tmp_path / folder).mkdir(parents=True)
        monkeypatch.chdir(tmp_path / folder)
        chosen = variables | {"CPC_CACHE": cache or str(tmp_path / "cache")}
        made.append(pack(build(verified(POLICY), "6.6", Timings(), chosen)))
    assert made[0] == made[1] == made[2]
    assert str(tmp_path).encode() not in made[0]


def test_a_cached_object_is_taken(variables: dict[str, str], tmp_path: Path) -> None:
    first = build(verified(POLICY), "6.6", Timings(), variables)
    (entry,) = (tmp_path / "cache").glob("*.o")
    stamp = entry.stat().st_ino
    again = build(verified(POLICY), "6.6", Timings(), variables)
    assert again == first
    assert entry.stat().st_ino == stamp
    build(verified(POLICY), "5.15", Timings(), variables)
    assert len(list((tmp_path / "cache").glob("*.o"))) == 2


def test_the_time_of_clang_is_clangs(variables: dict[str, str]) -> None:
    timings = Timings()
    build(verified(POLICY), "6.6", timings, variables)
    assert {stage.name for stage in timings.stages if stage.tool is Tool.CLANG} == {"clang"}


def test_no_object_for_an_unknown_target(variables: dict[str, str]) -> None:
    with pytest.raises(InputError) as failing:
        build(verified(POLICY), "2.4", Timings(), variables)
    assert failing.value.diagnostics[0].code == "CPC507"


def test_limits_of_the_kernel(variables: dict[str, str]) -> None:
    artifact = build(verified(POLICY), "6.6", Timings(), variables)
    check_limits(artifact.object, artifact.target)
    for small in (
        replace(artifact.target, instructions=100),
        replace(artifact.target, functions=1),
    ):
        with pytest.raises(InputError) as failing:
            check_limits(artifact.object, small)
        assert failing.value.diagnostics[0].code == "CPC508"
    with pytest.raises(InternalError, match="newer than kernel"):
        check_limits(artifact.object, replace(artifact.target, last_helper=1))
    with pytest.raises(InternalError, match="not read"):
        check_limits(b"no object", artifact.target)


def test_a_large_policy_compiles_within_the_limits(variables: dict[str, str]) -> None:
    chosen = random.Random(3)
    ports = [PortRange(6, port, port) for port in chosen.sample(range(65536), 300)]
    rules = [
        rule(i, ports=(chosen.choice(ports),), peers=(chosen.choice(PEERS),)) for i in range(1500)
    ]
    artifact = build(verified(Policy(tuple(rules))), "5.15", Timings(), variables)
    assert len(artifact.program.ingress.leaves) > 200


PEERS = tuple(EntityTerm(entity) for entity in Entity if entity is not Entity.ALL)


def test_what_is_found_once_and_asked_by_nobody(variables: dict[str, str]) -> None:
    """A requirement is a fact that many steps ask; beside an allow of everything none does."""
    egress = Direction.EGRESS
    some = (EndpointTerm(Everything()),)
    policy = Policy(
        (rule(1, direction=egress, peers=some), rule(2, direction=egress)),
        requirements=(Requirement(egress, ALL, some, False, origin(3)),),
    )
    artifact = build(verified(policy), TARGETS[0].name, Timings(), variables)
    assert "facts" not in artifact.source.partition("#include")[2]
