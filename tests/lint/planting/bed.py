"""Texts that faults are planted into: every line knows its words with the fault and without it."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct

from cpc.compiler.cli import run
from cpc.compiler.lint.rules import RULES

__all__ = ["Line", "Plant", "check", "kept", "missed", "planted", "text"]

Said = set[tuple[str, int, frozenset[int]]]
"""(code, line, lines of the labels) of each thing that is said of a file."""

_CODES = {rule.name: rule.code for rule in RULES}


class Line(Struct, frozen=True, eq=False):
    """One line of a file, equal to nothing but itself; None: it is not there."""

    sound: str | None
    faulty: str | None


def kept(words: str) -> Line:
    """A line that stands there with the fault and without it."""
    return Line(words, words)


Piece = Sequence[Line]
"""Lines that stay together: a statement, or an object."""


class Plant(Struct, frozen=True):
    """One fault: the pieces that go in, in their order, and what must be said of which of their lines.

    `rule` is the name of the rule that speaks of the line `fault`; its labels are the lines `causes`, and no
    others. `beside` are files that must be there, by name.
    """

    rule: str
    pieces: tuple[Piece, ...]
    fault: Line
    causes: tuple[Line, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


def planted(base: Sequence[Piece], plants: Iterable[Plant], draw: Random) -> list[Line]:
    """The pieces of a base with those of plants among them, anywhere but before the first.

    Each plant keeps its order.
    """
    there: dict[int, list[Piece]] = {}
    for plant in plants:
        spots = sorted(draw.choices(range(1, len(base) + 1), k=len(plant.pieces)))
        for piece, spot in zip(plant.pieces, spots, strict=True):
            there.setdefault(spot, []).append(piece)
    grown: list[Line] = []
    for number in range(len(base) + 1):
        for piece in (*there.get(number, ()), *base[number : number + 1]):
            grown += piece
    return grown


def text(lines: Iterable[Line], faulty: bool) -> tuple[str, dict[Line, int]]:
    """The file, and the number of each line that is in it."""
    shown = [(line, line.faulty if faulty else line.sound) for line in lines]
    there = [(line, words) for line, words in shown if words is not None]
    numbers = {line: number for number, (line, _) in enumerate(there, 1)}
    return "".join(f"{words}\n" for _, words in there), numbers


def check(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> Said:
    """What `cpc check` says of a file, notes included; there are no errors but findings."""
    code = run(["check", "--format", "json", "--notes", str(path), *more])
    out, err = capsys.readouterr()
    assert code in (0, 1), out + err
    return {
        (
            one["code"],
            one["place"]["start"]["line"],
            frozenset(label["place"]["start"]["line"] for label in one["labels"]),
        )
        for one in json.loads(out)["diagnostics"]
        if one["place"] and one["place"]["file"] == str(path)
    }


def missed(
    plants: Iterable[Plant],
    before: tuple[Said, dict[Line, int]],
    after: tuple[Said, dict[Line, int]],
) -> list[str]:
    """What is wrong: plants that are not found with their lines, or were found where there was no fault."""
    wrong: list[str] = []
    for plant in plants:
        code = _CODES[plant.rule]
        said, numbers = after
        causes = frozenset(numbers[line] for line in plant.causes)
        if (code, numbers[plant.fault], causes) not in said:
            there = sorted((c, n, sorted(o)) for c, n, o in said if n == numbers[plant.fault])
            wrong.append(f"{plant.rule} {numbers[plant.fault]} {sorted(causes)} is not in {there}")
        said, numbers = before
        if any((code, numbers.get(plant.fault)) == (c, n) for c, n, _ in said):
            wrong.append(f"{plant.rule} {numbers[plant.fault]} is said without the fault")
    return wrong
