"""Regions in words: what the words mean when they are read again is the region."""

import re
from collections import Counter

import pytest
import z3
from hypothesis import given, settings
from msgspec.structs import replace

from cpc.compiler.policy.model import Direction, LabelKey, Mode, Policy, PortRange, Rule
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse
from cpc.compiler.verify.engine.boxes import Boxes
from cpc.compiler.verify.engine.differences import differences
from cpc.compiler.verify.engine.regions import region_words
from cpc.compiler.verify.engine.space import EXTERNAL, PEER, SERVICE, Kind, Side, Space
from tests.nightly import times
from tests.verify.engine.box_terms import box_term
from tests.verify.engine.test_differences import SHAPE, UNSHRUNK, Oracle, pairs

PEOPLE = re.compile(
    r"(\}|\)|init|health|all|world\S*|,) except | at | (with|without) | behind |resolved|unknown"
    r"|endpoints|health among|every protocol|proto/(?!\d+\b)|(tcp|udp|sctp)/0\b"
)
"""Words for people: what the language says only with a statement of its own, or, as port 0, not at all."""

CHECKED: Counter[bool] = Counter()


def read_again(words: str) -> Rule | None:
    """The half of a rule that a region's words are; None where no rule says that alone."""
    body, _, direction = words.rpartition(" ")
    text = f"language 1\n{direction.strip('()')} allow again: {body}\n"
    file, problems = parse(SourceFile("again.cil", text))
    assert not problems, (text, problems)
    policy, _, problems = resolve((file,), {}, None)
    assert not problems, (text, problems)
    halves = [r for r in policy.rules if r.direction == direction.strip("()")]
    return halves[0] if len(halves) == 1 else None


@settings(UNSHRUNK, max_examples=times(120))
@given(pairs(replace(SHAPE, names=False, modes=(Mode.DEFAULT,))))
def check(pair: tuple[Policy, Policy]) -> None:
    found = differences(*pair)
    said = [(r, region_words(found.space, r.direction, r.box)) for r in found.regions]
    plain = [(region, words) for region, words in said if not PEOPLE.search(words)]
    oracle = Oracle(*pair) if plain else None
    for region, words in plain[:8]:
        rule = read_again(words)
        CHECKED[rule is not None] += 1
        if rule is None or oracle is None:
            continue
        boxes = Boxes(found.space, Policy(())).rule(rule)
        terms = [box_term(oracle.flow, found.space, region.direction, box) for box in boxes]
        assert not oracle.possible(oracle.inside(found, region) != z3.Or(*terms)), words


def test_words_mean_the_region() -> None:
    check()
    assert CHECKED[True] > 10 and not CHECKED[False], CHECKED


@pytest.fixture
def space() -> Space:
    app = LabelKey("any", "app"), ("db", "web")
    return Space([app], [], [PortRange(6, 80, 80), PortRange(6, 22, 22)], [(Side.PEER, "x.org")])


def test_kinds_and_services_read_well(space: Space) -> None:
    def words(**box: int) -> str:
        fields = {"peer": PEER, "service": SERVICE, "name": space.switches[Side.PEER, "x.org"]}
        named = {fields[field]: mask for field, mask in box.items()}
        return region_words(space, Direction.EGRESS, named)

    assert words() == "{} -> all (egress)"
    assert words(peer=EXTERNAL) == "{} -> world (egress)"
    assert words(peer=1 << Kind.INIT) == "{} -> init (egress)"
    assert words(peer=1 << Kind.WORLD) == "{} -> world without kube-apiserver (egress)"
    nodes = 1 << Kind.HOST | 1 << Kind.HOST_API
    assert words(peer=nodes) == "{} -> host (egress)"
    assert words(peer=nodes | EXTERNAL) == "{} -> world, host (egress)"
    ssh, http = space.ports(PortRange(6, 22, 22)), space.ports(PortRange(6, 80, 80))
    assert words(service=ssh | http) == "{} -> all tcp/22, tcp/80 (egress)"
    rest = space.full[SERVICE] & ~ssh
    assert words(service=rest) == "{} -> all every protocol except tcp/22 (egress)"
    assert words(peer=EXTERNAL, name=2) == '{} -> world resolved from "x.org" (egress)'
