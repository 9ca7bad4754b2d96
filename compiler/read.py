"""From paths to syntax trees and manifests: files, folders, standard input, and what they include."""

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostics, Label, error
from cpc.compiler.source import SourceFile, Sources, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.stretches import Stretches, Written
from cpc.compiler.text import STDIN, files_below, near_file, read_text

if TYPE_CHECKING:
    from cpc.compiler.imports.manifests import Manifests

__all__ = ["READ", "Unit", "read"]

_MAX_NESTING = 64

_MANIFESTS = (".yaml", ".yml", ".json")
"""How the names of files end that hold objects of Kubernetes, or rules of Cilium's JSON."""

READ = (".cil", *_MANIFESTS)
"""How the names of files end that are read in folders, and taken out of a revision."""

_LIKE_MANIFESTS = re.compile(
    r"(\s|#[^\n]*\n)*(---|%|-\s|[\[{]|[\"']?"
    r"(apiVersion|kind|metadata|spec|specs|status|items|(endpoint|node)Selector|description)[\"']?\s*:)",
    re.IGNORECASE,
)
"""How such a text begins, for standard input has no name."""

Unit: TypeAlias = "Written | Manifests"
"""What one file holds: a policy of the language, or objects of other systems."""


def read(
    paths: Sequence[str], include_path: Sequence[str] = (), known: Stretches | None = None
) -> tuple[tuple[Unit, ...], Sources, Diagnostics]:
    """Reads and parses every file that `paths` name, and every file that those include.

    A path is a file, a folder (its `*.cil`, YAML and JSON files, recursively, in sorted order) or `-`
    (standard input). The files come in the order that names rules: command line order, with an
    included file just before the first file that includes it. Each file is read once. Failures are
    CPC001-CPC009, those of `parse` and those of manifests; a file that failed is missing from the
    answer, the others are there. Where stretches of files are `known`, files are read in stretches that can be.
    """
    reader = _Reader(tuple(include_path), known)
    for path in paths:
        reader.argument(path)
    return tuple(reader.units), reader.sources, reader.diagnostics


class _Open(Struct, frozen=True):
    """A file whose includes are being followed: its identity, its name, what included it."""

    identity: str
    name: str
    place: Span | None


class _Reader(Struct):
    include_path: tuple[str, ...]
    known: Stretches | None = None
    units: list[Unit] = field(default_factory=list)
    sources: Sources = field(default_factory=dict)
    diagnostics: Diagnostics = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def argument(self, path: str) -> None:
        """One path of the command line."""
        if path == "-":
            self._file(path, STDIN, None, ())
        elif os.path.isdir(path):
            self._directory(path)
        else:
            self._file(path, path, None, ())

    def _directory(self, path: str) -> None:
        found = files_below(path, READ)
        before = len(self.units), len(self.diagnostics)
        for name in found:
            self._file(name, name, None, (), named=False)
        if (len(self.units), len(self.diagnostics)) == before:
            self.diagnostics.append(
                error(
                    "CPC003",
                    f"no policy in directory `{path}`",
                    help="name the directory that holds `.cil` files or manifests, or the files "
                    "themselves",
                )
            )

    def _file(
        self,
        path: str,
        name: str,
        place: Span | None,
        chain: tuple[_Open, ...],
        *,
        named: bool = True,
    ) -> None:
        """One file with everything that it includes; `place` and `chain` are what included it.

        `named`: somebody wrote its name, so that it must hold a policy.
        """
        identity = path if path == "-" else os.path.realpath(path)
        if any(identity == o.identity for o in chain):
            self._cycle(identity, name, place, chain)
            return
        if identity in self.seen:
            return
        self.seen.add(identity)
        source, failure = read_text(path, name, place)
        if source is not None:
            self.sources[name] = source
        if failure is not None:
            self.diagnostics.append(failure)
            return
        assert source is not None
        if _is_manifests(name, source):
            self._manifests(source, named)
            return
        unit, statements = self._policy(source)
        chain = (*chain, _Open(identity, name, place))
        for statement in statements:
            if isinstance(statement, tree.Include):
                self._include(statement, name, chain)
        self.units.append(unit)

    def _policy(self, source: SourceFile) -> tuple[Written, tuple[tree.Statement, ...]]:
        """A policy of the language, and those of its statements that may be includes."""
        found = None if self.known is None else self.known.script(source)
        if found is not None:
            script, problems = found
            self.diagnostics.extend(problems)
            return script, script.rest.statements
        from cpc.compiler.syntax.parse import parse

        parsed, problems = parse(source)
        self.diagnostics.extend(problems)
        return parsed, parsed.statements

    def _manifests(self, source: SourceFile, named: bool) -> None:
        from cpc.compiler.imports.manifests import read_manifests

        manifests, problems = read_manifests(source, named)
        self.diagnostics.extend(problems)
        if manifests.objects or (named and not problems):
            self.units.append(manifests)

    def _include(self, statement: tree.Include, name: str, chain: tuple[_Open, ...]) -> None:
        wanted = statement.path.value
        beside = "" if name == STDIN else os.path.dirname(name)
        if len(chain) >= _MAX_NESTING:
            self.diagnostics.append(
                error(
                    "CPC009",
                    f"includes are nested more than {_MAX_NESTING} deep",
                    statement.span,
                    help="include the files from one place instead of one from the other",
                )
            )
            return
        places = [os.path.normpath(os.path.join(d, wanted)) for d in (beside, *self.include_path)]
        found = next((p for p in places if os.path.exists(p)), None)
        if wanted and found is not None:
            self._file(found, found, statement.path.span, chain)
            return
        near = near_file(wanted, _names_in(beside))
        self.diagnostics.append(
            error(
                "CPC001",
                f"cannot find the included file `{wanted}`",
                statement.path.span,
                notes=tuple(f"looked for `{p}`" for p in dict.fromkeys(places)),
                help=f"did you mean `{near}`?"
                if near
                else "paths are relative to the including file, then to each `-I` folder",
            )
        )

    def _cycle(
        self, identity: str, name: str, place: Span | None, chain: tuple[_Open, ...]
    ) -> None:
        start = next(i for i, o in enumerate(chain) if o.identity == identity)
        ring = chain[start:]
        self.diagnostics.append(
            error(
                "CPC007",
                "include cycle: " + " -> ".join(f"`{n}`" for n in [*(o.name for o in ring), name]),
                place,
                label="this closes the cycle",
                labels=tuple(
                    Label(o.place, f"`{o.name}` is included here")
                    for o in ring[1:]
                    if o.place is not None
                ),
                help="move what both need into a third file that includes neither",
            )
        )


def _is_manifests(name: str, source: SourceFile) -> bool:
    if name == STDIN:
        return _LIKE_MANIFESTS.match(source.text) is not None
    return name.lower().endswith(_MANIFESTS)


def _names_in(directory: str) -> list[str]:
    """The `*.cil` files of a directory, for typo guesses."""
    try:
        return [n for n in os.listdir(directory or ".") if n.endswith(".cil")]
    except OSError:
        return []
