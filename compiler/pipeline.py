"""The whole road, in one file that knows every stage: text to artifact.

Each stage takes a finished value and returns a new one; a stage that finds errors adds diagnostics, and
the road ends there. What a command does not need is not imported.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostics, has_errors, note
from cpc.compiler.errors import InputError
from cpc.compiler.source import Sources
from cpc.compiler.timings import Timings, Tool

if TYPE_CHECKING:
    from cpc.compiler.artifact import Artifact
    from cpc.compiler.exports.kinds import Kind
    from cpc.compiler.ir.nodes import Program
    from cpc.compiler.lint.settings import Settings
    from cpc.compiler.memory import Memory
    from cpc.compiler.policy.inventory import Inventory
    from cpc.compiler.policy.model import Policy
    from cpc.compiler.policy.resolve import Definitions
    from cpc.compiler.syntax.stretches import Written
    from cpc.compiler.verify.asserts import Judgement
    from cpc.compiler.verify.certify import Certificate
    from cpc.compiler.verify.connectivity import Connectivity
    from cpc.compiler.verify.questions import Answer
    from cpc.compiler.verify.reachability import Reachability
    from cpc.compiler.verify.testing.run import TestRun
    from cpc.compiler.verify.verified import VerifiedPolicy

__all__ = [
    "Files",
    "Front",
    "Options",
    "ask",
    "certify_findings",
    "compile_policy",
    "export_policy",
    "front",
    "judge_asserts",
    "lint_policy",
    "list_connections",
    "list_reachability",
    "lower_policy",
    "read_files",
    "run_tests",
    "verify_policy",
]

Listed = TypeVar("Listed")


class Options(Struct, frozen=True):
    """What a user may say about reading a policy.

    `parameters` set `param`s, `include_path` is searched after the including file's folder,
    `inventory` are paths of inventories, manifests and folders of them (they resolve named ports);
    `everyone`: who is there is asked about, so without any the workloads among the policy files are the
    inventory, and pods on the network of their node are endpoints too.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    include_path: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    everyone: bool = False


class Front(Struct, frozen=True):
    """What was read: files, texts, and what they mean (None where an error was found)."""

    written: "tuple[Written, ...]"
    sources: Sources
    inventory: "Inventory | None"
    policy: "Policy | None"
    definitions: "Definitions | None"
    diagnostics: Diagnostics

    @property
    def failed(self) -> bool:
        """Whether an error ended the road."""
        return has_errors(self.diagnostics)


class Files(Struct, frozen=True):
    """Every file, in the order that names rules; `imported`: some are of other systems."""

    written: "tuple[Written, ...]"
    imported: bool
    sources: Sources
    inventory: "Inventory | None"
    diagnostics: Diagnostics


def read_files(
    paths: Sequence[str], options: Options, timings: Timings, memory: "Memory | None" = None
) -> Files:
    """Read and parse policies and the inventory, and import what is in other formats."""
    from cpc.compiler.read import read
    from cpc.compiler.syntax.stretches import Script
    from cpc.compiler.syntax.tree import File

    with timings.measure("read and parse"):
        known = None if memory is None else memory.stretches
        units, sources, diagnostics = read(paths, options.include_path, known)
    parts = [unit.rest if isinstance(unit, Script) else unit for unit in units]
    inventory: Inventory | None = None
    if options.inventory:
        from cpc.compiler.imports.inventories import read_inventory

        with timings.measure("inventory"):
            inventory, found = read_inventory(options.inventory, sources)
        diagnostics = [*diagnostics, *found]
    elif options.everyone:
        from cpc.compiler.imports.inventories import inventory_among
        from cpc.compiler.imports.manifests import workloads

        with timings.measure("inventory"):
            inventory, found = inventory_among(workloads(parts))
        diagnostics = [*diagnostics, *found]
    if options.everyone and inventory is not None:
        from cpc.compiler.verify.closed_world import told_of_host_pods

        diagnostics = [*diagnostics, *told_of_host_pods(inventory)]
        inventory = inventory.with_host_pods()
    written: Sequence[Written] = [u for u in units if isinstance(u, File | Script)]
    imported = len(written) < len(units)
    if imported:
        from cpc.compiler.imports.manifests import import_units

        with timings.measure("import"):
            trees, found = import_units(parts, inventory, workloads_do=options.everyone)
        pairs = zip(units, trees, strict=True)
        written = [unit if isinstance(unit, Script) else made for unit, made in pairs]
        diagnostics = [*diagnostics, *found]
    return Files(tuple(written), imported, sources, inventory, diagnostics)


def front(
    paths: Sequence[str], options: Options, timings: Timings, memory: "Memory | None" = None
) -> Front:
    """Read, parse and resolve; errors of every file are collected, none raised.

    What `memory` knows of them is not found again; the answer is the same.
    """
    read = read_files(paths, options, timings, memory)
    if memory is not None:
        memory.forget(read.sources)
    files, sources, inventory, diagnostics = (
        read.written,
        read.sources,
        read.inventory,
        read.diagnostics,
    )
    if has_errors(diagnostics):
        return Front(files, sources, inventory, None, None, diagnostics)
    from cpc.compiler.policy.resolve_scripts import Known, resolve_scripts

    with timings.measure("resolve"):
        said = Known() if memory is None else memory.said
        policy, definitions, found = resolve_scripts(files, options.parameters, inventory, said)
    diagnostics = [*diagnostics, *found]
    if has_errors(diagnostics):
        return Front(files, sources, inventory, None, None, diagnostics)
    if inventory is not None and not read.imported:
        # Kubernetes leaves open whoever no policy selects: nothing is forgotten there.
        from cpc.compiler.verify.closed_world import check_inventory

        diagnostics = [*diagnostics, *check_inventory(policy, inventory)]
    return Front(files, sources, inventory, policy, definitions, diagnostics)


def verify_policy(
    policy: "Policy", timings: Timings
) -> "tuple[VerifiedPolicy | None, Diagnostics]":
    """Check what must hold before a policy may become a program; None where there is an error."""
    from cpc.compiler.verify.verified import verify

    with timings.measure("verify", Tool.Z3):
        return verify(policy)


def judge_asserts(
    read: Front, timings: Timings, seconds: float | None = None
) -> "tuple[Judgement, ...]":
    """What becomes of the asserts of a front without errors; each may take so many seconds."""
    if read.policy is None or read.definitions is None or not read.definitions.asserts:
        return ()
    from cpc.compiler.verify.asserts import SECONDS, judge

    with timings.measure("prove asserts"):
        claims = read.definitions.asserts
        return tuple(judge(read.policy, claims, seconds or SECONDS, read.inventory))


def certify_findings(read: Front, timings: Timings) -> "Iterator[Certificate]":
    """z3's word on what the engine found in a front without errors, one half of a rule after the other."""
    if read.policy is None:
        return
    from cpc.compiler.verify.certify import certify
    from cpc.compiler.verify.engine.analyse import analyse

    with timings.measure("analyse"):
        findings = analyse(read.policy, notes=False)
    with timings.measure("certify", Tool.Z3):
        yield from certify(read.policy, findings)


def _prove(read: Front, timings: Timings) -> "tuple[VerifiedPolicy | None, Diagnostics]":
    """As `verify_policy`, and every assert must hold."""
    assert read.policy is not None
    verified, diagnostics = verify_policy(read.policy, timings)
    judgements = judge_asserts(read, timings)
    if judgements:
        from cpc.compiler.verify.assert_text import judgement_diagnostic

        diagnostics += filter(None, map(judgement_diagnostic, judgements))
    return (None if has_errors(diagnostics) else verified), diagnostics


def lint_policy(
    read: Front,
    include_path: Sequence[str],
    settings: "Settings",
    timings: Timings,
    memory: "Memory | None" = None,
) -> Diagnostics:
    """Everything to say about what was read, as the settings and comments want it, what this version
    cannot enforce as notes. What `memory` knows of parts of the policy is not found again.
    """
    from cpc.compiler.lint.rule import Material
    from cpc.compiler.lint.run import asserts_wanted, kinds_wanted, lint, lint_errors

    if read.policy is None or read.definitions is None:
        return lint_errors(read.written, read.sources, read.diagnostics, settings)
    found = [*read.diagnostics, *_accepting(read.policy, timings)]
    kinds = kinds_wanted(settings)
    findings = None
    if kinds:
        from cpc.compiler.verify.engine.findings import find

        with timings.measure("analyse"):
            known = None if memory is None else memory.analyses
            findings = find(read.policy, kinds, read.inventory, known)
    material = Material(
        read.written,
        read.sources,
        tuple(include_path),
        read.inventory,
        read.policy,
        read.definitions,
        findings,
        judge_asserts(read, timings) if asserts_wanted(settings) else None,
    )
    with timings.measure("lint"):
        return lint(material, found, settings)


def _accepting(policy: "Policy", timings: Timings) -> Diagnostics:
    """As `verify_policy`; what only a later version enforces is a fact to a check, not an error."""
    from cpc.compiler.verify.coverage import check_coverage
    from cpc.compiler.verify.verified import unenforced

    with timings.measure("verify", Tool.Z3):
        return [*check_coverage(policy), *unenforced(policy, note)]


def list_connections(read: Front, timings: Timings) -> "tuple[Connectivity | None, Diagnostics]":
    """Who may talk to whom, from a front without errors; None where nobody is there."""
    from cpc.compiler.verify.connectivity import connectivity

    return _of_inventory(read, connectivity, timings)


def list_reachability(
    read: Front, entities: bool, timings: Timings
) -> "tuple[Reachability | None, Diagnostics]":
    """The same of every pair, with what decides."""
    from cpc.compiler.verify.reachability import reachability

    return _of_inventory(read, partial(reachability, entities=entities), timings)


def _of_inventory(
    read: Front, ask: "Callable[[Policy, Inventory], Listed]", timings: Timings
) -> "tuple[Listed | None, Diagnostics]":
    if read.policy is None:
        return None, []
    from cpc.compiler.verify.closed_world import nobody_there, told_of_names

    if read.inventory is None:
        return None, nobody_there()
    with timings.measure("connectivity"):
        answer = ask(read.policy, read.inventory)
    return answer, told_of_names(read.policy)


def ask(
    read: Front, question: str, parameters: Mapping[str, str], namespace: str, timings: Timings
) -> "tuple[Answer | None, Diagnostics]":
    """The answer to a question about one connection, of a front without errors.

    Its text is among the front's sources from then on, as `the connection`.
    """
    if read.policy is None:
        return None, []
    from cpc.compiler.policy.resolve_connection import resolve_connection
    from cpc.compiler.source import SourceFile
    from cpc.compiler.syntax.parse import parse_connection
    from cpc.compiler.syntax.stretches import trees
    from cpc.compiler.verify.questions import Answer, answer

    source = read.sources["the connection"] = SourceFile("the connection", question)
    asked, found = parse_connection(source)
    if asked is None:
        return None, found
    files = trees(read.written)
    resolved, found = resolve_connection(asked, files, parameters, read.inventory, namespace)
    if resolved is None:
        return None, found
    with timings.measure("answer", Tool.Z3):
        answered = answer(read.policy, resolved, read.inventory)
    return (answered, found) if isinstance(answered, Answer) else (None, [*found, answered])


def run_tests(
    read: Front, timings: Timings, *, covering: bool = False, mutating: bool = False
) -> "TestRun":
    """What becomes of the tests of a front without errors, in the world of its inventory if it has one."""
    from cpc.compiler.verify.testing.run import test_policy

    assert read.policy is not None and read.definitions is not None
    with timings.measure("test", Tool.Z3):
        return test_policy(
            read.policy,
            read.definitions.tests,
            read.inventory,
            covering=covering,
            mutating=mutating,
        )


def export_policy(read: Front, kind: "Kind", timings: Timings) -> "tuple[str | None, Diagnostics]":
    """From a front without errors to objects of another system; None where they cannot say it.

    What only a later version enforces is exported all the same.
    """
    if read.policy is None:
        return None, []
    from cpc.compiler.exports.export import export
    from cpc.compiler.syntax.stretches import trees
    from cpc.compiler.verify.coverage import check_coverage

    with timings.measure("verify", Tool.Z3):
        diagnostics = check_coverage(read.policy)
    if diagnostics:
        return None, diagnostics
    with timings.measure("export"):
        return export(read.policy, kind, trees(read.written))


def lower_policy(read: Front, timings: Timings) -> "tuple[Program | None, Diagnostics]":
    """From a front without errors to the decision IR, as `compile_policy` goes on with it; no clang."""
    if read.policy is None:
        return None, []
    verified, diagnostics = _prove(read, timings)
    if verified is None:
        return None, diagnostics
    from cpc.compiler.ir.lower import lower
    from cpc.compiler.ir.passes import run

    with timings.measure("lower"):
        return run(lower(verified)), diagnostics


def compile_policy(
    read: Front, target: str, timings: Timings
) -> "tuple[Artifact | None, Diagnostics]":
    """From a front without errors to an artifact; None where verification or clang found an error."""
    if read.policy is None:
        return None, []
    verified, diagnostics = _prove(read, timings)
    if verified is None:
        return None, diagnostics
    from cpc.compiler.codegen.build import build

    try:
        return build(verified, target, timings), diagnostics
    except InputError as failure:
        return None, [*diagnostics, *failure.diagnostics]
