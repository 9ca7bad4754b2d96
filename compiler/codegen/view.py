"""What the C template gets: final names and numbers, every decision taken.

A *match* is a function that says whether a step fires; a *leaf* is one that decides a set of service
keys; *facts* are conditions that many leaves ask, found once for each decision. Strings named `test`
and `call` are C expressions.
"""

from msgspec import Struct

__all__ = ["Branch", "Chunk", "Direction", "LeafFunction", "Line", "Match", "Section", "View"]


class Branch(Struct, frozen=True):
    """`if (TEST) BODY`, with the rules that it is there for; one statement or several."""

    test: str
    body: tuple[str, ...]
    rules: tuple[str, ...] = ()


class Match(Struct, frozen=True):
    """`bool NAME(PARAMETERS)`: whether a step fires.

    `subjects` are the words of the endpoint's bits that are read. `words` are variables, with what they
    start as, in which `branches` gather 64-bit words of peer bits. Any of `tests` is true; none:
    false.
    """

    name: str
    parameters: str
    rules: tuple[str, ...]
    subjects: tuple[int, ...]
    words: tuple[tuple[str, str], ...]
    branches: tuple[Branch, ...]
    tests: tuple[str, ...]


class Section(Struct, frozen=True):
    """Part of a leaf: tests in order, or the calls of `blocks`, whose preferred outcome counts.

    `label` is where a PASS before it goes; empty: nothing goes there. `passed` is the label that a
    PASS of the blocks goes to; empty: none of them has one.
    """

    label: str = ""
    steps: tuple[Branch, ...] = ()
    blocks: tuple[str, ...] = ()
    passed: str = ""


class LeafFunction(Struct, frozen=True):
    """`u32 NAME(PARAMETERS)`: a decision, or the outcome of one block of a leaf.

    `chooses`: it has blocks to choose between. `final` is what is returned in the end.
    """

    name: str
    parameters: str
    comment: str
    chooses: bool
    sections: tuple[Section, ...]
    final: str


class Line(Struct, frozen=True):
    """One line of nested code."""

    depth: int
    text: str


class Chunk(Struct, frozen=True):
    """`u32 NAME(PARAMETERS)`: a function that finds something by the number in `variable`.

    Either the `lines` of a tree of comparisons, or `cases` (number, result) of which the last is the
    default. `inline`: it is small enough to become part of its caller.
    """

    name: str
    parameters: str
    variable: str
    inline: bool
    lines: tuple[Line, ...] = ()
    cases: tuple[tuple[int, str], ...] = ()


class Direction(Struct, frozen=True):
    """One direction, in the order in which C must define it.

    `facts` are (mask, test) in the order in which they are found, in a function with
    `facts_parameters`, called as `facts_call`. `call` decides; `finds_leaf` gives the number
    of the leaf to it, and is empty where there is only one.
    """

    name: str
    matches: tuple[Match, ...]
    facts: tuple[tuple[str, str], ...]
    facts_parameters: str
    facts_call: str
    leaves: tuple[LeafFunction, ...]
    chunks: tuple[Chunk, ...]
    finds_leaf: str
    call: str


class View(Struct, frozen=True):
    """The whole file."""

    version: str
    policy: str
    words: int
    subject_words: int
    subjects: tuple[str, ...]
    peers: tuple[str, ...]
    directions: tuple[Direction, ...]
