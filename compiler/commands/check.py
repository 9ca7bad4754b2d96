"""`cpc check`: everything that is wrong, as the answer."""

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.cache import POLICIES, Cache, cache_folder
from cpc.compiler.commands.exits import UNKNOWN, exit_at
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import Diagnostic, Severity, error
from cpc.compiler.errors import InputError
from cpc.compiler.lint.baseline import Keys, read_baseline, write_baseline
from cpc.compiler.lint.rules.stale_baseline import stale_baseline
from cpc.compiler.lint.run import RULE_CODES, is_input_error, kept
from cpc.compiler.lint.selection import Selection, unknown_word, words_of
from cpc.compiler.lint.settings import Settings, find_settings, read_settings
from cpc.compiler.memory import Memory
from cpc.compiler.pipeline import Front, lint_policy
from cpc.compiler.remembered import Remembered

__all__ = ["Order", "Wishes", "answer", "kept_for", "run"]


class Wishes(Struct, frozen=True):
    """What the command line says about findings; it goes before `cpc.toml`. None: nothing."""

    select: Sequence[str] | None = None
    ignore: Sequence[str] = ()
    fail_level: Severity | None = None
    baseline: str | None = None
    update_baseline: bool = False
    notes: bool = False


class Order(Struct, frozen=True):
    """What to check, as given on the command line; `remember`: what is found out may be kept for the next time."""

    files: Sequence[str]
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]
    wishes: Wishes = Wishes()
    remember: bool = True


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the findings that are selected and not silenced."""
    last = kept_for(order)
    if last is None:
        return answer(order, terminal, None)[0]
    with terminal.timings.measure("remember"):
        memory = last.load()
    code, read = answer(order, terminal, memory)
    if not read.failed:
        with terminal.timings.measure("remember"):
            last.save(memory)
    return code


def kept_for(order: Order) -> Remembered | None:
    """What is kept of the last run that was ordered so; None where nothing is to be kept."""
    folder = cache_folder(os.environ) if order.remember else None
    if folder is None:
        return None
    said = (tuple(words or ()) for words in (order.params, order.include, order.inventory))
    return Remembered(Cache(folder, POLICIES), order.files, *said)


def answer(order: Order, terminal: Terminal, memory: Memory | None) -> tuple[int, Front]:
    """Gives the answer; the exit code, and what was read."""
    settings = _settings(order.wishes, terminal)
    terminal.fail_level = settings.fail_level
    with terminal.progress("checking"):
        read = read_policies(
            terminal, order.files, order.params, order.include, order.inventory, memory
        )
        found = lint_policy(read, order.include, settings, terminal.timings, memory)
    if settings.baseline is not None:
        found = _beyond_baseline(found, read, settings, order.wishes.update_baseline, terminal)
    terminal.answer_report(found)
    return exit_at(settings.fail_level, found, RULE_CODES), read


def _settings(wishes: Wishes, terminal: Terminal) -> Settings:
    """The nearest `cpc.toml`, and the wishes over it; `--select` forgets what the file selects and ignores.

    InputError (CPC080, CPC085) where a wish or the file cannot be understood.
    """
    path = find_settings(Path.cwd())
    settings = Settings() if path is None else read_settings(path, terminal.sources)
    select, ignore = words_of(wishes.select or ()), words_of(wishes.ignore)
    problems = [
        error("CPC080", f"no rule or code is called `{word}`", help=help)
        for word in (*select, *ignore)
        if (help := unknown_word(word)) is not None
    ]
    chosen = settings.selection
    if wishes.select is not None:
        chosen = Selection(select)
    settings = replace(
        settings,
        selection=replace(chosen, ignore=(*chosen.ignore, *ignore)),
        fail_level=wishes.fail_level or settings.fail_level,
        baseline=wishes.baseline or settings.baseline,
        notes=wishes.notes or settings.notes,
    )
    if wishes.update_baseline and settings.baseline is None:
        help = "name it: `--baseline cpc-baseline.json`"
        problems.append(error("CPC080", "there is no baseline to update", help=help))
    if problems:
        raise InputError(*problems)
    return settings


def _beyond_baseline(
    found: Sequence[Diagnostic], read: Front, settings: Settings, update: bool, terminal: Terminal
) -> list[Diagnostic]:
    """What the baseline does not accept; it never accepts errors of the input and unknown answers."""
    path = settings.baseline
    assert path is not None
    never = [d for d in found if is_input_error(d) or d.code in UNKNOWN]
    known = [d for d in found if d not in never]
    keys = Keys(read.written, read.sources, Path(os.path.realpath(path)).parent)
    if update:
        if not any(map(is_input_error, never)):
            write_baseline(path, known, keys)
            what = "finding" if len(known) == 1 else "findings"
            terminal.say(f"cpc: `{path}` accepts {len(known)} {what}")
            known = []
        return [*never, *known]
    more, gone = read_baseline(path).remaining(known, keys)
    if gone and read.policy is not None:
        more += kept([stale_baseline(path, gone)], settings)
    return [*never, *more]
