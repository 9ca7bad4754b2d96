"""Policies as they were at a revision of git: `REV:path`."""

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.read import READ

__all__ = ["at_revisions"]


class _Place(Struct, frozen=True):
    """A revision as it was written, its commit, and a path from the top of the repository."""

    revision: str
    commit: str
    path: str

    @property
    def name(self) -> str:
        """The path as the reader gets it, so that diagnostics say where a line stood."""
        return os.path.normpath(os.path.join(f"{self.revision}:", self.path))


@contextmanager
def at_revisions(words: Sequence[str]) -> Iterator[list[str]]:
    """The words as paths that can be read while the block runs; those of a revision as `REV:/path`.

    A word that names a file is one, whatever is in it. Where one is of a revision, the current folder is
    another while the block runs, and the other paths are made absolute. Raises InputError (CPC250, CPC251).
    """
    places = [_place(word) for word in words]
    if not any(places):
        yield list(words)
        return
    with tempfile.TemporaryDirectory(prefix="cpc-") as folder:
        found = [place for place in places if place is not None]
        for revision, commit in {place.revision: place.commit for place in found}.items():
            _extract(commit, os.path.join(folder, f"{revision}:"))
        for place in found:
            if not os.path.exists(os.path.join(folder, place.name)):
                help = "a path is counted from the top of the repository, `./` from here"
                what = f"revision `{place.revision}` has no policy at `{place.path}`"
                raise InputError(error("CPC251", what, help=help))
        paths = [
            _absolute(word) if place is None else place.name
            for word, place in zip(words, places, strict=True)
        ]
        with chdir(folder):
            yield paths


def _absolute(word: str) -> str:
    return word if word == "-" else os.path.abspath(word)


def _place(word: str) -> _Place | None:
    """What of which revision a word names; None where it is a path of today."""
    revision, colon, path = word.partition(":")
    if word == "-" or not colon or os.path.exists(word):
        return None
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not revision or commit is None:
        help = "a side is a file, a folder, `-`, or `REV:path` inside of a git repository"
        what = f"`{word}` does not exist, and git knows no revision `{revision}` here"
        raise InputError(error("CPC250", what, help=help))
    if path.startswith(("./", "../")) or path in (".", ".."):
        prefix = _git("rev-parse", "--show-prefix") or b""
        path = os.path.join(os.fsdecode(prefix).strip(), path)
    return _Place(revision, os.fsdecode(commit).strip(), os.path.normpath(path or "."))


def _git(*words: str) -> bytes | None:
    """What git answers; None where it fails, or is not there."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def _extract(commit: str, folder: str) -> None:
    """Writes every policy and manifest of a commit below a folder, and the links that stay inside of it."""
    os.makedirs(folder)
    top = os.fsdecode(_git("rev-parse", "--show-toplevel") or b".").rstrip("\n")
    archive = _git("-C", top, "archive", "--format=tar", commit) or b""
    if not archive:
        return
    links: list[Path] = []
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if ".." in path.parts or path.is_absolute():
                continue
            target = Path(folder, *path.parts)
            if any(parent.is_symlink() for parent in target.parents):
                continue
            file = tar.extractfile(member) if member.isreg() else None
            if file is not None and path.suffix.lower() in READ:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read())
            elif member.issym():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(member.linkname)
                links.append(target)
    inside = Path(os.path.realpath(folder))
    for link in links:  # where one leads is known when all are there
        if not Path(os.path.realpath(link)).is_relative_to(inside):
            link.unlink()
