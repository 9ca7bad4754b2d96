"""Languages: sets of texts with a name, made of expressions, of plain text, or of other languages."""

from functools import lru_cache

from msgspec import Struct

from cpc.compiler.policy.characters import LAST
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import Characters, Expression, Repeat, Sequence
from cpc.compiler.verify.languages.automaton import Automaton
from cpc.compiler.verify.languages.determinise import determinise
from cpc.compiler.verify.languages.joints import joints_of
from cpc.compiler.verify.languages.limits import STATE_LIMIT, TooLarge
from cpc.compiler.verify.languages.minimise import Table, minimised

__all__ = ["Language", "expression_language", "plain", "plain_start"]


class Language(Struct, frozen=True, eq=False):
    """A set of texts. `names` are for messages: the expressions that it is made of, mostly.

    Compared by identity; two are the same set iff their automata are equal.
    """

    names: tuple[str, ...]
    automaton: Automaton
    beginning: str
    """What each of its texts begins with."""

    @property
    def is_empty(self) -> bool:
        return not any(self.automaton.accepting)

    @classmethod
    def of(cls, names: tuple[str, ...], table: Table) -> "Language":
        """The language of a table."""
        automaton = minimised(table)
        return cls(names, automaton, automaton.beginning())


@lru_cache(maxsize=65536)
def expression_language(expression: str, limit: int = STATE_LIMIT) -> Language | TooLarge:
    """The texts that an expression matches wholly; ExpressionError as in `parse_expression`. Kept."""
    table = determinise(joints_of(parse_expression(expression)), limit)
    names = (expression,)
    return TooLarge(names, limit) if table is None else Language.of(names, table)


def plain(text: str) -> Expression:
    """The tree of one text."""
    return Sequence(tuple(Characters(((ord(c), ord(c)),)) for c in text))


def plain_start(text: str) -> Expression:
    """The tree of every text that starts with one."""
    return Sequence((plain(text), Repeat(Characters(((0, LAST),)), 0, None)))
