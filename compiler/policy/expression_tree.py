"""What an expression says: characters, positions, sequences, choices and repetitions."""

from typing import TypeAlias, assert_never

from msgspec import Struct

from cpc.compiler.policy.characters import Ranges

__all__ = [
    "Characters",
    "Choice",
    "Expression",
    "Position",
    "Repeat",
    "Sequence",
    "nested_count",
    "spelled_size",
]


class Characters(Struct, frozen=True):
    """One character out of `ranges`; none: matches nothing."""

    ranges: Ranges


class Position(Struct, frozen=True):
    """No character, at a place: `start`, `end`, `line-start`, `line-end`, `word-edge`, `word-inside`."""

    place: str


class Sequence(Struct, frozen=True):
    """One after the other; none: the empty string."""

    parts: tuple["Expression", ...]


class Choice(Struct, frozen=True):
    """Any of at least two."""

    options: tuple["Expression", ...]


class Repeat(Struct, frozen=True):
    """`part` from `low` to `high` times; None: without end."""

    part: "Expression"
    low: int
    high: int | None


Expression: TypeAlias = Characters | Position | Sequence | Choice | Repeat


def spelled_size(tree: Expression) -> int:
    """How many characters and joints there are when every repetition is spelled out."""
    match tree:
        case Characters() | Position():
            return 1
        case Sequence(parts) | Choice(parts):
            return 1 + sum(spelled_size(p) for p in parts)
        case Repeat(part, low, high):
            return 1 + spelled_size(part) * max(1, low if high is None else high)
        case _:
            assert_never(tree)


def nested_count(tree: Expression) -> int:
    """The largest product of nested counts, as RE2 takes it: `*`, `+`, `?` and 0 do not count."""
    match tree:
        case Characters() | Position():
            return 1
        case Sequence(parts) | Choice(parts):
            return max((nested_count(p) for p in parts), default=1)
        case Repeat(part, low, high):
            return max(1, low if high is None else high) * nested_count(part)
        case _:
            assert_never(tree)
