"""What to say about a piece of text that does not parse."""

from collections.abc import Mapping
from dataclasses import dataclass

from cpc.compiler.diagnostics import Diagnostic, error, suggest
from cpc.compiler.source import Span
from cpc.grammar.syntax_errors import Mistake

__all__ = ["Failure", "Table", "explain"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Where parsing stopped: the parser's state, the terminal that it met, and those it takes.

    `before` and `after` are the text of the piece around the wrong word, which is at [start, end).
    """

    state: int
    terminal: str
    takes: frozenset[str]
    word: str
    before: str
    after: str
    start: int
    end: int


Table = Mapping[tuple[int, str], Mistake]
"""Mistakes by state and terminal; the terminal `*` stands for every one but the end."""

_WORDS: dict[str, tuple[str, ...]] = {
    "ACTION": ("allow", "deny", "pass", "require"),
    "ADMIN": ("admin",),
    "ALLOW_HOST": ("always", "policy"),
    "CALL": ("call",),
    "CLAIM": ("never", "always", "only", "reachable"),
    "CLIENT_IP": ("client-ip",),
    "DIRECTION": ("ingress", "egress"),
    "HTTP_KEY": ("method", "path", "host"),
    "HEADER": ("header",),
    "ISOLATED": ("isolated",),
    "KAFKA_KEY": ("api", "version", "topic", "client"),
    "LOG": ("log",),
    "MODE": ("default", "always", "never"),
    "PROTOCOL": ("tcp", "udp", "sctp", "any", "icmp", "icmpv6", "proto"),
    "ROLE": ("consume", "produce"),
    "VERDICT": ("allow", "deny", "redirect"),
    "_AND": ("and",),
    "_BY": ("by",),
    "_EXCEPT": ("except",),
    "_FOR": ("for",),
    "_NAMESPACE": ("namespace",),
    "_OR": ("or",),
    "_PRIORITY": ("priority",),
    "_WEIGHT": ("weight",),
    "MEMBER": ("in", "not in"),
}
"""The words of terminals that are keywords."""

_SIGNS = {
    "ARROW": "`->`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "COMPARE": "`=`",
    "EQUAL": "`=`",
    "HEADER_OP": "`=` or `~`",
    "IP": "an address",
    "LBRACE": "`{`",
    "LPAR": "`(`",
    "LSQB": "`[`",
    "MINUS": "`-`",
    "NAME": "a name",
    "NUMBER": "a number",
    "DURATION": "a time such as `30m`",
    "RBRACE": "`}`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "SLASH": "`/`",
    "STRING": "a string",
}

_SELECTOR = {"NAME", "LBRACE", "LSQB", "IP", "NOT", "SCOPE", "LPAR"}
_REQUEST = {"HTTP", "GRPC", "KAFKA", "DNS", "METHOD"}
_MOST = 8


def explain(failure: Failure, table: Table, span: Span) -> Diagnostic:
    """The diagnostic for one failure; `span` is the wrong word's, or the last word's at the end."""
    known = _known(failure, table)
    if known is not None:
        label = "" if failure.terminal == "$END" else "not expected here"
        return error(known.code, known.message, span, label=label, help=known.help)
    if _comma(failure):
        message = (
            "a comma with nothing after it" if failure.word != "," else "nothing before the comma"
        )
        return error("CPC109", message, span, help="remove the comma, or add what it announces")
    expected = _expected(failure.takes)
    if failure.terminal == "$END":
        return error(
            "CPC118", f"the statement ends where {expected} is due", span, label="after this"
        )
    words = tuple(word for t in failure.takes for word in _WORDS.get(t, ()))
    near = suggest(failure.word.lower(), words) if failure.word[:1].isalpha() else None
    if near is not None or (words and failure.takes <= _WORDS.keys()):
        help = f"did you mean `{near}`?" if near else f"expected {expected}"
        return error("CPC126", f"`{failure.word}` is not one of the words here", span, help=help)
    message = f"expected {expected}, found `{failure.word[:40]}`"
    return error("CPC100", message, span, help=_advice(failure))


def _known(failure: Failure, table: Table) -> Mistake | None:
    found = table.get((failure.state, failure.terminal))
    if found is None and failure.terminal != "$END" and not _comma(failure):
        found = table.get((failure.state, "*"))
    if found is None:
        return None
    key = found.message.startswith("no `=` after the label") and failure.word in (":", "/")
    if key and failure.after.lstrip()[:1].isalpha():
        message = "a label key that holds `.`, `/` or `:` must be quoted"
        return Mistake("CPC123", message, 'write `"source:key"`', ())
    arrow = "->" in failure.after or failure.word == "->"
    if found.message == "no `:` after the rule's name" and not arrow:
        return _like(table, "the rule has no `->`") or found
    if found.message == "the rule has no `->`" and arrow and failure.word not in ("->", ":"):
        return Mistake(
            "CPC109",
            "no comma between the selectors",
            "selectors on one side are separated by commas, or joined by `and` or `or`",
            (),
        )
    return found


def _like(table: Table, message: str) -> Mistake | None:
    return next((m for m in table.values() if m.message == message), None)


def _comma(failure: Failure) -> bool:
    """A comma too many: two in a row, one at the start, or one before a closing sign or the end."""
    if failure.word == ",":
        return True
    ends = failure.terminal == "$END" or not (
        failure.word[0].isalnum() or failure.word[0] in '_"`{[('
    )
    return failure.before.rstrip().endswith(",") and ends


def _expected(takes: frozenset[str]) -> str:
    """The terminals in words, most general first."""
    left = set(takes) - {"$END"}
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
    signs = sorted(_SIGNS[t] for t in left if t in _SIGNS)
    words = sorted(f"`{word}`" for t in left if t not in _SIGNS for word in _WORDS.get(t, ()))
    parts += [*signs, *words]
    if not parts:
        return "the next statement"
    shown = parts[:_MOST]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _advice(failure: Failure) -> str | tuple[str, ...]:
    if failure.word == "log":
        return "`log` is the last word of a rule"
    if "$END" in failure.takes:
        return "the statement could end before this; a new one starts with its own word"
    return ()
