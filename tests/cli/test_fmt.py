"""`cpc fmt`: which files it takes, what it writes, and what it leaves alone."""

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from cpc.compiler.errors import InputError
from cpc.compiler.write import write_whole

Captured = pytest.CaptureFixture[str]

UGLY = 'language 1\nendpoints   web={app="web"}   # why\n'


@pytest.fixture
def pretty(tmp_path: Path, capsys: Captured) -> str:
    """`UGLY` in its layout."""
    file = tmp_path / "pretty.cil"
    file.write_text(UGLY)
    assert run(["fmt", str(file)]) == 0
    text = file.read_text()
    file.unlink()
    assert text != UGLY and "# why" in text
    return text


def test_a_file_is_rewritten_in_place_and_keeps_its_mode(tmp_path: Path, pretty: str) -> None:
    file = tmp_path / "a.cil"
    file.write_text(UGLY)
    file.chmod(0o640)
    assert run(["fmt", str(file)]) == 0
    assert file.read_text() == pretty
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.cil"]


def test_a_file_in_its_layout_is_not_touched(tmp_path: Path, pretty: str) -> None:
    file = tmp_path / "a.cil"
    file.write_text(pretty)
    os.utime(file, (1, 1))
    assert run(["fmt", str(file)]) == 0
    assert file.stat().st_mtime == 1


def test_line_ends_and_byte_order_marks_are_part_of_the_layout(tmp_path: Path, pretty: str) -> None:
    file = tmp_path / "a.cil"
    file.write_bytes(b"\xef\xbb\xbf" + pretty.replace("\n", "\r\n").encode())
    assert run(["fmt", "--check", str(file)]) == 1
    assert run(["fmt", str(file)]) == 0
    assert file.read_bytes() == pretty.encode()


def test_check_names_what_would_change_and_writes_nothing(
    tmp_path: Path, pretty: str, capsys: Captured
) -> None:
    (tmp_path / "a.cil").write_text(UGLY)
    (tmp_path / "b.cil").write_text(pretty)
    assert run(["fmt", "--check", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == f"{tmp_path}/a.cil\n"
    assert err == "cpc: 1 of 2 files would change\n"
    assert (tmp_path / "a.cil").read_text() == UGLY


def test_diff_shows_the_change(tmp_path: Path, pretty: str, capsys: Captured) -> None:
    file = tmp_path / "a.cil"
    file.write_text(UGLY)
    assert run(["fmt", "--diff", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"--- {file}", f"+++ {file}"]
    assert "-" + UGLY.splitlines()[1] in lines
    assert file.read_text() == UGLY
    file.write_text(pretty)
    assert run(["fmt", "--diff", str(file)]) == 0
    assert capsys.readouterr().out == ""


def test_folders_are_searched_for_policies_but_not_hidden_ones(tmp_path: Path, pretty: str) -> None:
    for name in ("a.cil", "sub/b.cil", ".git/c.cil", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(UGLY)
    assert run(["fmt", str(tmp_path)]) == 0
    assert (tmp_path / "a.cil").read_text() == (tmp_path / "sub/b.cil").read_text() == pretty
    assert (tmp_path / ".git/c.cil").read_text() == (tmp_path / "notes.txt").read_text() == UGLY


def test_standard_input_goes_to_standard_output(
    pretty: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UGLY.encode())))
    assert run(["fmt", "-"]) == 0
    assert capsys.readouterr().out == pretty


def test_a_file_with_errors_is_left_alone_and_the_others_are_not(
    tmp_path: Path, pretty: str, capsys: Captured
) -> None:
    bad, good = tmp_path / "a.cil", tmp_path / "b.cil"
    bad.write_text("language 1\nendpoints = {\n")
    good.write_text(UGLY)
    assert run(["fmt", str(tmp_path)]) == 2
    assert bad.read_text() == "language 1\nendpoints = {\n"
    assert good.read_text() == pretty
    assert f"{bad}:2:" in capsys.readouterr().err


def test_a_link_stays_a_link(tmp_path: Path, pretty: str) -> None:
    (tmp_path / "real.cil").write_text(UGLY)
    link = tmp_path / "link.cil"
    link.symlink_to("real.cil")
    assert run(["fmt", str(link)]) == 0
    assert link.is_symlink() and (tmp_path / "real.cil").read_text() == pretty


def test_no_policy_anywhere_is_an_error(tmp_path: Path, capsys: Captured) -> None:
    assert run(["fmt", str(tmp_path)]) == 2
    assert "no `.cil` file" in capsys.readouterr().err


def test_a_missing_file_is_an_error(tmp_path: Path, capsys: Captured) -> None:
    assert run(["fmt", str(tmp_path / "a.cil")]) == 2
    assert "error[CPC001]" in capsys.readouterr().err


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as failure:
        write_whole(str(tmp_path / "folder"), b"x")
    assert failure.value.diagnostics[0].code == "CPC083"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    with pytest.raises(InputError):
        write_whole(str(tmp_path / "missing/file"), b"x")
