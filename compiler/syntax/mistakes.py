"""What to say about a piece of text that does not parse."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, error, suggest
from cpc.compiler.source import Span
from cpc.compiler.syntax.words import PROTOCOLS, RULES
from cpc.grammar.syntax_errors import Mistake

__all__ = ["Failure", "Table", "explain", "table_of"]


class Failure(Struct, frozen=True):
    """Where parsing stopped: the parser's state, the terminal that it met, and those it takes.

    `start` is the start rule. `before` and `after` are the text of the piece around the wrong word,
    which is at [first, last).
    """

    start: str
    state: int
    terminal: str
    takes: frozenset[str]
    word: str
    before: str
    after: str
    first: int
    last: int

    @property
    def kind(self) -> str:
        """What the piece is: a rule, another statement by its word, a service item, a test case."""
        if self.start != "statement":
            return self.start
        words = f"{self.before}{self.word}".split(None, 1)
        first = words[0] if words else ""
        return "rule" if first in RULES else first


Table: TypeAlias = Mapping[tuple[str, int, str], Mistake]
"""Mistakes by kind (`*`: of any statement), state and terminal (`*`: any but the end)."""

_WORDS: dict[str, tuple[str, ...]] = {
    "ACTION": ("allow", "deny", "pass", "require"),
    "ADMIN": ("admin",),
    "ALLOW_HOST": ("always", "policy"),
    "CALL": ("call",),
    "CLAIM": ("never", "always", "only", "reachable"),
    "CLIENT_IP": ("client-ip",),
    "DECISION": ("allow", "deny"),
    "DIRECTION": ("ingress", "egress"),
    "HEADER": ("header",),
    "HTTP_KEY": ("method", "path", "host"),
    "ISOLATED": ("isolated",),
    "KAFKA_KEY": ("api", "version", "topic", "client"),
    "LOG": ("log",),
    "MEMBER": ("in", "not in"),
    "MODE": ("default", "always", "never"),
    "PROTOCOL": ("tcp", "udp", "sctp", "any", "icmp", "icmpv6", "proto"),
    "ROLE": ("any", "consume", "produce"),
    "VERDICT": ("allow", "deny", "redirect"),
    "_AND": ("and",),
    "_BY": ("by",),
    "_EXCEPT": ("except",),
    "_FOR": ("for",),
    "_NAMESPACE": ("namespace",),
    "_OR": ("or",),
    "_PRIORITY": ("priority",),
    "_WEIGHT": ("weight",),
}
"""The words of terminals that are keywords."""

_SIGNS = {
    "ARROW": "`->`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "COMPARE": "`=`",
    "DURATION": "a time such as `30m`",
    "EQUAL": "`=`",
    "HEADER_OP": "`=` or `~`",
    "IP": "an address",
    "LBRACE": "`{`",
    "LPAR": "`(`",
    "LSQB": "`[`",
    "MINUS": "`-`",
    "NAME": "a name",
    "NUMBER": "a number",
    "RBRACE": "`}`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "SLASH": "`/`",
    "STRING": "a string",
}

_SELECTOR = {"NAME", "LBRACE", "LSQB", "IP", "NOT", "SCOPE", "LPAR"}
_REQUEST = {"HTTP", "GRPC", "KAFKA", "DNS", "METHOD"}
_PARTS = ("http", "grpc", "kafka", "dns")
_MOST = 8

_NO_COMMA = Mistake(
    "CPC109",
    "no comma between the selectors",
    "selectors on one side are separated by commas, or joined by `and` or `or`",
)
_KEY = Mistake("CPC123", "a label key that holds `/` or `:` must be quoted", 'write `"source:key"`')
_LOG = Mistake("CPC100", "`log` is the last word of a rule", "move it to the end")
_NO_PART = Mistake(
    "CPC121", "the request part has no `{`", 'write it as in `http { GET "/items" }`'
)


_LISTED = re.compile(r"\b(tcp|udp|sctp|any)/(\d+(?:-\d+)?)\s*,\s*$")
"""The end of what stands before a second port that has no protocol."""

_MORE = re.compile(r"\d+(?:-\d+)?(?:\s*,\s*\d+(?:-\d+)?(?![\w./:]))*")
"""Ports without a protocol, separated by commas."""


def table_of(mistakes: Iterable[Mistake], fail: Callable[[str, str], Failure | None]) -> Table:
    """Mistakes by where their snippets fail; the first snippet of a place wins.

    `fail` parses a snippet by a start rule.
    """
    table: dict[tuple[str, int, str], Mistake] = {}
    for mistake in mistakes:
        for snippet in mistake.snippets.strip().splitlines():
            failure = fail(mistake.start, snippet.strip())
            if failure is None:
                continue
            kinds = [failure.kind, *(["*"] if mistake.start == "statement" else [])]
            loose = failure.terminal != "$END" and not mistake.exact
            terminals = [failure.terminal, *(["*"] if loose else [])]
            for kind in kinds:
                for terminal in terminals:
                    table.setdefault((kind, failure.state, terminal), mistake)
    return table


def explain(failure: Failure, table: Table, span: Span) -> Diagnostic:
    """The diagnostic for one failure; `span` is the wrong word's, or the last word's at the end."""
    known = _known(failure, table)
    if known is not None:
        label = "" if failure.terminal == "$END" else "not expected here"
        return error(known.code, known.message, span, label=label, help=known.help)
    if _comma(failure):
        message = "nothing before the comma" if failure.word == "," else "nothing after the comma"
        return error("CPC109", message, span, help="remove the comma, or add what is missing")
    expected = _expected(failure.takes)
    if failure.terminal == "$END":
        what = "connection" if failure.start == "connection" else "statement"
        message = f"the {what} ends where {expected} is due"
        return error("CPC118", message, span, label="after this")
    words = tuple(word for t in failure.takes for word in _WORDS.get(t, ()))
    near = suggest(failure.word.lower(), words) if failure.word[:1].isalpha() else None
    if near is not None or (words and failure.takes <= _WORDS.keys()):
        help = f"did you mean `{near}`?" if near else f"expected {expected}"
        return error("CPC126", f"unexpected word `{failure.word[:40]}`", span, help=help)
    message = f"expected {expected}, found `{failure.word[:40]}`"
    return error("CPC100", message, span, help=_advice(failure))


def _known(failure: Failure, table: Table) -> Mistake | None:
    """The mistake that the snippets know, told more exactly by the words around it."""
    words = failure.before.split()
    if failure.start == "statement" and "->" in words:
        if failure.word in _PARTS or (words[-1] in _PARTS and failure.terminal != "$END"):
            return _NO_PART
        if words[-1] == "log":
            return _LOG
    first = _LISTED.search(failure.before)
    more = _MORE.match(failure.word + failure.after)
    if first is not None and more is not None and failure.terminal == "NUMBER":
        ports = ", ".join([first[2], *re.split(r"\s*,\s*", more[0])])
        message = f"`{failure.word}` has no protocol"
        return Mistake("CPC117", message, f"write `{first[1]}/{{{ports}}}`")
    found = _looked_up(failure, table)
    if found is None:
        return None
    if found.code == "CPC117" and words and failure.word in ("/", ":"):
        near = suggest(words[-1].lower(), PROTOCOLS)
        meant = near is not None and near != words[-1]
        return replace(found, help=f"did you mean `{near}`?") if meant else found
    arrow = "->" in failure.after or failure.word == "->"
    if found.message.startswith("no `=` after the label"):
        quoted = failure.word in (":", "/") and failure.after.lstrip()[:1].isalpha()
        return _KEY if quoted else found
    if found.message == "no `:` after the rule's name" and words[-1] in RULES:
        message = f"`{words[-1]}` stands before the action"
        return Mistake("CPC126", message, "write it as in `ingress allow web -> db`")
    if found.message == "no `:` after the rule's name" and not arrow:
        kind = "assert" if failure.kind == "assert" else "rule"
        return next(m for key, m in table.items() if key[0] == kind and m.code == "CPC103")
    if found.code == "CPC103" and failure.start == "statement" and arrow:
        return _NO_COMMA if failure.word[:1] not in "-:" else found
    return found


def _looked_up(failure: Failure, table: Table) -> Mistake | None:
    loose = failure.terminal != "$END" and not _comma(failure)
    terminals = [failure.terminal, *(["*"] if loose else [])]
    keys = ((kind, failure.state, t) for t in terminals for kind in (failure.kind, "*"))
    return next((table[key] for key in keys if key in table), None)


def _comma(failure: Failure) -> bool:
    """A comma too many: two in a row, one at the start, or one before a closing sign or the end."""
    if failure.word == ",":
        return True
    operand = failure.word[:1].isalnum() or failure.word[:1] in ("_", '"', "`", "{", "[", "(")
    ends = failure.terminal == "$END" or not operand
    return failure.before.rstrip().endswith(",") and ends


def _expected(takes: frozenset[str]) -> str:
    """The terminals in words, most general first."""
    left = set(takes) - {"$END"}
    if "_OR" in left:
        left.add("_AND")
    parts: list[str] = []
    if {"NAME", "LBRACE", "IP"} <= left:
        parts.append("a selector")
        left -= _SELECTOR
    if "PROTOCOL" in left:
        parts.append("ports")
        left -= {"PROTOCOL", "NAME"}
    if left & _REQUEST:
        parts.append("a request part")
        left -= _REQUEST
    parts += sorted(_SIGNS[t] for t in left if t in _SIGNS)
    words = {word for t in left if t not in _SIGNS for word in _WORDS.get(t, ())}
    parts += [f"`{word}`" for word in sorted(words)]
    shown = parts[:_MOST] or ["the next statement"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _advice(failure: Failure) -> str | tuple[str, ...]:
    if failure.word == ":":
        return "`:` comes after a rule's name, and before the verdict of a test case"
    if "$END" in failure.takes and failure.start != "connection":
        return "the statement could end before this; a new one starts with its own word"
    return ()
