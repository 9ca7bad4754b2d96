"""From the decision IR to the view: which functions there are, and what each of them asks."""

from collections import defaultdict
from collections.abc import Sequence

from cpc.compiler.codegen.calls import Call, parameters, uses
from cpc.compiler.codegen.comments import comment, keys_of_leaves, rule_comment
from cpc.compiler.codegen.leaves import Leaves
from cpc.compiler.codegen.matches import BOUND, Matches, asks_bound, gathers
from cpc.compiler.codegen.trees import dispatch, key_tree
from cpc.compiler.codegen.view import Chunk, Direction, View
from cpc.compiler.ir.nodes import ANY, Clause, Decision, Leaf, Program, Step
from cpc.compiler.ir.words import selector_words, term_words

__all__ = ["FEWEST_LEAVES", "make_view"]

FEWEST_LEAVES = 16
"""Clauses that at least so many leaves share are tested once, as a fact, before the leaf is found."""

_FEWEST_BRANCHES = 8
_MOST_FACTS = 24


def make_view(
    program: Program, version: str, policy_hash: str, fewest_leaves: int = FEWEST_LEAVES
) -> View:
    """The view of a program; the same for the same arguments."""
    rules = [rule_comment(rule) for rule in program.rules]
    return View(
        version=version,
        policy=policy_hash,
        words=program.words,
        subject_words=max(1, (len(program.subjects) + 63) // 64),
        subjects=tuple(comment(f"{i} {selector_words(s)}") for i, s in enumerate(program.subjects)),
        peers=tuple(comment(f"{i} {term_words(t)}") for i, t in enumerate(program.peers)),
        directions=tuple(
            _Shape(decision, rules, fewest_leaves).direction()
            for decision in (program.ingress, program.egress)
        ),
    )


class _Shape:
    """One direction on its way to the view."""

    def __init__(self, decision: Decision, rules: Sequence[str], fewest_leaves: int) -> None:
        self._decision = decision
        self._name = str(decision.direction)
        self._matches = Matches(self._name, rules)
        self._shared = _shared(decision, fewest_leaves)
        self._fact_of = {
            clause: 2 << number for number, part in enumerate(self._shared) for clause in part
        }

    def direction(self) -> Direction:
        """The view of the direction."""
        bound = self._bound()
        facts = [(BOUND, bound)] if bound else []
        facts += [
            (f"{2 << number:#x}", self._matches.call(part))
            for number, part in enumerate(self._shared)
        ]
        found = Call(f"cpc_{self._name}_facts", uses(test for _, test in facts) - {"facts"})
        leaves = Leaves(self._name, self._test)
        words = keys_of_leaves(self._decision)
        calls = [leaves.add(i, leaf, words[i]) for i, leaf in enumerate(self._decision.leaves)]
        chunks: list[Chunk] = []
        call = calls[0]
        if len(calls) > 1:
            costs = [self._cost(leaf) for leaf in self._decision.leaves]
            chunks, call = dispatch(self._name, calls, costs)
            chunks += key_tree(self._name, self._decision.starts, self._decision.index)
        return Direction(
            name=self._name,
            matches=tuple(self._matches.functions),
            facts=tuple((mask, str(test)) for mask, test in facts),
            facts_parameters=parameters(found.uses),
            facts_call=str(found) if facts else "",
            leaves=tuple(leaves.functions),
            chunks=tuple(chunks),
            finds_leaf=f"cpc_{self._name}_leaf(key)" if len(calls) > 1 else "",
            call=str(call),
        )

    def _test(self, step: Step) -> tuple[str, list[Call]]:
        """The C condition of a step, and what it calls or looks at."""
        facts = 0
        own: list[Clause] = []
        for clause in step.clauses:
            fact = self._fact_of.get(clause)
            if fact is None:
                own.append(clause)
            else:
                facts |= fact
        calls = [self._matches.call(tuple(own))] if own else []
        tests = [str(call) for call in calls]
        if facts:
            tests.insert(0, f"facts & {facts:#x}")
            calls.append(Call("", frozenset({"facts"})))
        return " || ".join(tests), calls

    def _cost(self, leaf: Leaf) -> int:
        """The branches of a leaf."""
        return sum(
            1 + gathers([c for c in step.clauses if c not in self._fact_of])
            for step in leaf.steps()
        )

    def _bound(self) -> Call | None:
        """The call that says whether the requirements are met, where a step or a fact asks that."""
        steps = (step.clauses for leaf in self._decision.leaves for step in leaf.steps())
        own = ([c for c in clauses if c not in self._fact_of] for clauses in steps)
        if not any(map(asks_bound, (*own, *self._shared))):
            return None
        met = [r for r in self._decision.requirements if r[1] != ANY]
        return self._matches.unless(f"cpc_{self._name}_bound", met)


def _shared(decision: Decision, fewest_leaves: int) -> list[tuple[Clause, ...]]:
    """The sets of clauses that are worth a fact: each is of the same steps, in many leaves."""
    if len(decision.leaves) < fewest_leaves:
        return []
    where: defaultdict[Clause, list[int]] = defaultdict(list)
    for leaf in decision.leaves:
        for step in leaf.steps():
            for clause in step.clauses:
                where[clause].append(step.site)
    together: defaultdict[tuple[int, ...], list[Clause]] = defaultdict(list)
    for clause, sites in where.items():
        if len(sites) >= fewest_leaves and clause.peers != ANY:
            together[tuple(sites)].append(clause)
    worth = [
        (len(sites) * gathers(clauses), number, tuple(clauses))
        for number, (sites, clauses) in enumerate(together.items())
        if gathers(clauses) >= _FEWEST_BRANCHES
    ]
    worth.sort(key=lambda part: (-part[0], part[1]))
    return [clauses for _, _, clauses in worth[:_MOST_FACTS]]
