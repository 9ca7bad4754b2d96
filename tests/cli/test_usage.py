"""What the command line does not understand, and the ways in which a command ends."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from cpc.compiler.commands import explain, fmt
from cpc.compiler.commands.exits import Exit, exit_of, worst
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error, note, warning
from cpc.compiler.errors import InputError, InternalError
from cpc.compiler.lint.pages import PAGES

CPC = (sys.executable, "-c", "from cpc.compiler.cli import main; main()")

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("words", "message", "help"),
    [
        ([], "missing command", "`cpc --help` shows what it takes"),
        (["chekc", "a"], "no such command `chekc`", "did you mean `check`?"),
        (["zzz"], "no such command `zzz`", "`cpc --help` shows what it takes"),
        (["policy"], "missing command", "`cpc policy --help` shows what it takes"),
        (["policy", "replac"], "no such command `replac`", "did you mean `replace`?"),
        (["fmt", "--chek", "a"], "no such option `--chek`", "did you mean `--check`?"),
        (["fmt", "-z", "a"], "no such option `-z`", "`cpc fmt --help` shows what it takes"),
        (["check"], "missing argument `FILE...`", "`cpc check --help` shows what it takes"),
        (["load", "a"], "missing option `--inventory`", "`cpc load --help` shows what it takes"),
        (
            ["check", "--format", "jsn", "a"],
            "invalid value for `--format`: `jsn` is not one of `pretty`, `concise`, `json`",
            "did you mean `json`?",
        ),
        (
            ["monitor", "--count", "x"],
            "invalid value for `--count`: ",
            "`cpc monitor --help` shows what it takes",
        ),
        (["check", "--param", "x", "a"], "`--param x` sets nothing", "write `--param NAME=VALUE`"),
        (["explain", "CPC0800"], "there is no code `CPC0800`", "did you mean `CPC080`?"),
    ],
)
def test_bad_usage_is_a_diagnostic(
    words: list[str], message: str, help: str, capsys: Captured
) -> None:
    assert run(words) == Exit.INPUT
    out, err = capsys.readouterr()
    assert out == ""
    first, second, last = err.splitlines()
    assert re.sub(r"^error\[CPC08\d\]: ", "", first).startswith(message)
    assert second == f"  = help: {help}"
    assert last == "cpc: 1 error"


@pytest.mark.parametrize("words", [["--format", "json", "chekc"], ["chekc", "--format=json"]])
def test_usage_errors_have_the_format_that_was_asked_for(
    words: list[str], capsys: Captured
) -> None:
    assert run(words) == Exit.INPUT
    out, err = capsys.readouterr()
    assert out == "" and json.loads(err)["diagnostics"][0]["code"] == "CPC080"


def test_every_command_has_help(capsys: Captured) -> None:
    assert run(["--help"]) == Exit.CLEAN
    listed = capsys.readouterr().out.split("Commands:\n")[1]
    names = re.findall(r"^  (\w+)  ", listed, re.MULTILINE)
    assert {"compile", "check", "fmt", "explain", "init", "load", "policy"} <= set(names)
    for name in names:
        assert run([name, "-h"]) == Exit.CLEAN
        assert capsys.readouterr().out.startswith(f"Usage: cpc {name} ")
    assert "..." not in listed, "a summary is too long for one line"


@pytest.mark.parametrize("words", [["version"], ["--version"]])
def test_version(words: list[str], capsys: Captured) -> None:
    assert run(words) == Exit.CLEAN
    assert capsys.readouterr().out.startswith("cpc ")


def test_version_as_json(capsys: Captured) -> None:
    assert run(["version", "--format", "json"]) == Exit.CLEAN
    assert json.loads(capsys.readouterr().out)["language"] == "1"


def test_the_worst_exit_code_wins() -> None:
    assert worst([0, 1, 3]) == 3
    assert worst([1, 3, 2]) == 2
    assert worst([1, 2, 4, 3]) == 4
    assert worst([]) == 0


def test_exit_codes_of_diagnostics() -> None:
    finding, bad = error("CPC203", "f"), error("CPC301", "b")
    assert exit_of([], strict=True) == Exit.CLEAN
    assert exit_of([note("CPC203", "n")], strict=True) == Exit.CLEAN
    assert exit_of([warning("CPC301", "w")], strict=False) == Exit.CLEAN
    assert exit_of([warning("CPC301", "w")], strict=True) == Exit.FINDINGS
    assert exit_of([finding], strict=False) == Exit.FINDINGS
    assert exit_of([finding, bad], strict=False) == Exit.INPUT


def failing(failure: Exception) -> object:
    def body(*_: object) -> int:
        raise failure

    return body


@pytest.mark.parametrize("failure", [InternalError("broken `promise`"), KeyError("x")])
def test_an_internal_error_is_short_and_says_what_to_do(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(explain, "run", failing(failure))
    assert run(["explain"]) == Exit.INTERNAL
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    assert err.startswith(f"error[CPC099]: internal error: {type(failure).__name__}: ")
    assert "run it again with `-v`" in err


def test_v_shows_the_traceback_of_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(explain, "run", failing(InternalError("x")))
    assert run(["explain", "-v"]) == Exit.INTERNAL
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_input_error_is_shown_as_its_diagnostics(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(
        fmt, "run", failing(InputError(error("CPC501", "one"), error("CPC502", "two")))
    )
    assert run(["fmt", "a"]) == Exit.INPUT
    assert capsys.readouterr().err.splitlines()[-1] == "cpc: 2 errors"


def test_options_before_the_command_count_and_those_after_win(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Terminal] = []

    def body(_: object, terminal: Terminal) -> int:
        seen.append(terminal)
        return 0

    monkeypatch.setattr(fmt, "run", body)
    assert (
        run(["-v", "--format", "json", "--color", "always", "fmt", "a", "--format", "concise"]) == 0
    )
    assert (seen[0].verbose, seen[0].format.value, seen[0].color.value) == (
        True,
        "concise",
        "always",
    )


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell command in which `$cpc` is the program."""
    return subprocess.run(
        ["bash", "-c", command, "bash", *CPC],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_reader_that_leaves_ends_us_quietly() -> None:
    done = shell('{ "$@" explain; echo "code $?" >&2; } | true')
    assert done.stderr in ("code 141\n", "code 0\n"), "a pipe may also take all before it closes"
    assert "Traceback" not in done.stderr


def test_a_closed_output_is_an_error() -> None:
    done = shell('"$@" explain >&-')
    assert done.returncode == Exit.INPUT
    assert "error[CPC081]: cannot write the answer: standard output is closed" in done.stderr


def test_a_full_disk_is_an_error() -> None:
    done = shell('"$@" explain >/dev/full')
    assert done.returncode == Exit.INPUT
    assert "error[CPC081]: cannot write the answer: no space left on device" in done.stderr


def test_a_closed_error_stream_changes_nothing_else() -> None:
    done = shell('"$@" explain cpc080 2>&-')
    assert done.returncode == Exit.CLEAN and done.stdout.startswith("CPC080: ")
    assert shell('"$@" chekc 2>&-').returncode == Exit.INPUT


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_command_without_a_traceback(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Whoever runs the tests in the background ignores SIGINT, and children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [*CPC, "fmt", "--check", pipe],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            writer = open_when_read(pipe)
            out, err = signalled(process, number)
            os.close(writer)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (code, "", "")


def signalled(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[str, str]:
    """What a command says when it is signalled, again where the first signal came just before it slept:
    Python acts on a signal when the system call that it interrupts returns.
    """
    for _ in range(30):
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=1)
    raise AssertionError("the command goes on after signals")


def open_when_read(pipe: Path) -> int:
    """Opens a pipe for writing once somebody reads it: the command has begun."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as failure:
            if failure.errno != errno.ENXIO:
                raise
        time.sleep(0.02)
    raise AssertionError("the command never read its input")


def test_no_color_and_no_terminal_mean_no_colour(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert run(["chekc"]) == 2
    assert "\x1b" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Terminal().colored(sys.stderr)
    monkeypatch.delenv("NO_COLOR")
    assert Terminal().colored(sys.stderr)
    monkeypatch.setenv("TERM", "dumb")
    assert not Terminal().colored(sys.stderr)


def test_every_page_can_be_shown(capsys: Captured) -> None:
    for code, page in PAGES.items():
        assert run(["explain", code.lower()]) == 0
        assert capsys.readouterr().out.startswith(f"{code}: {page.title}\n")
    assert run(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(PAGES)
    assert run(["explain", "--format", "json", "CPC080"]) == 0
    assert json.loads(capsys.readouterr().out)["code"] == "CPC080"
