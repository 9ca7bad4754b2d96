"""What is remembered of the last run never changes an answer: policies edited at random, each read both ways."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from benchmarks.policies import Shape, policy_text
from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.lint.settings import Settings
from cpc.compiler.memory import Memory
from cpc.compiler.pipeline import Front, Options, front, lint_policy
from cpc.compiler.report.render import ordered
from cpc.compiler.syntax import parse as parser
from cpc.compiler.syntax.scan import Token
from cpc.compiler.timings import Timings
from tests.nightly import times

NAMES = ("web", "db", "etl")


class Writer(Struct):
    """Writes statements, and edits a policy of them."""

    chosen: random.Random
    statements: list[str] = field(default_factory=list)
    number: int = 0

    def one(self, *choices: str) -> str:
        return choices[self.chosen.randrange(len(choices))]

    def rule(self) -> str:
        self.number += 1
        name = self.one("", "", f" r{self.number}:", f" r{self.chosen.randrange(200)}:")
        ports = self.one("", " tcp/80", " tcp/{80, 443}", " pg", ' tcp/"http"', " udp/port-of")
        requests = self.one(' http { GET "/a" }', ' http { any "/b/.*" host "A.example" }')
        ours = (*NAMES, *NAMES, '{ app = "a" }', '{ env in ("p", "q") }', "web, db")
        subject, peer = self.one(*ours), self.one(*ours, "all", "world", "office", "10.0.0.0/8")
        if self.chosen.random() < 0.02:
            peer = "lost"
        if self.chosen.random() < 0.2:
            return f"allow{name} {subject} -> {self.one(*ours)} tcp/80{requests}"
        action = self.one("allow", "allow", "deny", "staged allow")
        if self.chosen.random() < 0.5:
            return f"{action}{name} {subject} -> {peer}{ports}"
        return f"ingress {action}{name} {peer} -> {subject}{ports}".replace(
            "ingress staged", "staged ingress"
        )

    def block(self) -> str:
        body = "".join(f"  {self.rule()}\n" for _ in range(self.chosen.randrange(3)))
        policy = f'policy p{self.chosen.randrange(99)} namespace "n" {{\n'
        if self.chosen.random() < 0.5:
            return f"{policy}  default deny ingress, egress for all\n{body}}}"
        body = "\n".join(line for line in body.splitlines() if "staged" not in line)
        return f"{self.one('tier admin', 'baseline')} priority {self.chosen.randrange(3)} {{\n{body}\n}}"

    def statement(self) -> str:
        return self.one(
            *(
                *(self.rule() for _ in range(12)),
                *(self.block() for _ in range(3)),
                f"default {self.one('deny', 'allow')} ingress, egress for {self.one(*NAMES, '{}')}",
                f"require {{ ok }} -> {self.one(*NAMES)}",
                self.one("mode always", "allow-host policy", "audit { old }"),
                f"/// what it is for\n{self.rule()}  # cpc: ignore[{self.one('CPC223', 'CPC224')}] so",
                f"# cpc: ignore[shadowed-rule] why\n{self.rule()}",
                *([self.one("allow web ->", "alow web -> db", "}")] if not self.number % 5 else ()),
            )
        )

    def definition(self) -> str:
        name, other = self.chosen.sample(NAMES, 2)
        return self.one(
            f'endpoints {name} = {{ app = "{self.one(*NAMES)}" }}',
            f"endpoints {name} = {other} and not {{ old }}",
            f"cidr office = [10.{self.chosen.randrange(9)}.0.0/16]",
            f"port pg = tcp/{self.chosen.randrange(5430, 5434)}",
            f"const port-of = {self.chosen.randrange(50, 55)}",
        )

    def edit(self) -> None:
        """Inserts, deletes, changes or moves a statement, renames a definition, or adds a comment."""
        found, chosen = self.statements, self.chosen
        at = chosen.randrange(len(found) + 1)
        match chosen.randrange(7) if found else 0:
            case 0:
                found.insert(at, self.statement())
            case 1:
                del found[max(len(NAMES) + 4, at) :][:1]
            case 2:
                found[at - 1 :][:1] = [self.statement()]
            case 3:
                found.insert(chosen.randrange(len(found)), found.pop(at - 1))
            case 4:
                found[at - 1] = self.one("# a comment\n", "\n", " ") + found[at - 1]
            case 5:
                new = self.definition()
                head = new.split("=")[0]
                self.statements = [new if head in old else old for old in found]
            case _:
                one, other = chosen.sample(NAMES, 2)
                self.statements = [self.renamed(old, one, other) for old in found]

    def renamed(self, old: str, one: str, other: str) -> str:
        """A statement with two names the other way round."""
        parts = old.replace(one, "\0").replace(other, one)
        return parts.replace("\0", other)

    def start(self) -> None:
        """A policy that has most definitions, and rules."""
        self.statements = [
            *(f'endpoints {name} = {{ app = "{name}" }}' for name in NAMES),
            *("default deny ingress, egress for {}", "cidr office = [10.1.0.0/16]"),
            *("port pg = tcp/5432", "const port-of = 53"),
            *(self.rule() for _ in range(12)),
        ]


def checked(paths: list[str], memory: Memory | None) -> tuple[Front, list[Diagnostic]]:
    read = front(paths, Options(), Timings(), memory)
    return read, lint_policy(read, (), Settings(notes=True), Timings(), memory)


def told(paths: list[str], memory: Memory | None) -> tuple[str, ...]:
    """All that a check says, with every place; `repr` leaves none out."""
    read, found = checked(paths, memory)
    meaning = ""
    if read.policy is not None:
        policy = replace(read.policy, unenforced=tuple(sorted(read.policy.unenforced)))
        meaning = repr((policy, read.definitions))
    return (meaning, *(repr(one) for one in ordered(found, read.sources)))


@pytest.mark.parametrize("seed", range(times(8, 200)))
def test_answers_are_those_of_a_run_that_remembers_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpc.compiler.verify.engine.parts._SMALL", 6)
    monkeypatch.setattr("cpc.compiler.verify.engine.parts._PACKED", 2)
    chosen = random.Random(seed)
    writers = [Writer(chosen), Writer(chosen)]
    paths = [tmp_path / "main.cil", tmp_path / "other.cil"]
    memory = Memory()
    answered = 0
    kept: list[list[str]] = []
    for _ in range(15):
        if not kept:
            writers[0].start()
        for path, writer in zip(paths, writers, strict=True):
            path.write_text("\n".join(["language 1", *writer.statements]) + "\n")
        names = [str(path) for path in paths]
        expected = told(names, None)
        assert told(names, memory) == expected
        answered += bool(expected[0])
        if expected[0]:
            kept = [list(writer.statements) for writer in writers]
        for writer, statements in zip(writers, kept, strict=False):
            writer.statements = list(statements)
        for writer in chosen.sample(writers, chosen.randrange(1, 3)):
            writer.edit()
    assert answered > 3


def test_one_edit_of_many_rules_reads_one_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "policy.cil"
    lines = policy_text(Shape(500)).splitlines()
    path.write_text("\n".join(lines))
    memory = Memory()
    checked([str(path)], memory)
    lines[300:301] = ["# what is new", lines[300].replace("app-", "app-1"), ""]
    path.write_text("\n".join(lines))
    expected = told([str(path)], None)
    read: list[str] = []

    def counted(start: str, text: str, words: Sequence[Token]) -> object:
        read.append(text)
        return real(start, text, words)

    real = parser._branch
    monkeypatch.setattr(parser, "_branch", counted)
    assert told([str(path)], memory) == expected
    assert read == [lines[301]]
