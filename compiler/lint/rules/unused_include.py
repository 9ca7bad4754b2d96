"""`unused-include`: an include of definitions that nobody names."""

import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.policy.names import Definition
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["RULE"]


def check(material: Material) -> Iterator[Diagnostic]:
    """Speaks of an `include` if it is the second of its file, or if the files that it brings hold only
    definitions, none of which is named in any other file.
    """
    includes = [(f, s) for f in material.files for s in f.statements if isinstance(s, tree.Include)]
    if not includes:
        return
    by_place = {os.path.realpath(file.name): file for file in material.files}
    targets = {
        id(statement): by_place.get(_target(file, statement, material.include_path))
        for file, statement in includes
    }
    names: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    for file, statement in includes:
        target = targets[id(statement)]
        if target is None:
            continue
        if (file.name, target.name) in seen:
            yield _report(statement, "`{}` is included twice", "the first one is enough")
            continue
        seen.add((file.name, target.name))
        brought = _brought(target, targets)
        defined = _definitions(brought)
        if defined is None or file.name in {one.name for one in brought}:
            continue
        if not names:
            names = {one.name: set(_names(one)) for one in material.files}
        inside = {one.name for one in brought}
        if not any(defined & used for name, used in names.items() if name not in inside):
            yield _report(statement, "nothing of `{}` is used", "it holds only definitions")


def _report(statement: tree.Include, message: str, label: str) -> Diagnostic:
    said = message.format(statement.path.value)
    span: Span = statement.span
    return warning("CPC204", said, span, label=label, help="remove the `include`")


def _target(file: tree.File, statement: tree.Include, include_path: tuple[str, ...]) -> str:
    """The path of the included file, found as `read` finds it."""
    places = (os.path.dirname(file.name), *include_path)
    paths = [os.path.join(place, statement.path.value) for place in places]
    return os.path.realpath(next((path for path in paths if os.path.exists(path)), paths[0]))


def _brought(file: tree.File, targets: dict[int, tree.File | None]) -> list[tree.File]:
    """A file and all that it includes."""
    found = [file]
    for one in found:
        for statement in one.statements:
            target = targets.get(id(statement))
            if target is not None and all(target is not known for known in found):
                found.append(target)
    return found


def _definitions(files: list[tree.File]) -> set[str] | None:
    """What files define; None where one holds more than definitions. A service is more: it works unnamed."""
    defined: set[str] = set()
    for file in files:
        for statement in file.statements:
            if isinstance(statement, tree.Include):
                continue
            if not isinstance(statement, Definition) or isinstance(statement, tree.Service):
                return None
            defined.add(statement.name.text)
    return defined


def _names(node: object) -> Iterator[str]:
    """Every name that is written in a tree."""
    if isinstance(node, tree.Name):
        yield node.text
    elif isinstance(node, tuple):
        for part in node:
            yield from _names(part)
    elif is_dataclass(node) and not isinstance(node, Span):
        for field in fields(node):
            yield from _names(getattr(node, field.name))


RULE = Rule(
    Page(
        "CPC204",
        "an include is of no use",
        "The included file, with all that it includes, holds nothing but definitions, and no other file "
        "of the run names one of them. Whoever reads the policy looks there in vain. Or the file is "
        "included a second time: every file is read once.",
        '# common.cil\nendpoints web = { app = "web" }\n# policy.cil\ninclude "common.cil"\n'
        "default deny ingress for all",
        '# common.cil\nendpoints web = { app = "web" }\n# policy.cil\ninclude "common.cil"\n'
        "default deny ingress for web",
        "unused-include",
    ),
    Severity.WARNING,
    check,
)
