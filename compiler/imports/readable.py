"""Imported trees as a person would write them: selectors that come back get a name.

What a tree means stays the same: a definition stands for its expression wherever it is used.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.imports.identifiers import free_name, identifier
from cpc.compiler.imports.selectors import in_any_namespace
from cpc.compiler.policy.names import ENTITIES, Definition
from cpc.compiler.policy.resolve_labels import MAX_PARTS, too_large
from cpc.compiler.syntax import tree

__all__ = ["readable", "selectors_too_large"]

_Holder = tree.Policy | tree.Tier

_VALUES = 3
"""Labels whose values make a name: with more of them it says less."""


def readable(files: Sequence[tree.File]) -> tuple[tree.File, ...]:
    """The files with label selectors that occur more than once defined by name, before their first use."""
    counts = Counter(labels for file in files for labels in _labels_of(file) if labels.terms)
    repeated = {labels for labels, number in counts.items() if number > 1}
    taken = {s.name.text for f in files for s in f.statements if isinstance(s, Definition)}
    names: dict[tree.Labels, str] = {}
    tried: dict[str, int] = {}
    named: list[tree.File] = []
    for file in files:
        statements: list[tree.Statement] = []
        for statement in file.statements:
            if isinstance(statement, _Holder):
                known: dict[int, str] = {}
                for labels in _labels_in(statement):
                    if id(labels) in known or labels not in repeated:
                        continue
                    name = names.get(labels, "")
                    if not name:
                        name = free_name(_wanted(labels, statement), taken, ENTITIES, tried=tried)
                        taken.add(name)
                        names[labels] = name
                        statements.append(_definition(labels, name, statement))
                    known[id(labels)] = name
                statement = _renamed(statement, known) if known else statement
            statements.append(statement)
        named.append(_spaced(replace(file, statements=tuple(statements))))
    return tuple(named)


def selectors_too_large(files: Sequence[tree.File]) -> Diagnostics:
    """Selectors that the language would refuse, so that no text is written that cannot be read (CPC310)."""
    found = (
        labels.span for f in files for labels in _labels_of(f) if len(labels.terms) >= MAX_PARTS
    )
    return [too_large(span) for span in dict.fromkeys(found)]


def _spaced(file: tree.File) -> tree.File:
    """A blank line before each policy, with the comments above it and what is defined for it."""
    above = {c.span.line: c.span for c in file.comments if c.own_line}
    blank = set(file.blank_lines)
    for holder in file.statements:
        if isinstance(holder, _Holder):
            first = holder.span
            while first.line - 1 in above:
                first = above[first.line - 1]
            blank.add(first.start - 1)
    return replace(file, blank_lines=tuple(sorted(blank)))


def _rules(holder: _Holder) -> tuple[tree.Default | tree.Rule | tree.Audit, ...]:
    return holder.statements if isinstance(holder, tree.Policy) else holder.rules


def _labels_of(file: tree.File) -> Iterator[tree.Labels]:
    for statement in file.statements:
        if isinstance(statement, _Holder):
            yield from _labels_in(statement)


def _labels_in(holder: _Holder) -> Iterator[tree.Labels]:
    for rule in _rules(holder):
        sides = (*rule.left, *rule.right) if isinstance(rule, tree.Rule) else rule.subjects
        yield from (side for side in sides if isinstance(side, tree.Labels))


def _wanted(labels: tree.Labels, holder: _Holder) -> str:
    """A name after the values that the labels must have, else after the policy."""
    values = [t.values[0] for t in labels.terms if t.op == "="]
    said = [v.value for v in values if isinstance(v, tree.Text) and v.value][:_VALUES]
    if not said and labels.terms == (in_any_namespace(holder.span),):
        said = ["pods"]
    return identifier("-".join(said) or (holder.name.text if holder.name else "endpoints"))


def _definition(labels: tree.Labels, name: str, holder: _Holder) -> tree.EndpointsDef:
    """Its place is the start of what uses it first, so that it is written down before that."""
    span = holder.span._replace(end=holder.span.start)
    return tree.EndpointsDef(tree.Name(name, span), replace(labels, span=span), "", span)


def _renamed(holder: _Holder, names: dict[int, str]) -> _Holder:
    """A holder with names in the place of selectors, by their `id`."""

    def named(expr: tree.Expr) -> tree.Expr:
        known = names.get(id(expr))
        return expr if known is None else tree.Name(known, expr.span)

    def side(exprs: tuple[tree.Expr, ...]) -> tuple[tree.Expr, ...]:
        return tuple(map(named, exprs))

    def statement(
        one: tree.Default | tree.Rule | tree.Audit,
    ) -> tree.Default | tree.Rule | tree.Audit:
        if isinstance(one, tree.Rule):
            return replace(one, left=side(one.left), right=side(one.right))
        return replace(one, subjects=side(one.subjects))

    if isinstance(holder, tree.Policy):
        return replace(holder, statements=tuple(statement(s) for s in holder.statements))
    rules = (statement(rule) for rule in holder.rules)
    return replace(holder, rules=tuple(r for r in rules if isinstance(r, tree.Rule)))
