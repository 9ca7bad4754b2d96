"""Files of objects: what they hold, and their policies as syntax trees."""

from collections.abc import Sequence

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, error
from cpc.compiler.documents.compose import documents
from cpc.compiler.documents.reader import Reader
from cpc.compiler.imports.context import Context
from cpc.compiler.imports.kinds import KNOWN, is_policy, misplaced, statements
from cpc.compiler.imports.objects import Object, is_inventory, objects
from cpc.compiler.imports.workloads.kinds import is_workload
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.names import Definition
from cpc.compiler.source import SourceFile, Span
from cpc.compiler.syntax import tree

__all__ = ["Manifests", "import_units", "read_manifests", "workloads"]


class Manifests(Struct, frozen=True):
    """The objects of one file that mean something here, in written order.

    `named`: somebody wrote the file's name, so that it must hold a policy; `others` are the kinds of
    what else is in it. `top` is the place of the file's start.
    """

    name: str
    objects: tuple[Object, ...]
    others: tuple[str, ...]
    named: bool
    top: Span


def read_manifests(source: SourceFile, named: bool) -> tuple[Manifests, Diagnostics]:
    """What a text holds; errors are CPC008, CPC70x, CPC801, CPC808 and CPC809."""
    reader = Reader()
    found: list[Object] = []
    others: list[str] = []
    for document in documents(source):
        if isinstance(document, Diagnostic):
            reader.diagnostics.append(document)
        elif is_inventory(document):
            if named:
                reader.diagnostics.append(_inventory(source))
        else:
            for object in objects(document, reader, named, KNOWN):
                problem = misplaced(object)
                if problem is not None:
                    reader.diagnostics.append(problem)
                elif is_policy(object) or is_workload(object):
                    found.append(object)
                else:
                    others.append(object.kind)
    top = source.span(0, 0)
    return Manifests(source.name, tuple(found), tuple(others), named, top), reader.diagnostics


def _inventory(source: SourceFile) -> Diagnostic:
    return error(
        "CPC008",
        f"`{source.name}` is an inventory, not a policy",
        source.span(0, 1),
        help=f"give it with `--inventory {source.name}`",
    )


def import_units(
    units: Sequence[tree.File | Manifests], inventory: Inventory | None, workloads_do: bool = False
) -> tuple[tuple[tree.File, ...], Diagnostics]:
    """Every unit as a tree; the places of imported ones are those of their file.

    `inventory` is what policies may ask about; without one they know the workloads of the files. Unless
    `workloads_do`, a file that was named and has no policy is an error (CPC810).
    """
    trees = [unit for unit in units if isinstance(unit, tree.File)]
    written = {s.name.text for t in trees for s in t.statements if isinstance(s, Definition)}
    context = Context(
        inventory=inventory,
        beside=workloads(units) if inventory is None else (),
        for_workloads=workloads_do,
        defined=written,
    )
    files: list[tree.File] = []
    for unit in units:
        if isinstance(unit, tree.File):
            files.append(unit)
            continue
        policies = [o for o in unit.objects if is_policy(o)]
        if unit.named and not policies and not workloads_do:
            context.diagnostics.append(_no_policy(unit))
        found = tuple(s for o in policies for s in statements(o, context))
        files.append(tree.File(unit.name, tree.Number(1, unit.top), found, ()))
    return tuple(files), context.diagnostics


def _no_policy(unit: Manifests) -> Diagnostic:
    kinds = dict.fromkeys((*(o.kind for o in unit.objects), *unit.others))
    return error(
        "CPC810",
        f"`{unit.name}` holds no policy",
        unit.top,
        notes=(f"it holds: {', '.join(kinds)}",),
        help=f"workloads are given with `--inventory {unit.name}`",
    )


def workloads(units: Sequence[tree.File | Manifests]) -> tuple[Object, ...]:
    """The workloads among the objects of every unit."""
    found = [o for u in units if isinstance(u, Manifests) for o in u.objects]
    return tuple(o for o in found if is_workload(o))
