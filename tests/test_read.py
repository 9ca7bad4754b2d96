"""Reading: order, includes, encodings, and everything that can be wrong with a path."""

import io
import os
import sys
import tempfile
from pathlib import Path

import pytest

from cpc.compiler.diagnostics import Diagnostic, Diagnostics
from cpc.compiler.read import Unit, read
from cpc.compiler.text import MAX_BYTES, decode

EMPTY = "language 1\nmode default\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(**files: str) -> None:
    """Writes `name.cil` for each keyword; `__` in a name is a folder."""
    for name, text in files.items():
        path = Path(name.replace("__", "/") + ".cil")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(files: tuple[Unit, ...]) -> list[str]:
    return [f.name for f in files]


def only(diagnostics: Diagnostics) -> Diagnostic:
    assert len(diagnostics) == 1, diagnostics
    return diagnostics[0]


def test_files_come_in_command_line_order_and_includes_before_their_includers() -> None:
    write(
        b=EMPTY,
        a='language 1\ninclude "lib/x.cil"\ninclude "lib/y.cil"\n',
        lib__x='language 1\ninclude "y.cil"\n',
        lib__y=EMPTY,
    )
    files, sources, diagnostics = read(["b.cil", "a.cil"])
    assert diagnostics == []
    assert names(files) == ["b.cil", "lib/y.cil", "lib/x.cil", "a.cil"]
    assert set(sources) == set(names(files))


def test_a_file_is_read_once_whatever_it_is_called() -> None:
    write(a='language 1\ninclude "b.cil"\n', b=EMPTY)
    os.symlink("b.cil", "c.cil")
    files, _, diagnostics = read(["./b.cil", "a.cil", "c.cil", str(Path("a.cil").resolve())])
    assert (names(files), diagnostics) == (["./b.cil", "a.cil"], [])


def test_a_folder_is_its_policies_sorted_and_recursive() -> None:
    write(p__b=EMPTY, p__a=EMPTY, p__sub__c=EMPTY)
    Path("p/readme.md").write_text("not a policy")
    files, _, diagnostics = read(["p"])
    assert (names(files), diagnostics) == (["p/a.cil", "p/b.cil", "p/sub/c.cil"], [])


def test_includes_are_beside_their_file_first_and_then_on_the_search_path() -> None:
    write(
        p__a='language 1\ninclude "x.cil"\ninclude "y.cil"\n',
        p__x=EMPTY,
        first__x=EMPTY,
        second__y=EMPTY,
    )
    files, _, diagnostics = read(["p/a.cil"], ["first", "second"])
    assert (names(files), diagnostics) == (["p/x.cil", "second/y.cil", "p/a.cil"], [])


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    write(b=EMPTY)
    stdin = io.TextIOWrapper(io.BytesIO(b'language 1\ninclude "b.cil"\n'))
    monkeypatch.setattr(sys, "stdin", stdin)
    files, sources, diagnostics = read(["-", "-"])
    assert (names(files), diagnostics) == (["b.cil", "<stdin>"], [])
    assert sources["<stdin>"].line(1) == "language 1"


def test_a_cycle_shows_every_include_on_the_way() -> None:
    write(
        a='language 1\ninclude "b.cil"\n',
        b='language 1\ninclude "c.cil"\n',
        c='language 1\n\ninclude "b.cil"\n',
    )
    files, _, diagnostics = read(["a.cil"])
    found = only(diagnostics)
    assert found.code == "CPC007"
    assert found.message == "include cycle: `b.cil` -> `c.cil` -> `b.cil`"
    assert found.span is not None and (found.span.file, found.span.line) == ("c.cil", 3)
    assert [label.span.file for label in found.labels] == ["b.cil"]
    assert names(files) == ["c.cil", "b.cil", "a.cil"]


def test_a_file_that_includes_itself_is_a_cycle() -> None:
    write(a='language 1\ninclude "a.cil"\n')
    assert only(read(["a.cil"])[2]).code == "CPC007"


def test_a_long_chain_of_includes_is_refused() -> None:
    for n in range(70):
        write(**{f"f{n}": f'language 1\ninclude "f{n + 1}.cil"\n'})
    write(f70=EMPTY)
    found = only(read(["f0.cil"])[2])
    assert found.code == "CPC009"
    assert found.span is not None and found.span.file == "f63.cil"


def test_a_missing_file_and_its_near_name() -> None:
    write(policy=EMPTY)
    found = only(read(["polcy.cil"])[2])
    assert (found.code, found.span) == ("CPC001", None)
    assert found.help == ("did you mean `policy.cil`?",)


def test_an_ending_alone_makes_no_near_name() -> None:
    write(near=EMPTY, b=EMPTY)
    Path("nine.yaml").touch()
    for name in ("nope.cil", "a.cil", "nine.cil"):
        _, _, diagnostics = read([name])
        assert only(diagnostics).help == ("check the path",)


def test_a_missing_include_stands_at_its_line() -> None:
    write(a='language 1\n\ninclude "comon.cil"\n', common=EMPTY)
    files, _, diagnostics = read(["a.cil"], ["lib"])
    found = only(diagnostics)
    assert found.code == "CPC001"
    assert found.span is not None and (found.span.line, found.span.column) == (3, 9)
    assert found.help == ("did you mean `common.cil`?",)
    assert found.notes == ("looked for `comon.cil`", "looked for `lib/comon.cil`")
    assert names(files) == ["a.cil"], "what could be read is there"


def test_an_included_folder_is_refused() -> None:
    write(a='language 1\ninclude "lib"\n', lib__b=EMPTY)
    found = only(read(["a.cil"])[2])
    assert (found.code, found.span is not None) == ("CPC003", True)


def test_a_folder_without_policies() -> None:
    Path("empty").mkdir()
    assert only(read(["empty"])[2]).code == "CPC003"


@pytest.mark.parametrize("name", ["p.yaml", "p.yml", "p.json", "P.JSON"])
def test_what_is_no_object_is_refused_where_it_is_named(name: str) -> None:
    Path("folder").mkdir()
    for path in (Path(name), Path("folder", name)):
        path.write_text("{}")
    write(folder__a=EMPTY)
    assert only(read([name])[2]).code == "CPC801"
    files, _, diagnostics = read(["folder"])
    assert (names(files), diagnostics) == (["folder/a.cil"], [])


def test_an_inventory_is_no_policy() -> None:
    Path("i.yaml").write_text("cluster: [10.0.0.0/8]")
    assert only(read(["i.yaml"])[2]).code == "CPC008"


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff"])
def test_an_empty_file(text: str) -> None:
    write(a=text)
    assert only(read(["a.cil"])[2]).code == "CPC005"


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # for the user that root becomes below
        monkeypatch.chdir(folder)
        write(a=EMPTY, b=EMPTY)
        os.chmod("a.cil", 0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # root may read everything
        try:
            files, _, diagnostics = read(["a.cil", "b.cil"])
        finally:
            os.seteuid(user)
            monkeypatch.undo()
    found = only(diagnostics)
    assert (found.code, found.message) == ("CPC002", "no permission to read `a.cil`")
    assert names(files) == ["b.cil"]


def test_an_endless_file_is_too_large() -> None:
    assert only(read(["/dev/zero"])[2]).code == "CPC006"


def test_a_file_just_too_large() -> None:
    with open("a.cil", "wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert only(read(["a.cil"])[2]).code == "CPC006"


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"language 1\nmode \xff\n", 2, 6),
        (b"\xef\xbb\xbfok\r\n\r\n\xc3", 3, 1),
        (b"# caf\xc3\xa9 \xe9\n", 1, 8),
        (b"\xed\xa0\x80", 1, 1),
    ],
)
def test_bytes_that_are_no_text_stand_at_their_place(data: bytes, line: int, column: int) -> None:
    _, found = decode(data, "a.cil")
    assert found is not None and found.code == "CPC004"
    assert found.span is not None and (found.span.line, found.span.column) == (line, column)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_named(encoding: str) -> None:
    _, found = decode(("\ufeff" + EMPTY).encode(encoding), "a.cil")
    assert found is not None and (found.code, "UTF-16" in found.message) == ("CPC004", True)


def test_byte_order_mark_and_line_ends_are_dropped() -> None:
    source, found = decode(b"\xef\xbb\xbflanguage 1\r\nmode default\r# c\r\n", "a.cil")
    assert (found, source.text) == (None, "language 1\nmode default\n# c\n")


def test_bad_bytes_still_have_a_line_to_show() -> None:
    Path("a.cil").write_bytes(b"language 1\nmode \xff\n")
    files, sources, diagnostics = read(["a.cil"])
    assert (files, only(diagnostics).code) == ((), "CPC004")
    assert sources["a.cil"].line(2) == "mode \ufffd"


def test_every_wrong_path_of_a_run_is_reported() -> None:
    write(a=EMPTY)
    files, _, diagnostics = read(["x.cil", "a.cil", "y.yaml", "z"])
    assert [d.code for d in diagnostics] == ["CPC001", "CPC001", "CPC001"]
    assert names(files) == ["a.cil"]


def test_folders_behind_links_are_read_once_under_their_own_names() -> None:
    write(p__a=EMPTY, p__sub__b=EMPTY, elsewhere__c=EMPTY)
    os.symlink("sub", "p/again")
    os.symlink("..", "p/sub/up")
    os.symlink("../elsewhere", "p/far")
    files, _, diagnostics = read(["p"])
    assert (names(files), diagnostics) == (["p/a.cil", "p/far/c.cil", "p/sub/b.cil"], [])


def test_a_folder_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # for the user that root becomes below
        monkeypatch.chdir(folder)
        write(p__a=EMPTY, p__sub__b=EMPTY)
        os.chmod("p/sub", 0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # root may read everything
        try:
            files, _, diagnostics = read(["p"])
        finally:
            os.seteuid(user)
            os.chmod("p/sub", 0o755)
            monkeypatch.undo()
    found = only(diagnostics)
    assert (found.code, found.message) == ("CPC002", "no permission to read `p/sub`")
    assert names(files) == ["p/a.cil"]


def test_only_files_are_read_from_folders_but_a_link_to_nothing_is_told() -> None:
    write(p__a=EMPTY)
    os.mkfifo("p/b.cil")  # would be waited for without end
    os.symlink("/dev/zero", "p/c.yaml")
    os.symlink("nothing.cil", "p/d.cil")
    files, _, diagnostics = read(["p"])
    found = only(diagnostics)
    assert (names(files), found.code) == (["p/a.cil"], "CPC001")
