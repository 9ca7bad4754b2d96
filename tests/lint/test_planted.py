"""Faults that are planted by a program, with the lines that it wrote down: each is found, with those lines.

They go into policies that are generated, and into those that others wrote (the folder named by `CPC_CORPORA`),
as they are and imported. Without the fault nothing is said of its line.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from benchmarks.policies import Shape, policy_text
from cpc.compiler.cli import run
from cpc.compiler.lint.rules import RULES as KNOWN
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import AllOf, EndpointTerm, In, Isolation, LabelExpr, Policy, Rule
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse
from tests.imports.reading import corpus, files_of, read
from tests.lint.planting import manifests, rules, statements
from tests.lint.planting.bed import Line, Plant, check, kept, missed, planted, text
from tests.lint.planting.ground import Ground
from tests.nightly import NIGHTLY, times

Captured = pytest.CaptureFixture[str]
Maker = Callable[[Ground], Plant]

MAKERS: tuple[Maker, ...] = (*rules.MAKERS, *statements.MAKERS)

GENERATED = times(6)
OTHERS = 20
"""Files of others of each kind that get faults; at night all do."""

NOBODIES = 24
"""Rules about nobody in an inventory."""


def find(
    base: Sequence[Sequence[Line]],
    plants: Sequence[Plant],
    draw: Random,
    path: Path,
    capsys: Captured,
    *more: str,
) -> list[str]:
    """What is wrong with what is said of a base with plants."""
    lines = planted(base, plants, draw)
    for name, words in (one for plant in plants for one in plant.beside):
        path.with_name(name).write_text(words)
    answers = []
    for faulty in (False, True):
        words, numbers = text(lines, faulty)
        path.write_text(words)
        answers.append((check(path, capsys, *more), numbers))
    return missed(plants, *answers)


def made(makers: Sequence[Maker], draw: Random) -> list[Plant]:
    """A plant by each maker, each on ground of its own."""
    return [make(Ground(number, draw)) for number, make in enumerate(makers)]


def is_apart(policy: Policy, *keys: str) -> bool:
    """Whether a policy is about no endpoint that a fault is about: all its subjects have other values of a key."""
    statements: tuple[Rule | Isolation, ...] = (
        *policy.rules,
        *policy.isolations,
        *policy.open_defaults,
    )
    return all(
        isinstance(term, EndpointTerm) and _asks_for(term.expr, keys)
        for statement in statements
        for term in statement.subject
    )


def _asks_for(expr: LabelExpr, keys: Sequence[str]) -> bool:
    match expr:
        case In(key):
            return key.key in keys
        case AllOf(operands):
            return any(_asks_for(operand, keys) for operand in operands)
        case _:
            return False


# --- the language ------------------------------------------------------------------------------


def statements_of(words: str) -> list[list[Line]]:
    """The lines of a policy by the statement at the top that they are in, with what comes before it."""
    file, problems = parse(SourceFile("base.cil", words))
    assert problems == []
    lines = words.rstrip("\n").split("\n")
    ends = [*(statement.span.line - 1 for statement in file.statements), len(lines)]
    pieces = [lines[: ends[0]], *(lines[start:end] for start, end in pairwise(ends))]
    return [[kept(line) for line in piece] for piece in pieces]


@pytest.mark.parametrize("seed", range(GENERATED))
def test_in_a_generated_policy(seed: int, tmp_path: Path, capsys: Captured) -> None:
    draw = Random(seed)
    base = statements_of(policy_text(Shape(40, seed=seed)))
    plants = [p for p in made(MAKERS, draw) if p.rule != "missing-default"]  # it has one for all
    assert find(base, plants, draw, tmp_path / "policy.cil", capsys) == []


def of_others(ending: str, keys: Sequence[str], *folders: str) -> list[Path]:
    """Files of others that are policies, and say nothing about planted endpoints."""
    folder = corpus()
    found = [name for name in files_of(folder, *folders) if name.endswith(ending)]
    Random(7).shuffle(found)
    fit: list[Path] = []
    for name in found:
        one = read((folder / name).read_text(encoding="utf-8"), name)
        if not one.errors and one.policy.rules and is_apart(one.policy, *keys):
            fit.append(folder / name)
        if len(fit) == OTHERS and not NIGHTLY:
            break
    return fit


def test_in_imported_policies_of_others(tmp_path: Path, capsys: Captured) -> None:
    planted_in = 0
    for number, path in enumerate(of_others("", ("app",), "cilium-1.1", "cilium-1.17")):
        assert run(["import", str(path)]) == 0
        words = capsys.readouterr().out
        draw = Random(number)
        plants = made(MAKERS, draw)
        base = statements_of(words)
        assert find(base, plants, draw, tmp_path / "policy.cil", capsys) == [], path
        planted_in += 1
    assert planted_in >= OTHERS


def test_in_manifests_of_others(tmp_path: Path, capsys: Captured) -> None:
    planted_in = 0
    for number, path in enumerate(
        of_others(".yaml", ("app", NAMESPACE_KEY), "cilium-1.1", "cilium-1.17", "np-guard")
    ):
        lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
        starts = [n for n, line in enumerate(lines) if n == 0 or line.rstrip() == "---"]
        pieces = [lines[start:end] for start, end in pairwise([*starts, len(lines)])]
        base = [[kept(line) for line in piece] for piece in pieces]
        draw = Random(number)
        plants = made(manifests.MAKERS, draw)
        assert find(base, plants, draw, tmp_path / "policy.yaml", capsys) == [], path
        planted_in += 1
    assert planted_in >= OTHERS


# --- a closed world ----------------------------------------------------------------------------


def test_about_nobody_in_the_inventory(tmp_path: Path, capsys: Captured) -> None:
    draw = Random(5)
    plants: list[Plant] = []
    for ground in (Ground(number, draw) for number in range(NOBODIES)):
        half, port = ground.half(), draw.randrange(1, 60_000)
        nobody = ground.far.replace("planted", "nobody")
        side = draw.choice((f"{ground.near} -> {nobody}", f"{nobody} -> {ground.far}"))
        fault = Line(ground.rule(f"{half}allow", f"tcp/{port}"), f"{half}allow {side} tcp/{port}")
        default = kept(f"default deny ingress, egress for {ground.near}, {ground.far}, {nobody}")
        plants.append(Plant("irrelevant-rule", ((default,), (fault,)), fault))
    inventory = tmp_path / "endpoints.yaml"
    listed = [
        f'  - {{name: {end}{n}, labels: {{"k8s:app": planted-{n}{end}}}, addresses: [10.{at}.0.{n}]}}'
        for n in range(NOBODIES)
        for at, end in enumerate("ab")
    ]
    inventory.write_text("endpoints:\n" + "\n".join(listed) + "\n")
    base = [[kept("language 1")]]
    path = tmp_path / "policy.cil"
    assert find(base, plants, draw, path, capsys, "--inventory", str(inventory)) == []


NEVER_PLANTED = {
    "forgotten-endpoint",  # about an inventory, which has no lines
    "stale-baseline",  # about a file that cpc writes
    "undecided",  # no faults: questions that were not answered
    "undecided-assert",
    "undecided-default",
}


def test_every_kind_is_planted_often() -> None:
    corpus()  # without policies of others they are fewer
    counts: Counter[str] = Counter({"irrelevant-rule": NOBODIES})
    for makers, often in ((MAKERS, GENERATED + OTHERS), (manifests.MAKERS, OTHERS)):
        for plant in made(makers, Random(1)):
            counts[plant.rule] += often
    counts["missing-default"] -= GENERATED
    assert {rule.name for rule in KNOWN} - NEVER_PLANTED == set(counts)
    assert min(counts.values()) >= 20, counts
    assert sum(counts.values()) >= 500, counts
