"""An artifact comes back as it was written, or is refused with a reason."""

import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.artifact import TARGETS, Artifact, read_artifact, write_artifact
from cpc.compiler.artifact import file as artifact_file
from cpc.compiler.artifact.file import pack, unpack
from cpc.compiler.artifact.program import encode_program
from cpc.compiler.errors import InputError
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.passes import run
from cpc.compiler.policy.model import Entity, EntityTerm, Policy, PortRange
from tests.ir.strategies import rule, verified


@cache
def example() -> Artifact:
    """An artifact whose object is no object: nothing here looks into it."""
    policy = Policy(
        (
            rule(1, peers=(EntityTerm(Entity.WORLD),), ports=(PortRange(6, 80, 80),), name="web"),
            rule(2, log=True, name='odd "name" \u00e4'),
        )
    )
    return Artifact(
        program=run(lower(verified(policy))),
        target=TARGETS[-1],
        policy_hash="ab" * 32,
        source="int main;\n",
        library=(("lib/a.h", "/* a */\n"), ("lib/b.h", "")),
        object=bytes(range(256)) * 4,
        clang="clang version 19.1.7",
        flags=("-O2", "-g"),
        cpc="0.1.0",
    )


def refused(data: bytes) -> str:
    """The code with which bytes are refused."""
    with pytest.raises(InputError) as failing:
        unpack(data, "x.cpc")
    (diagnostic,) = failing.value.diagnostics
    assert diagnostic.help
    return diagnostic.code


def test_there_and_back(tmp_path: Path) -> None:
    path = str(tmp_path / "x.cpc")
    write_artifact(example(), path)
    assert read_artifact(path) == example()


def test_one_form_for_each_artifact(tmp_path: Path) -> None:
    first = pack(example())
    write_artifact(example(), str(tmp_path / "other.cpc"))
    assert (tmp_path / "other.cpc").read_bytes() == first == pack(unpack(first, "x"))


def test_nothing_of_the_machine_is_in_it() -> None:
    data = pack(example())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        manifest = json.loads(archive.read("manifest.json"))
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert all(not os.path.isabs(entry.filename) for entry in entries)
    assert manifest["target"]["kernel"] == TARGETS[-1].name
    assert manifest["rules"][0]["name"] == "web"
    assert str(Path.cwd()).encode() not in data


def test_every_changed_byte_is_noticed() -> None:
    data = pack(example())
    chosen = random.Random(1)
    for _ in range(400):
        at = chosen.randrange(len(data))
        changed = bytearray(data)
        changed[at] ^= 1 << chosen.randrange(8)
        assert refused(bytes(changed)) in {"CPC521", "CPC522", "CPC523"}


def test_every_cut_is_noticed() -> None:
    data = pack(example())
    for length in (0, 1, 22, len(data) // 2, len(data) - 1):
        assert refused(data[:length]) == "CPC521"
    assert refused(b"x" + data) == "CPC523"
    assert refused(data + b"x") in {"CPC521", "CPC523"}
    assert refused(b"language 1\n") == "CPC521"


def repacked(change: Callable[[dict[str, bytes]], None], kind: int = zipfile.ZIP_STORED) -> bytes:
    """The example, unpacked, changed and packed by another tool, its hashes made right."""
    with zipfile.ZipFile(io.BytesIO(pack(example()))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if "manifest.json" in members and members["manifest.json"].startswith(b"{"):
        manifest = json.loads(members["manifest.json"])
        for name in manifest.get("files", {}):
            if name in members:
                manifest["files"][name] = sha256(members[name]).hexdigest()
        members["manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    return artifact_file_archive(members, kind)


def artifact_file_archive(members: dict[str, bytes], kind: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.compress_type = kind
            archive.writestr(entry, data)
    return buffer.getvalue()


def in_manifest(**changes: object) -> Callable[[dict[str, bytes]], None]:
    """Changes of the manifest; None removes."""

    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        for key, value in changes.items():
            manifest[key] = value
            if value is None:
                del manifest[key]
        members["manifest.json"] = json.dumps(manifest).encode()

    return change


def put(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.update({name: data})


def test_repacking_without_a_change_is_no_change() -> None:
    assert repacked(lambda members: None) == pack(example())


_BROKEN = replace(
    example().program, ingress=replace(example().program.ingress, starts=(1, 0, 7), index=(0,) * 3)
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (in_manifest(format=2), "CPC522"),
        (in_manifest(format="1"), "CPC522"),
        (in_manifest(format=None), "CPC522"),
        (in_manifest(target={"kernel": "9.9", "cpu": "v4", "attach": "tcx"}), "CPC523"),
        (in_manifest(target={"kernel": "5.15", "cpu": "v4", "attach": "tcx"}), "CPC523"),
        (in_manifest(target=None), "CPC523"),
        (in_manifest(language="1"), "CPC523"),
        (in_manifest(flags="-O2"), "CPC523"),
        (in_manifest(rules=[]), "CPC523"),
        (in_manifest(sites={}), "CPC523"),
        (in_manifest(files={}), "CPC523"),
        (in_manifest(extra=1), "CPC523"),
        (put("extra", b""), "CPC523"),
        (put("manifest.json", b""), "CPC523"),
        (put("manifest.json", b"[" * 100_000), "CPC523"),
        (put("manifest.json", b"[]"), "CPC523"),
        (put("program.json", b"{}"), "CPC523"),
        (put("program.json", b"\xff"), "CPC523"),
        (put("program.json", encode_program(_BROKEN).encode()), "CPC523"),
        (lambda members: members.pop("policy.bpf.o"), "CPC523"),
        (lambda members: members.pop("manifest.json"), "CPC523"),
    ],
)
def test_a_file_that_was_packed_again_is_refused(
    change: Callable[[dict[str, bytes]], None], code: str
) -> None:
    assert refused(repacked(change)) == code


def test_compressed_files_are_refused_unread() -> None:
    def bomb(members: dict[str, bytes]) -> None:
        members["policy.bpf.o"] = bytes(1 << 24)

    data = repacked(bomb, zipfile.ZIP_DEFLATED)
    assert len(data) < 1 << 17
    assert refused(data) == "CPC523"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused() -> None:
    buffer = io.BytesIO(pack(example()))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("policy.bpf.o", b"another")
    assert refused(buffer.getvalue()) == "CPC523"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError) as failing:
            read_artifact(str(path))
        assert failing.value.diagnostics[0].code == "CPC520"


def test_what_to_do_about_a_file_that_is_no_artifact(tmp_path: Path) -> None:
    named, told, other = (tmp_path / name for name in ("p.cil", "policy", "x.cpc"))
    named.write_text("endpoints a = {}\n")
    told.write_text("language 1\n")
    other.write_text("x")
    helps = {
        named: f"this is a policy: `cpc compile {named}` makes an artifact of it",
        told: f"this is a policy: `cpc compile {told}` makes an artifact of it",
        other: "compile the policy again: `cpc compile`",
        tmp_path / "missing": "check the path; `cpc compile` writes artifacts",
        tmp_path: "check the path",
    }
    for path, help in helps.items():
        with pytest.raises(InputError) as failing:
            read_artifact(str(path))
        assert failing.value.diagnostics[0].help == (help,)


def test_what_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_file, "LARGEST", 100)
    write_artifact(example(), str(tmp_path / "x.cpc"))
    with pytest.raises(InputError) as failing:
        read_artifact(str(tmp_path / "x.cpc"))
    assert failing.value.diagnostics[0].code == "CPC524"


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder.cpc").mkdir()
    for path in (tmp_path / "missing" / "x.cpc", tmp_path / "folder.cpc"):
        with pytest.raises(InputError) as failing:
            write_artifact(example(), str(path))
        assert failing.value.diagnostics[0].code == "CPC083"
    assert [path.name for path in tmp_path.iterdir()] == ["folder.cpc"]


def test_an_old_file_is_replaced_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.cpc", tmp_path / "link.cpc"
    link.symlink_to(real)
    mask = os.umask(0o027)
    try:
        write_artifact(example(), str(link))
    finally:
        os.umask(mask)
    assert link.is_symlink() and real.read_bytes() == pack(example())
    assert real.stat().st_mode & 0o777 == 0o640
    real.write_bytes(b"old")
    real.chmod(0o600)
    write_artifact(example(), str(link))
    assert link.is_symlink() and real.read_bytes() == pack(example())
    assert real.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.cpc", "real.cpc"]
