"""clang is found, judged by its version, run without a shell, and understood when it fails."""

import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.codegen.clang import FLAGS, MINIMUM, SOURCE, Clang, find_clang, flags_for
from cpc.compiler.codegen.targets import TARGETS, newest_for, target_named
from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.errors import InputError

GOOD = "Debian clang version 19.1.7 (3~deb12u1)"


def fake(folder: Path, name: str, script: str) -> Path:
    """An executable that does as the script says."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def says(version: str, otherwise: str = "exit 1") -> str:
    """The script of a clang that tells this version and does something else when it compiles."""
    return f'if [ "$1" = --version ]; then echo "{version}"; exit 0; fi\n{otherwise}'


def failure(failing: "pytest.ExceptionInfo[InputError]") -> Diagnostic:
    (diagnostic,) = failing.value.diagnostics
    return diagnostic


def test_the_first_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    fake(tmp_path, "clang", says("clang version 22.0.0"))
    fake(tmp_path, "clang-19", says("Ubuntu clang version 14.0.0"))
    wanted = fake(tmp_path, "clang-20", says(GOOD.replace("19.1.7", "20.1.0")))
    found = find_clang({"PATH": str(tmp_path)})
    assert found == Clang(str(wanted), "Debian clang version 20.1.0 (3~deb12u1)")


def test_no_clang(tmp_path: Path) -> None:
    with pytest.raises(InputError) as failing:
        find_clang({"PATH": str(tmp_path)})
    assert failure(failing).code == "CPC501"
    assert "apt-get install clang-19" in failure(failing).help[0]


def test_a_chosen_clang_is_the_only_one_tried(tmp_path: Path) -> None:
    fake(tmp_path, "clang-19", says(GOOD))
    with pytest.raises(InputError) as failing:
        find_clang({"PATH": str(tmp_path), "CPC_CLANG": "my-clang"})
    assert failure(failing).code == "CPC501"
    assert failure(failing).notes == ("tried `my-clang`",)


def test_old_clang(tmp_path: Path) -> None:
    fake(tmp_path, "clang", says(f"clang version {MINIMUM - 1}.9.9"))
    with pytest.raises(InputError) as failing:
        find_clang({"PATH": str(tmp_path)})
    assert failure(failing).code == "CPC502"
    assert "17.9.9" in failure(failing).notes[0]


@pytest.mark.parametrize(
    "script", ["exit 0", "echo gcc version 12", "echo clang version 19; exit 1"]
)
def test_something_else_than_clang(tmp_path: Path, script: str) -> None:
    fake(tmp_path, "clang", script)
    with pytest.raises(InputError) as failing:
        find_clang({"PATH": str(tmp_path)})
    assert failure(failing).code == "CPC503"


def test_a_file_that_cannot_be_executed(tmp_path: Path) -> None:
    path = tmp_path / "clang"
    path.write_bytes(b"\x7fELF nothing")
    path.chmod(0o755)
    with pytest.raises(InputError) as failing:
        find_clang({"PATH": str(tmp_path)})
    assert failure(failing).code == "CPC503"


SOURCE_TEXT = """int a;
/* web-db (shop.cil:14) */
int b = ;
"""


def compiled_by(path: Path, source: str = SOURCE_TEXT) -> bytes:
    return Clang(str(path), GOOD).compile({SOURCE: source}, FLAGS)


def test_an_error_names_the_rule_whose_code_it_is_in(tmp_path: Path) -> None:
    script = f"echo '{SOURCE}:3:9: error: expected expression' >&2; exit 1"
    with pytest.raises(InputError) as failing:
        compiled_by(fake(tmp_path, "clang", script))
    assert failure(failing).code == "CPC504"
    assert failure(failing).notes == (
        "policy.bpf.c:3: expected expression",
        "in the code of `web-db (shop.cil:14)`",
    )


@pytest.mark.clang
def test_real_errors_are_understood() -> None:
    with pytest.raises(InputError) as failing:
        find_clang().compile({SOURCE: SOURCE_TEXT}, FLAGS)
    assert failure(failing).code == "CPC504"
    assert failure(failing).notes[-1] == "in the code of `web-db (shop.cil:14)`"


@pytest.mark.clang
@pytest.mark.parametrize(
    ("header", "package"), [("linux/nope.h", "linux-libc-dev"), ("bpf/nope.h", "libbpf-dev")]
)
def test_a_missing_header_names_its_package(header: str, package: str) -> None:
    with pytest.raises(InputError) as failing:
        find_clang().compile({SOURCE: f"#include <{header}>\n"}, FLAGS)
    assert failure(failing).code == "CPC505"
    assert package in failure(failing).help[0]


def test_a_clang_without_bpf(tmp_path: Path) -> None:
    said = "error: unable to create target: No available targets are compatible"
    with pytest.raises(InputError) as failing:
        compiled_by(fake(tmp_path, "clang", f'echo "{said}" >&2; exit 1'))
    assert failure(failing).code == "CPC503"


def test_a_crash_shows_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(InputError) as failing:
        compiled_by(fake(tmp_path, "clang", "echo PLEASE submit a bug report >&2; kill -SEGV $$"))
    assert failure(failing).code == "CPC504"
    assert failure(failing).notes == ("PLEASE submit a bug report", "it ended with status -11")


def test_no_object_though_all_seems_well(tmp_path: Path) -> None:
    with pytest.raises(InputError) as failing:
        compiled_by(fake(tmp_path, "clang", "exit 0"))
    assert failure(failing).code == "CPC503"


def test_a_clang_that_does_not_end(tmp_path: Path) -> None:
    slow = Clang(str(fake(tmp_path, "clang", "exec sleep 30")), GOOD, timeout=0.2)
    with pytest.raises(InputError) as failing:
        slow.compile({SOURCE: ""}, FLAGS)
    assert failure(failing).code == "CPC506"


def test_the_callers_variables_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPATH", "/evil")
    monkeypatch.setenv("CCC_OVERRIDE_OPTIONS", "+-DEVIL")
    told = compiled_by(fake(tmp_path, "clang", "env > out"))
    names = {line.split("=")[0] for line in told.decode().splitlines()}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"LC_ALL", "PATH", "TMPDIR"}


def test_names_with_shell_characters_are_only_names(tmp_path: Path) -> None:
    strange = tmp_path / "a b;touch x"
    strange.mkdir()
    path = fake(strange, "clang", "touch ran; cp policy.bpf.c out")
    assert compiled_by(path, "$(x)") == b"$(x)"


@pytest.mark.clang
def test_the_object_is_the_same_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = {
        SOURCE: '#include "lib/a.h"\nint f(void)\n{\n\treturn A;\n}\n',
        "lib/a.h": "#define A 3\n",
    }
    objects = []
    for name in ("one", "another/deeper"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setattr("tempfile.tempdir", None)
        objects.append(find_clang().compile(source, flags_for(TARGETS[-1])))
    assert objects[0] == objects[1]
    assert os.fsencode(tmp_path) not in objects[0]


def test_targets_ascend_and_are_found_by_name() -> None:
    assert [target.release for target in TARGETS] == sorted(target.release for target in TARGETS)
    assert all(target_named(target.name) is target for target in TARGETS)
    with pytest.raises(InputError) as failing:
        target_named("6.16.3-generic")
    assert failure(failing).code == "CPC507"
    assert "take `6.12`" in failure(failing).help[0]
    with pytest.raises(InputError) as failing:
        target_named("linux")
    assert failure(failing).help[0].startswith("the targets are")


@pytest.mark.parametrize(
    ("release", "name"), [((6, 18), "6.18"), ((6, 7), "6.6"), ((7, 0), "6.18"), ((5, 14), None)]
)
def test_the_newest_target_of_a_kernel(release: tuple[int, int], name: str | None) -> None:
    found = newest_for(release)
    assert (found and found.name) == name


def test_flags_end_with_the_cpu() -> None:
    oldest = TARGETS[0]
    assert flags_for(oldest)[-1] == "-mcpu=v3"
    assert flags_for(replace(oldest, cpu="v9"))[-1] == "-mcpu=v9"


def test_no_clang_is_left_over(tmp_path: Path) -> None:
    """The folder of a run goes with it, also when the run fails."""
    before = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("cpc-*"))
    with pytest.raises(InputError):
        compiled_by(fake(tmp_path, "clang", "exit 1"))
    left = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("cpc-*")) - before
    assert not [folder for folder in left if (folder / SOURCE).exists()]
    assert shutil.which("clang", path=str(tmp_path))
