"""The layout that people see, exactly."""

from textwrap import dedent

import pytest

from cpc.compiler.diagnostics import Diagnostic, Label, error, note, warning
from cpc.compiler.report import Format, Look, render
from cpc.compiler.source import SourceFile, Sources, Span

SHOP = SourceFile(
    "shop.cil",
    "".join(f"# line {number}\n" for number in range(1, 9))
    + "  deny  no-db: all -> db tcp/5432\n"
    + "".join(f"# line {number}\n" for number in range(10, 14))
    + "  allow web-db: web -> db tcp/5432\n",
)


def over(source: SourceFile, text: str) -> Span:
    """The span of the first occurrence of `text`."""
    start = source.text.index(text)
    return source.span(start, start + len(text))


def shown(diagnostic: Diagnostic, *sources: SourceFile, width: int = 120) -> str:
    known: Sources = {source.name: source for source in sources}
    return render([diagnostic], known, Look(width=width))


def expect(text: str) -> str:
    return dedent(text).strip("\n")


def test_the_layout_of_a_finding_with_two_places_witness_and_help() -> None:
    finding = error(
        "CPC203",
        "rule `web-db` can never take effect",
        over(SHOP, "allow web-db: web -> db tcp/5432"),
        label="shadowed",
        labels=(Label(over(SHOP, "deny  no-db: all -> db tcp/5432"), "denies every flow of it"),),
        notes=("witness: web{app=web} -> db{app=postgres} tcp/5432",),
        help="narrow line 9 with `except web`, or remove the rule",
    )
    assert shown(finding, SHOP) == expect("""
        error[CPC203]: rule `web-db` can never take effect
          --> shop.cil:14:3
           |
         9 |   deny  no-db: all -> db tcp/5432
           |   ------------------------------- denies every flow of it
        14 |   allow web-db: web -> db tcp/5432
           |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ shadowed
           = witness: web{app=web} -> db{app=postgres} tcp/5432
           = help: narrow line 9 with `except web`, or remove the rule
        """)


def test_without_a_place_there_is_only_the_message_and_its_facts() -> None:
    assert shown(error("CPC001", "`a.cil` does not exist", help="check the path")) == expect("""
        error[CPC001]: `a.cil` does not exist
          = help: check the path
        """)


def test_a_place_in_a_text_that_is_not_at_hand() -> None:
    found = warning("CPC301", "odd", Span("gone.cil", 4, 6, 2, 3))
    assert shown(found) == "warning[CPC301]: odd\n --> gone.cil:2:3"


def test_a_label_in_another_file_has_its_own_place() -> None:
    one = SourceFile("one.cil", "endpoints web = {}\n")
    two = SourceFile("two.cil", "endpoints web = { a }\n")
    found = error(
        "CPC302",
        "`web` is defined twice",
        over(two, "web"),
        labels=(Label(over(one, "web"), "first here"),),
    )
    assert shown(found, one, two) == expect("""
        error[CPC302]: `web` is defined twice
         --> two.cil:1:11
          |
        1 | endpoints web = { a }
          |           ^^^
         ::: one.cil:1:11
          |
        1 | endpoints web = {}
          |           --- first here
        """)


def test_two_marks_on_one_line_come_one_below_the_other_from_the_left() -> None:
    source = SourceFile("a.cil", "allow a: web -> web\n")
    first = source.span(9, 12)
    second = source.span(16, 19)
    found = error("CPC300", "m", second, label="again", labels=(Label(first, "once"),))
    assert shown(found, source) == expect("""
        error[CPC300]: m
         --> a.cil:1:17
          |
        1 | allow a: web -> web
          |          --- once
          |                 ^^^ again
        """)


def test_a_span_over_many_lines_marks_its_first_and_last() -> None:
    source = SourceFile("a.cil", "policy p {\n  x\n  y\n}\n")
    found = error("CPC300", "m", source.span(0, len(source.text) - 1), label="all of it")
    assert shown(found, source) == expect("""
        error[CPC300]: m
         --> a.cil:1:1
          |
        1 | policy p {
          | ^^^^^^^^^^
        ...
        4 | }
          | ^ all of it
        """)


def test_a_span_over_two_lines_leaves_nothing_out() -> None:
    source = SourceFile("a.cil", "aa bb\n    cc dd\n")
    found = error("CPC300", "m", source.span(3, 12), label="both")
    assert shown(found, source) == expect("""
        error[CPC300]: m
         --> a.cil:1:4
          |
        1 | aa bb
          |    ^^
        2 |     cc dd
          |     ^^ both
        """)


def test_white_space_at_the_end_of_a_span_is_not_marked() -> None:
    source = SourceFile("a.cil", "aa bb\n  cc\n")
    lines = shown(error("CPC300", "m", source.span(3, 8)), source).splitlines()
    assert lines[3:] == ["1 | aa bb", "  |    ^^"]


@pytest.mark.parametrize("offset", [5, 6])
def test_the_end_of_a_text_gets_one_caret(offset: int) -> None:
    source = SourceFile("a.cil", "allow\n")
    line = 1 if offset == 5 else 2
    lines = shown(error("CPC100", "m", source.span(offset, offset)), source).splitlines()
    assert lines[1] == f" --> a.cil:{line}:{6 if line == 1 else 1}"
    assert lines[-1].count("^") == 1


def test_tabs_and_wide_characters_keep_marks_below_their_text() -> None:
    source = SourceFile("a.cil", '\tallow "日本": x\n')
    found = error("CPC300", "m", over(source, ": x"))
    lines = shown(found, source).splitlines()
    assert lines[3] == '1 |     allow "日本": x'
    assert lines[4] == "  |                 ^^^"


def test_combining_marks_take_no_room() -> None:
    source = SourceFile("a.cil", "e\N{COMBINING ACUTE ACCENT}x y\n")
    lines = shown(error("CPC300", "m", over(source, "y")), source).splitlines()
    assert lines[4] == "  |    ^"


def test_text_cannot_steer_the_terminal() -> None:
    source = SourceFile("a\x1b[2J.cil", "x \x1b[31m \u202e y\n")
    found = error(
        "CPC300", "bad `\x1b]0;t\x07`", over(source, "y"), notes=("a\x1b[m",), help="\u2066"
    )
    text = shown(found, source)
    assert "\x1b" not in text and "\x07" not in text
    assert not {"\u202e", "\u2066"} & set(text)


def test_a_long_line_is_cut_around_its_mark() -> None:
    source = SourceFile("a.cil", "x" * 500 + " here " + "y" * 500 + "\n")
    lines = shown(
        error("CPC300", "m", over(source, "here"), label="l"), source, width=60
    ).splitlines()
    body, marks = lines[3].removeprefix("1 | "), lines[4].removeprefix("  | ")
    assert len(body) <= 60
    assert body.startswith("...") and body.endswith("...")
    assert body[marks.index("^") : marks.rindex("^") + 1] == "here"


def test_a_long_line_with_its_mark_at_the_left_is_cut_at_the_right_only() -> None:
    source = SourceFile("a.cil", "here " + "y" * 500 + "\n")
    lines = shown(error("CPC300", "m", over(source, "here")), source, width=60).splitlines()
    assert lines[3].startswith("1 | here yyy") and lines[3].endswith("...")
    assert lines[4] == "  | ^^^^"


def test_a_mark_longer_than_the_room_shows_its_beginning() -> None:
    source = SourceFile("a.cil", "z" * 100 + "h" * 500 + "\n")
    lines = shown(error("CPC300", "m", over(source, "h" * 500)), source, width=60).splitlines()
    assert len(lines[3]) <= 64 and len(lines[4]) <= 64
    assert "^" in lines[4]


def test_thousands_of_mistakes_on_one_long_line() -> None:
    source = SourceFile("a.cil", "x" * 1_000_000 + "[" * 2000)
    found = [error("CPC300", f"m{i}", source.span(i, i + 1)) for i in range(1_000_000, 1_002_000)]
    lines = render(found, {source.name: source}, Look(width=60)).splitlines()
    bodies = [line.removeprefix("1 | ") for line in lines if line.startswith("1 | ")]
    marks = [line.removeprefix("  | ") for line in lines if "^" in line]
    assert len(bodies) == len(marks) == 2000
    assert {body[mark.index("^")] for body, mark in zip(bodies, marks, strict=True)} == {"["}
    assert max(map(len, bodies)) <= 60 and all(body.startswith("...") for body in bodies)


def test_notes_without_a_name_are_called_notes_and_may_have_more_lines() -> None:
    found = error("CPC500", "clang failed", notes=("first\nsecond",))
    assert shown(found) == expect("""
        error[CPC500]: clang failed
          = note: first
            second
        """)


def test_several_diagnostics_stand_apart_in_the_order_of_their_places() -> None:
    one = SourceFile("one.cil", "a b\n")
    two = SourceFile("two.cil", "c\n")
    found = [
        error("CPC300", "third", two.span(0, 1)),
        note("CPC300", "second", one.span(2, 3)),
        error("CPC300", "first", one.span(0, 1)),
        error("CPC300", "third", two.span(0, 1)),
        error("CPC001", "no place"),
    ]
    text = render(found, {"one.cil": one, "two.cil": two}, Look(Format.CONCISE))
    assert text.splitlines() == [
        "cpc: error[CPC001] no place",
        "one.cil:1:1: error[CPC300] first",
        "one.cil:1:3: note[CPC300] second",
        "two.cil:1:1: error[CPC300] third",
    ]
    blocks = render(found, {"one.cil": one, "two.cil": two}, Look()).split("\n\n")
    assert len(blocks) == 4


def test_files_come_in_the_order_in_which_they_were_read() -> None:
    later = SourceFile("a.cil", "x\n")
    earlier = SourceFile("z.cil", "x\n")
    found = [
        error("CPC300", "second", later.span(0, 1)),
        error("CPC300", "first", earlier.span(0, 1)),
    ]
    text = render(found, {"z.cil": earlier, "a.cil": later}, Look(Format.CONCISE))
    assert [line.split()[-1] for line in text.splitlines()] == ["first", "second"]


def test_colour_changes_nothing_but_colour() -> None:
    import re

    finding = error("CPC203", "m", over(SHOP, "web-db"), label="l", help="h")
    sources: Sources = {"shop.cil": SHOP}
    plain = render([finding], sources, Look())
    colored = render([finding], sources, Look(color=True))
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
