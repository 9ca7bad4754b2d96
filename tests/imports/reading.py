"""Texts of other systems as policies, for tests."""

import os
from pathlib import Path

import pytest
from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.imports.manifests import import_units, read_manifests
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse

__all__ = ["Read", "clean", "corpus", "files_of", "read"]


class Read(Struct, frozen=True):
    """A text as a tree and a policy, and what was said."""

    file: tree.File
    policy: Policy
    said: tuple[Diagnostic, ...]

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors among them."""
        return [d for d in self.said if d.severity is Severity.ERROR]

    @property
    def codes(self) -> list[str]:
        """The codes of all of them."""
        return [d.code for d in self.said]

    @property
    def text(self) -> str:
        """The policy in the language."""
        return format_file(self.file)


def read(text: str, name: str = "policy.yaml", inventory: Inventory | None = None) -> Read:
    """What a text means; its tree can be written down, and is read back as it is."""
    manifests, said = read_manifests(SourceFile(name, text), named=True)
    (file,), found = import_units([manifests], inventory)
    written = format_file(file)
    again, problems = parse(SourceFile(name, written))
    assert problems == [] and again == file, written
    policy, _, more = resolve([file], {}, inventory)
    return Read(file, policy, (*said, *found, *more))


def clean(text: str, name: str = "policy.yaml", inventory: Inventory | None = None) -> Policy:
    """The policy of a text without errors."""
    found = read(text, name, inventory)
    assert found.errors == []
    return found.policy


def corpus() -> Path:
    """The folder of policies that others wrote; skips where there is none."""
    folder = os.environ.get("CPC_CORPORA")
    if not folder:
        pytest.skip("needs policies of others: name their folder in CPC_CORPORA")
    return Path(folder)


def files_of(folder: Path, *parts: str) -> list[str]:
    """The YAML and JSON files below some parts of a folder, by their paths in it."""
    found = (p for part in parts for p in (folder / part).rglob("*") if p.is_file())
    return sorted(p.relative_to(folder).as_posix() for p in found if p.suffix in (".yaml", ".json"))
