"""Files in stretches to a resolved policy: what did not change since the last time resolves no more."""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from itertools import islice

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostics, has_errors
from cpc.compiler.policy.facts import Facts, placed
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.names import Definition
from cpc.compiler.policy.resolve import Definitions, Run
from cpc.compiler.syntax.moved import HERE, Place
from cpc.compiler.syntax.named import names_in
from cpc.compiler.syntax.stretches import FEW, Laid, Script, Stretch, Written

__all__ = ["Known", "resolve_scripts"]

_MOST_DEEP = 64
"""Definitions that lean on each other; more are an error, after which nothing is remembered."""


class _Said(Struct, frozen=True):
    """What a stretch says, which hangs on `definitions` by fingerprint, where it lay last: in file number
    `file`, behind so many blocks. None: there is something to say about it.
    """

    definitions: tuple[str, ...]
    facts: Facts | None
    place: Place = Place(HERE, 0, 0)
    file: int = 0
    blocks: int = 0

    def at(self, place: Place, file: int, blocks: int) -> "_Said":
        """The same at another place."""
        here = self.place == place and self.file == file and self.blocks == blocks
        if here or self.facts is None:
            return self
        further = place.seen_from(self.place)
        facts = placed(self.facts, further, file, blocks - self.blocks)
        return _Said(self.definitions, facts, place, file, blocks)


class _Resolved(Struct, frozen=True):
    """A script that was file `file`, and what each stretch said where it lay; `blocks` came before."""

    script: Script
    file: int
    blocks: int
    said: Sequence[Facts | None]


class Known(Struct):
    """What stretches said in the last run without errors, by their texts and by file, and what it hung on.

    What is said of texts that were not in that run hung on the same definitions. `found` counts those of
    which it had to be found out.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    inventory: Inventory | None = None
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    said: dict[str, _Said] = field(default_factory=dict)
    scripts: dict[str, _Resolved] = field(default_factory=dict)
    shared: dict[Hashable, Hashable] = field(default_factory=dict)
    found: int = 0

    def remember(
        self,
        definitions: Mapping[str, Definition],
        scripts: dict[str, _Resolved],
        said: dict[str, _Said],
    ) -> None:
        """Adds what stretches said in a run, and forgets what none has said lately."""
        if definitions == self.definitions:
            self.said.update(said)
        else:
            self.said = said
        self.definitions, self.scripts = definitions, scripts
        if len(self.said) > 2 * sum(len(one.script.stretches) for one in scripts.values()) + FEW:
            laid = (laid for one in scripts.values() for laid in one.script.stretches)
            texts = [one.stretch.text for one in laid]
            self.said = {text: self.said[text] for text in texts if text in self.said}
            self.shared = {}


def resolve_scripts(
    files: Sequence[Written],
    params: Mapping[str, str],
    inventory: Inventory | None,
    known: Known,
) -> tuple[Policy, Definitions, Diagnostics]:
    """As `resolve`, of files that may be scripts; what is known of their stretches is not found again."""
    if known.params != params or known.inventory != inventory:
        known.params, known.inventory = params, inventory
        known.said, known.scripts = {}, {}
    rest = [file.rest if isinstance(file, Script) else file for file in files]
    run = _ScriptRun(Run(rest, params, inventory, known.shared), known)
    for number, file in enumerate(files):
        if isinstance(file, Script):
            run.script(file, number)
        else:
            for statement in file.statements:
                run.run.statement(statement, number)
    policy, definitions, diagnostics = run.run.finish()
    if not has_errors(diagnostics):
        known.remember(run.run.definitions, run.scripts, run.said)
    return policy, definitions, diagnostics


class _ScriptRun:
    """A run, and what the stretches of its scripts say."""

    def __init__(self, run: Run, known: Known) -> None:
        self.run = run
        self.said: dict[str, _Said] = {}
        self.scripts: dict[str, _Resolved] = {}
        self._known = known
        self._definitions = run.definitions
        self._same = run.definitions == known.definitions
        self._prints: dict[str, str] = {}

    def script(self, script: Script, number: int) -> None:
        """Every statement of a script, which is file number `number`."""
        said = self._all_said(script, number)
        rest = iter(script.rest.statements)
        done = 0
        for at in [n for n, facts in enumerate(said) if facts is None]:
            self.run.take([facts for facts in said[done:at] if facts is not None])
            done = at
            laid = script.stretches[at]
            again = laid.place(script.name).tree(laid.stretch.statements)
            for statement in again if laid.stretch.plain else islice(rest, len(again)):
                self.run.statement(statement, number)
        self.run.take([facts for facts in said[done:] if facts is not None])

    def _all_said(self, script: Script, number: int) -> list[Facts | None]:
        """What each stretch says at its place; None where that must be found in the ordinary way."""
        blocks = self.run.rules.blocks
        known = self._known.scripts.get(script.name)
        head = tail = 0
        if known is not None and self._same and (known.file, known.blocks) == (number, blocks):
            head, tail = _alike(script.stretches, known.script.stretches)
        before = [] if known is None else list(known.said[:head])
        behind = [] if known is None else known.said[len(known.said) - tail :]
        size = len(script.stretches)
        said = before + self._said_among(
            script, head, size - tail, number, blocks + _blocks(before)
        )
        if known is not None and _blocks(said) != _blocks(known.said[: len(known.said) - tail]):
            said += self._said_among(script, size - tail, size, number, blocks + _blocks(said))
        else:
            said += behind
        self.scripts[script.name] = _Resolved(script, number, blocks, said)
        return said

    def _said_among(
        self, script: Script, first: int, last: int, number: int, blocks: int
    ) -> list[Facts | None]:
        """What some stretches say at their places, `blocks` behind which the first lies."""
        found: list[Facts | None] = []
        for laid in script.stretches[first:last]:
            facts = None
            if laid.stretch.plain:
                said = self._of(laid.stretch).at(laid.place(script.name), number, blocks)
                self.said[laid.stretch.text] = said
                facts = said.facts
                blocks += 0 if facts is None else facts.blocks
            found.append(facts)
        return found

    def _of(self, stretch: Stretch) -> _Said:
        """What a stretch says, wherever it lay."""
        said = self._known.said.get(stretch.text)
        if said is None or not (self._same or said.definitions == self._fingerprints(stretch)):
            return self._find(stretch)
        return said

    def _find(self, stretch: Stretch) -> _Said:
        self._known.found += 1
        facts = self.run.apart(stretch.statements)
        return _Said(self._fingerprints(stretch), facts)

    # --- what a stretch hangs on ---------------------------------------------------------------

    def _fingerprints(self, stretch: Stretch) -> tuple[str, ...]:
        """What is defined by the words of a stretch, as far as anything is."""
        names = self._definitions.keys() & stretch.words if self._definitions else ()
        return tuple(self._fingerprint(name, 0) for name in sorted(names))

    def _fingerprint(self, name: str, depth: int) -> str:
        """A text that differs for definitions that say something else, or lean on such."""
        if depth > _MOST_DEEP:
            return ""
        if name not in self._prints:
            definition = self._definitions[name]
            leans = sorted({n for n in names_in(definition) if n in self._definitions} - {name})
            said = [repr(definition), *(self._fingerprint(n, depth + 1) for n in leans)]
            self._prints[name] = hashlib.sha256("\0".join(said).encode()).hexdigest()
        return self._prints[name]


def _blocks(said: Sequence[Facts | None]) -> int:
    return sum(facts.blocks for facts in said if facts is not None)


def _alike(one: Sequence[Laid], other: Sequence[Laid]) -> tuple[int, int]:
    """How many stretches are the same, at the same places, at the start and behind those at the end."""
    least = min(len(one), len(other))
    head = next((n for n in range(least) if one[n] is not other[n]), least)
    tail = next((n for n in range(least - head) if one[-1 - n] is not other[-1 - n]), least - head)
    return head, tail
