"""`unused-include`: an include of definitions that nobody names."""

import os
from collections.abc import Iterator

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.policy.names import Definition
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.named import names_in
from cpc.compiler.syntax.stretches import Script, Written

__all__ = ["RULE"]


def check(material: Material) -> Iterator[Diagnostic]:
    """Speaks of an `include` if it is the second of its file, or if the files that it brings hold only
    definitions, none of which is named in any other file.
    """
    includes = [
        (f, s) for f in material.files for s in _rest(f).statements if isinstance(s, tree.Include)
    ]
    if not includes:
        return
    by_place = {os.path.realpath(file.name): file for file in material.files}
    targets = {
        id(statement): by_place.get(_target(file, statement, material.include_path))
        for file, statement in includes
    }
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
        inside = {one.name for one in brought}
        if not any(_names_one(one, defined) for one in material.files if one.name not in inside):
            yield _report(statement, "nothing of `{}` is used", "it holds only definitions")


def _report(statement: tree.Include, message: str, label: str) -> Diagnostic:
    said = message.format(statement.path.value)
    span: Span = statement.span
    return warning("CPC204", said, span, label=label, help="remove the `include`")


def _target(file: Written, statement: tree.Include, include_path: tuple[str, ...]) -> str:
    """The path of the included file, found as `read` finds it."""
    places = (os.path.dirname(file.name), *include_path)
    paths = [os.path.join(place, statement.path.value) for place in places]
    return os.path.realpath(next((path for path in paths if os.path.exists(path)), paths[0]))


def _brought(file: Written, targets: dict[int, Written | None]) -> list[Written]:
    """A file and all that it includes."""
    found = [file]
    for one in found:
        for statement in _rest(one).statements:
            target = targets.get(id(statement))
            if target is not None and all(target is not known for known in found):
                found.append(target)
    return found


def _definitions(files: list[Written]) -> set[str] | None:
    """What files define; None where one holds more than definitions. A service is more: it works unnamed."""
    defined: set[str] = set()
    for file in files:
        if isinstance(file, Script) and any(laid.stretch.plain for laid in file.stretches):
            return None
        for statement in _rest(file).statements:
            if isinstance(statement, tree.Include):
                continue
            if not isinstance(statement, Definition) or isinstance(statement, tree.Service):
                return None
            defined.add(statement.name.text)
    return defined


def _names_one(file: Written, defined: set[str]) -> bool:
    """Whether one of some names is written in a file."""
    if isinstance(file, tree.File):
        return not defined.isdisjoint(names_in(file))
    likely = (one.stretch for one in file.stretches if not defined.isdisjoint(one.stretch.words))
    return any(not defined.isdisjoint(names_in(stretch.statements)) for stretch in likely)


def _rest(file: Written) -> tree.File:
    """A file's tree, maybe without rules and what goes with them."""
    return file.rest if isinstance(file, Script) else file


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
