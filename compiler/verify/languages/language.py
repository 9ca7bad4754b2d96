"""Languages: sets of texts with a name, made of expressions, of plain text, or of other languages."""

from dataclasses import dataclass
from functools import lru_cache

from cpc.compiler.policy.characters import LAST
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import Characters, Expression, Repeat, Sequence
from cpc.compiler.verify.languages.automaton import Automaton
from cpc.compiler.verify.languages.determinise import determinise
from cpc.compiler.verify.languages.joints import joints_of
from cpc.compiler.verify.languages.limits import STATE_LIMIT, TooLarge
from cpc.compiler.verify.languages.minimise import Table, minimised

__all__ = ["Language", "exactly", "expression_language", "named", "starting_with"]


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A set of texts. `name` is for messages: the expression as it was written, mostly.

    Compared by identity; two are the same set iff their automata are equal.
    """

    name: str
    automaton: Automaton
    beginning: str
    """What each of its texts begins with."""

    @property
    def is_empty(self) -> bool:
        return not any(self.automaton.accepting)


@lru_cache(maxsize=65536)
def expression_language(expression: str, limit: int = STATE_LIMIT) -> Language | TooLarge:
    """The texts that an expression matches wholly; ExpressionError as in `parse_expression`. Kept."""
    return _language(expression, parse_expression(expression), limit)


@lru_cache(maxsize=65536)
def exactly(text: str, limit: int = STATE_LIMIT) -> Language | TooLarge:
    """One text. Kept."""
    return _language(text, _plain(text), limit)


@lru_cache(maxsize=65536)
def starting_with(text: str, limit: int = STATE_LIMIT) -> Language | TooLarge:
    """Every text that starts with one. Kept."""
    every = Repeat(Characters(((0, LAST),)), 0, None)
    return _language(f"{text}*", Sequence((_plain(text), every)), limit)


def named(name: str, table: Table) -> Language:
    """The language of an automaton that something else made."""
    automaton = minimised(table)
    return Language(name, automaton, automaton.beginning())


def _plain(text: str) -> Expression:
    return Sequence(tuple(Characters(((ord(c), ord(c)),)) for c in text))


def _language(name: str, tree: Expression, limit: int) -> Language | TooLarge:
    table = determinise(joints_of(tree), limit)
    return TooLarge((name,), limit) if table is None else named(name, table)
