"""An artifact as a file: a zip archive with one possible form for each artifact.

Files are stored, not compressed: the bytes depend on no zlib, and no small file unpacks to a large
one. Times, permissions and order are fixed. A reader packs what it read once more and takes nothing that
is not the same byte for byte; hashes tell which part is damaged. They protect against accidents; who
can write the file can write the hashes too.
"""

import json
import struct
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from cpc.compiler.artifact.codec import CodecError
from cpc.compiler.artifact.manifest import manifest_text
from cpc.compiler.artifact.program import decode_program
from cpc.compiler.artifact.value import FORMAT, Artifact
from cpc.compiler.codegen.targets import TARGETS
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.ir.check import faults
from cpc.compiler.write import write_whole

__all__ = ["LARGEST", "pack", "read_artifact", "unpack", "write_artifact"]

LARGEST = 1 << 28
"""Bytes of the largest file that is read."""

_MANIFEST = "manifest.json"
_AGAIN = "compile the policy again: `cpc compile`"


def write_artifact(artifact: Artifact, path: str) -> None:
    """Writes the file in one step: whoever reads sees the old one or the new one, whole.

    InputError (CPC083) where that is not possible.
    """
    write_whole(path, pack(artifact))


def read_artifact(path: str) -> Artifact:
    """The artifact of a file, every hash checked; InputError (CPC52x) for anything else."""
    return unpack(_read(path), path)


def pack(artifact: Artifact) -> bytes:
    """The bytes of the file."""
    members = dict(artifact.members())
    return _archive(manifest_text(artifact, members), members)


def _archive(manifest: str, members: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, data in ((_MANIFEST, manifest.encode()), *members.items()):
            entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _read(path: str) -> bytes:
    """The bytes of a file; InputError (CPC520, CPC524) where there are none, or too many."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as failure:
        why = (failure.strerror or str(failure)).lower()
        missing = isinstance(failure, FileNotFoundError)
        help = "check the path; `cpc compile` writes artifacts" if missing else "check the path"
        raise InputError(
            error("CPC520", f"the artifact `{path}` cannot be read: {why}", help=help)
        ) from failure
    if len(data) > LARGEST:
        raise InputError(
            error(
                "CPC524",
                f"`{path}` is larger than any artifact",
                notes=(f"artifacts have at most {LARGEST >> 20} MiB",),
                help=_AGAIN,
            )
        )
    return data


def unpack(data: bytes, path: str) -> Artifact:
    """The artifact of a file's bytes; `path` is what it is called in errors."""
    members = _members(data, path)
    manifest = _manifest(members.pop(_MANIFEST, b""), path)
    _check_format(manifest.get("format"), path)
    _check_hashes(manifest.get("files"), members, path)
    try:
        artifact = _artifact(manifest, members)
    except (CodecError, KeyError, TypeError, UnicodeDecodeError) as failure:
        raise _damaged(path, "its parts do not fit together", str(failure)) from failure
    broken = next(faults(artifact.program), None)
    if broken is not None:
        raise _damaged(path, "its program is not one", broken)
    if _archive(manifest_text(artifact, members), members) != data:
        raise _damaged(
            path, "it is not what its parts make up", "the manifest or the archive differs"
        )
    return artifact


def _members(data: bytes, path: str) -> dict[str, bytes]:
    """The files of the archive by name, in their order."""
    found: dict[str, bytes] = {}
    try:
        with ZipFile(BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.compress_type != ZIP_STORED or entry.file_size > len(data):
                    raise _damaged(path, "it holds a compressed file", entry.filename)
                if entry.filename in found:
                    raise _damaged(path, "it holds a file twice", entry.filename)
                found[entry.filename] = archive.read(entry)
    except (
        BadZipFile,
        EOFError,
        NotImplementedError,
        OSError,
        OverflowError,
        RuntimeError,
        ValueError,
        struct.error,
    ) as failure:
        # What `zipfile` is known to raise for bytes that are no archive, or one cut short.
        policy = path.endswith(".cil") or data.lstrip().startswith(b"language ")
        raise InputError(
            error(
                "CPC521",
                f"`{path}` is not an artifact, or only a part of one",
                notes=(str(failure),),
                help=f"this is a policy: `cpc compile {path}` makes an artifact of it"
                if policy
                else _AGAIN,
            )
        ) from failure
    return found


def _manifest(data: bytes, path: str) -> dict[str, object]:
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as failure:
        raise _damaged(path, "its manifest is not read", str(failure)) from failure
    if not isinstance(manifest, dict):
        raise _damaged(path, "its manifest is not read", "no object")
    return manifest


def _check_format(version: object, path: str) -> None:
    if version != FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        raise InputError(
            error(
                "CPC522",
                f"`{path}` is of artifact format {version}, this cpc reads format {FORMAT}",
                help="use the cpc that compiled it, or a newer one" if newer else _AGAIN,
            )
        )


def _check_hashes(files: object, members: Mapping[str, bytes], path: str) -> None:
    if not isinstance(files, dict) or set(files) != set(members):
        raise _damaged(path, "it does not hold the files that its manifest names", "")
    for name, data in members.items():
        if sha256(data).hexdigest() != files[name]:
            raise _damaged(path, f"`{name}` in it is not what was compiled", "its hash differs")


def _artifact(manifest: Mapping[str, object], members: Mapping[str, bytes]) -> Artifact:
    """The artifact, as far as types tell; what they do not is found by packing it again."""
    target = manifest["target"]
    kernel = target["kernel"] if isinstance(target, dict) else None
    known = next((one for one in TARGETS if one.name == kernel), None)
    if known is None:
        raise CodecError(f"no target is called `{kernel}`")
    flags = manifest["flags"]
    language = manifest["language"]
    if not isinstance(flags, list) or type(language) is not int:
        raise CodecError("flags or language of another type")
    return Artifact(
        program=decode_program(members["program.json"].decode()),
        target=known,
        policy_hash=str(manifest["policy"]),
        source=members["policy.bpf.c"].decode(),
        library=tuple(
            (name, data.decode()) for name, data in members.items() if name.startswith("lib/")
        ),
        object=members["policy.bpf.o"],
        clang=str(manifest["clang"]),
        flags=tuple(str(flag) for flag in flags),
        cpc=str(manifest["cpc"]),
        language=language,
    )


def _damaged(path: str, what: str, note: str) -> InputError:
    notes = (note,) if note else ()
    return InputError(error("CPC523", f"`{path}` is damaged: {what}", notes=notes, help=_AGAIN))
