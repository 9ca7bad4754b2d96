"""An endpoint's programs and the maps between them, on their way into the kernel."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from msgspec import Struct, field

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.runtime import maps
from cpc.runtime.attach import HOOKS, Hook, Side
from cpc.runtime.bpf import BpfObject, Map, Program, VerifierRejected
from cpc.runtime.plan import Plan, PlannedEndpoint, Sizes
from cpc.runtime.verifier_log import complaint, rule_above

__all__ = ["SHARED", "TABLES", "Programs", "Rejected", "Tables", "load_programs", "load_swap"]

SHARED = ("connections", "fragments", "events", "counters", "control")
"""Maps that all generations of an instance have in common."""

TABLES = ("rows", "addresses4", "addresses6")
"""Maps of one generation."""

_SWAP = ("swap_epoch", "swap_programs")
_CONSTANT = ".rodata.endpoint"


class Rejected(InputError):
    """The kernel verifier refused a program; `log` is all that it said."""

    log = ""


class Tables(Struct):
    """Maps by name, each owned. A context manager."""

    by_name: dict[str, Map] = field(default_factory=dict)

    @classmethod
    def pinned(cls, folder: Path, names: tuple[str, ...]) -> Self:
        """The maps that are pinned in a folder."""
        tables = cls()
        try:
            for name in names:
                tables.by_name[name] = Map.pinned(folder / name)
        except InputError:
            tables.close()
            raise
        return tables

    def pin(self, folder: Path, names: tuple[str, ...]) -> None:
        folder.mkdir(parents=True, mode=0o700)
        for name in names:
            self.by_name[name].pin(folder / name)

    def fill(self, plan: Plan) -> None:
        """Writes rows first, then the addresses that point to them."""
        rows = enumerate(plan.rows)
        self.by_name["rows"].fill(
            (maps.U32.pack(index), maps.pack_row(identity, bits, plan.words))
            for index, (identity, bits) in rows
        )
        for version in (4, 6):
            self.by_name[f"addresses{version}"].fill(
                (maps.pack_prefix(entry.network), maps.U32.pack(row))
                for entry, row in plan.places
                if entry.network.version == version
            )

    def close(self) -> None:
        for table in self.by_name.values():
            table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Programs(Struct):
    """The two programs of one endpoint, owned. A context manager."""

    by_side: dict[Side, Program]

    def close(self) -> None:
        for program in self.by_side.values():
            program.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_layout(opened: BpfObject, plan: Plan) -> None:
    """Whether the object's structs are this runtime's; InputError (CPC614) where they are not."""
    constant = 16 + 20 * maps.ADDRESSES + 8 * plan.subject_words
    expected = {
        "rows": (4, 8 + 8 * plan.words),
        "addresses4": (maps.PREFIX4.size, 4),
        "addresses6": (maps.PREFIX6.size, 4),
        "connections": (maps.CONNECTION_KEY.size, maps.CONNECTION.size),
        "counters": (4, maps.COUNTER.size),
        _CONSTANT: (4, constant),
    }
    wrong = [name for name, sizes in expected.items() if opened.sizes(name) != sizes]
    if wrong:
        names = ", ".join(f"`{name}`" for name in wrong)
        raise InputError(
            error(
                "CPC614",
                f"the artifact's tables have another layout: {names}",
                help="it was made by another version of cpc: compile the policy again",
            )
        )


def _size(opened: BpfObject, plan: Plan, sizes: Sizes) -> None:
    opened.resize("rows", len(plan.rows))
    for version in (4, 6):
        # Tries take memory as they fill: room for what may come costs nothing.
        opened.resize(f"addresses{version}", max(65536, 2 * plan.entries_of(version)))
    opened.resize("connections", sizes.connections)
    opened.resize("fragments", sizes.fragments)
    opened.resize("events", sizes.events)


def load_programs(
    data: bytes,
    text: str,
    plan: Plan,
    endpoint: PlannedEndpoint,
    tables: Tables,
    sizes: Sizes,
) -> Programs:
    """Loads an endpoint's programs over `tables`; maps that are not there yet are made and added.

    `data` is the object and `text` its C. Rejected where the kernel verifier says no.
    """
    with BpfObject.open(data, "cpc") as opened:
        _check_layout(opened, plan)
        _size(opened, plan, sizes)
        opened.share(tables.by_name)
        constant = maps.EndpointConstant(
            endpoint.id, plan.generation, endpoint.addresses, endpoint.subject
        )
        opened.constant(_CONSTANT, maps.endpoint_constant(constant, plan.subject_words))
        opened.only([hook.program for hook in HOOKS], _SWAP)
        try:
            opened.load()
        except VerifierRejected as refused:
            raise _rejected(refused, text, endpoint.name) from refused
        for name in (*SHARED, *TABLES):
            if name not in tables.by_name:
                tables.by_name[name] = opened.map(name)
        return Programs({hook.side: opened.program(hook.program) for hook in HOOKS})


def load_swap(
    data: bytes, hook: Hook, shared: Mapping[str, Map], choices: Mapping[int, Program]
) -> tuple[Program, dict[str, Map]]:
    """The program that stands on a hook while it is replaced, and its maps `swap_epoch` and
    `swap_programs`, all owned by the caller.

    `shared` are maps to use: `counters`, and `swap_epoch` from the second hook on. `choices` are the
    programs by epoch; where there is none, packets are dropped.
    """
    with ExitStack() as undo, BpfObject.open(data, "cpc_swap") as opened:
        others = [name for name in (*SHARED, *TABLES) if name not in shared]
        opened.only([hook.swap], [*others, _CONSTANT])
        opened.share(shared)
        opened.load()
        program = undo.enter_context(opened.program(hook.swap))
        made = {name: undo.enter_context(opened.map(name)) for name in _SWAP}
        for slot, choice in choices.items():
            made["swap_programs"].update(maps.U32.pack(slot), maps.U32.pack(choice.fd))
        undo.pop_all()
        return program, made


def _rejected(refused: VerifierRejected, text: str, endpoint: str) -> Rejected:
    found = complaint(refused.log)
    notes = [f"the kernel said: {found.message}"]
    if found.source:
        notes.append(f"about: {found.source}")
    rule = rule_above(text, found.line) if found.file.endswith("policy.bpf.c") else None
    if rule is not None:
        notes.append(f"which is there for: {rule}")
    failure = Rejected(
        error(
            "CPC603",
            f"the kernel refuses `{refused.program}` of endpoint `{endpoint}`",
            notes=tuple(notes),
            help="`-v` shows all that the kernel's verifier said; fewer or simpler rules may pass",
        )
    )
    failure.log = refused.log
    return failure
