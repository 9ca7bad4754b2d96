"""The clauses of a step as one C function: gather masks by subject, then test the peer once.

What depends on the subject stands in branches on the endpoint's constant, which the kernel verifier
removes; one test of the gathered words remains, so that paths do not multiply.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from cpc.compiler.codegen.calls import Call, parameters, uses
from cpc.compiler.codegen.comments import few
from cpc.compiler.codegen.view import Branch, Match
from cpc.compiler.ir.nodes import ANY, Clause

__all__ = ["BOUND", "Matches", "asks_bound", "gathers"]

BOUND = "0x1"
"""The fact that the peer meets the subject's requirements."""

_WORD = (1 << 64) - 1


def _mask_words(mask: int) -> list[tuple[int, int]]:
    """The non-zero 64-bit words of a mask, as (number, value)."""
    words = ((i, mask >> (64 * i) & _WORD) for i in range((mask.bit_length() + 63) // 64))
    return [(i, value) for i, value in words if value]


class _Part(Struct):
    """What one subject adds: masks, free and bound by requirements, or every peer."""

    free: int = 0
    bound: int = 0
    every: bool = False
    rules: list[int] = field(default_factory=list)

    def add(self, clause: Clause) -> None:
        """The clause's peers and its rule."""
        if clause.peers == ANY:
            self.every = True
        elif clause.required:
            self.bound |= clause.peers
        else:
            self.free |= clause.peers
        if clause.rule not in self.rules[-1:]:
            self.rules.append(clause.rule)

    @property
    def shape(self) -> tuple[bool, int, int]:
        """What it adds, whatever the rules."""
        return (True, 0, 0) if self.every else (False, self.free, self.bound)


def _parts(clauses: Sequence[Clause]) -> dict[int, _Part]:
    parts: dict[int, _Part] = {}
    for clause in clauses:
        parts.setdefault(clause.subject, _Part()).add(clause)
    return parts


def gathers(clauses: Sequence[Clause]) -> int:
    """How many branches the function of these clauses has."""
    return len({clause.subject for clause in clauses})


def asks_bound(clauses: Sequence[Clause]) -> bool:
    """Whether the function of these clauses asks for requirements: not beside a clause of everybody."""
    everybody = any(clause.subject == ANY and clause.peers == ANY for clause in clauses)
    return not everybody and any(clause.required for clause in clauses)


class Matches:
    """The match functions of one direction; equal clauses share one."""

    def __init__(self, direction: str, rules: Sequence[str]) -> None:
        self._direction = direction
        self._rules = rules
        self._calls: dict[tuple[Clause, ...], Call] = {}
        self._peer_calls: dict[int, Call] = {}
        self.functions: list[Match] = []

    def call(self, clauses: tuple[Clause, ...]) -> Call:
        """The call that says whether one of these clauses fires."""
        found = self._calls.get(clauses)
        if found is None:
            found = self._calls[clauses] = self._add(_parts(clauses))
        return found

    def unless(self, name: str, unmet: Sequence[tuple[int, int]]) -> Call:
        """Adds the function that is false where a subject (or ANY) meets none of its peer mask."""
        calls: list[Call] = []
        branches: list[Branch] = []
        for subject, peers in unmet:
            tests = [] if subject == ANY else [_subject_test(subject // 64, 1 << subject % 64)]
            if peers:
                calls.append(self._peer_has(peers))
                tests.append(f"!{calls[-1]}")
            branches.append(Branch(" && ".join(tests) or "true", ("return false",)))
        call = Call(name, uses(calls))
        read = _subject_words(subject for subject, _ in unmet if subject != ANY)
        self.functions.append(
            Match(name, parameters(call.uses), (), read, (), tuple(branches), ("true",))
        )
        return call

    def _peer_has(self, mask: int) -> Call:
        found = self._peer_calls.get(mask)
        if found is None:
            found = self._peer_calls[mask] = self._add({ANY: _Part(free=mask)})
        return found

    def _add(self, parts: dict[int, _Part]) -> Call:
        name = f"cpc_{self._direction}_match_{len(self.functions)}"
        base = parts.pop(ANY, _Part())
        title = self._names(base.rules)
        if base.every:
            self.functions.append(Match(name, "void", title, (), (), (), ("true",)))
            return Call(name, frozenset())
        everything = [base, *parts.values()]
        tested = sorted({w for part in everything for w, _ in _mask_words(part.free | part.bound)})
        limited = sorted({w for part in everything for w, _ in _mask_words(part.bound)})
        branches = self._branches(parts)
        if limited:
            added = tuple(f"peers{w} |= bound{w}" for w in limited)
            branches.append(Branch(f"facts & {BOUND}", added))
        names = frozenset(("bits",) if tested else ()) | frozenset(("facts",) if limited else ())
        free, bound = dict(_mask_words(base.free)), dict(_mask_words(base.bound))
        if len(tested) == 1 and not branches:
            words = []
            tests = [f"bits[{w}] & {free[w]:#x}" for w in tested]
        else:
            words = [(f"peers{w}", f"{free.get(w, 0):#x}") for w in tested]
            words += [(f"bound{w}", f"{bound.get(w, 0):#x}") for w in limited]
            tests = [f"bits[{w}] & peers{w}" for w in tested]
        read = _subject_words(parts)
        self.functions.append(
            Match(name, parameters(names), title, read, tuple(words), tuple(branches), tuple(tests))
        )
        return Call(name, names)

    def _names(self, rules: Sequence[int]) -> tuple[str, ...]:
        return few([self._rules[rule] for rule in dict.fromkeys(rules)])

    def _branches(self, parts: dict[int, _Part]) -> list[Branch]:
        """Subjects that add the same, in one word of subject bits, share a branch."""
        alike: dict[tuple[int, tuple[bool, int, int]], list[int]] = {}
        for subject, part in parts.items():
            alike.setdefault((subject // 64, part.shape), []).append(subject)
        made: list[Branch] = []
        for (word, (every, free, bound)), subjects in alike.items():
            test = _subject_test(word, sum(1 << subject % 64 for subject in subjects))
            rules = self._names([rule for subject in subjects for rule in parts[subject].rules])
            sets = [f"peers{w} |= {value:#x}" for w, value in _mask_words(free)]
            sets += [f"bound{w} |= {value:#x}" for w, value in _mask_words(bound)]
            made.append(Branch(test, ("return true",) if every else tuple(sets), rules))
        return made


def _subject_test(word: int, mask: int) -> str:
    return f"subject{word} & {mask:#x}"


def _subject_words(subjects: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({subject // 64 for subject in subjects}))
