"""A text read in stretches is the text read as a whole, and what can be read so is."""

from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from cpc.compiler.syntax.stretches import Stretches, cut
from cpc.compiler.syntax.words import STATEMENTS
from tests.nightly import times
from tests.syntax.dump import dump
from tests.syntax.strategies import files
from tests.syntax.test_fuzz import LINES, WORDS


def in_stretches(text: str, known: Stretches | None = None) -> tuple[str, Diagnostics] | None:
    """The tree of a text with its places, and what is wrong with it, by its stretches."""
    found = (known or Stretches()).script(SourceFile("law.cil", text))
    return None if found is None else (dump(found[0].holding("")), found[1])


def as_a_whole(text: str) -> tuple[str, Diagnostics]:
    """The same, read at once; blank lines are for the formatter only."""
    file, problems = parse(SourceFile("law.cil", text))
    return dump(replace(file, blank_lines=())), problems


def agree(text: str, known: Stretches | None = None) -> bool:
    """Whether a text can be read in stretches: then it says the same."""
    assert "".join(cut(text)) == text
    found = in_stretches(text, known)
    assert found is None or found == as_a_whole(text), text
    return found is not None


lines = st.sampled_from([*LINES, *(f"{word} " for word in sorted(STATEMENTS)), "not", "for web\n"])


@given(st.lists(lines, max_size=30).map("".join))
@settings(max_examples=times(300, 20_000))
def test_lines_in_any_order(text: str) -> None:
    agree(text)


@given(st.lists(st.sampled_from([*WORDS, "\n", "\nallow", "\ningress", "\ndeny"]), max_size=40))
@settings(max_examples=times(300, 20_000))
def test_words_in_any_order(words: list[str]) -> None:
    agree(" ".join(words))


@given(st.lists(lines, max_size=30), st.data())
@settings(max_examples=times(100, 10_000))
def test_a_file_that_is_edited_is_read_as_if_it_were_new(
    text: list[str], data: st.DataObject
) -> None:
    known = Stretches()
    for _ in range(4):
        agree("".join(text), known)
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 2))
        text[at : at + gone] = data.draw(st.lists(lines | st.just("\n"), max_size=2))


@given(st.lists(files, min_size=1, max_size=3), st.data())
@settings(max_examples=times(150, 5000))
def test_every_statement_in_the_one_layout_is_read_in_stretches(
    written: list[tree.File], data: st.DataObject
) -> None:
    known = Stretches()
    statements = tuple(chain.from_iterable(file.statements for file in written))
    for _ in range(3):
        text = format_file(replace(written[0], statements=statements))
        assert agree(text, known)
        comment = data.draw(st.sampled_from(("\n", "# a comment\n", "  # a comment\n")))
        at = data.draw(st.sampled_from([0, *(n + 1 for n, c in enumerate(text) if c == "\n")]))
        agree(text[:at] + comment + text[at:], known)
        statements = tuple(data.draw(st.permutations(statements))[1:])


def test_statements_side_by_side_and_inside_blocks_are_read_with_their_neighbours() -> None:
    shop = "policy shop {\ndefault deny ingress for a\nallow a -> b }\n"
    parts = ["language 1\n", "const a = 1 const b = 2\n", shop, "# about c\n\ncidr c = []\n"]
    assert list(cut("".join(parts))) == parts
    assert agree("".join(parts))


def test_a_block_that_was_broken_once_is_read_in_stretches_when_it_is_mended() -> None:
    known = Stretches()
    start = "language 1\nallow a -> b\npolicy shop {\n  default deny ingress for a\n"
    assert known.script(SourceFile("f.cil", start)) is None
    assert known.script(SourceFile("f.cil", start + "allow c -> d }\n")) is not None
