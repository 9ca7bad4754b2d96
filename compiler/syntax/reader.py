"""Reads a file piece by piece: what stands where, doc comments, blocks, and going on after errors."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, assert_never

from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostics, error, has_errors, suggest, warning
from cpc.compiler.source import SourceFile, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.brackets import match_brackets
from cpc.compiler.syntax.build import Builder, Head, ServiceItem
from cpc.compiler.syntax.build_service import with_items
from cpc.compiler.syntax.docs import Docs
from cpc.compiler.syntax.mistakes import Failure, Table, explain
from cpc.compiler.syntax.places import Branch
from cpc.compiler.syntax.scan import Scanned, Token
from cpc.compiler.syntax.split import Piece, Splitter
from cpc.compiler.syntax.words import BLOCKS, DOCUMENTED, INSIDE

__all__ = ["LANGUAGE", "Reader"]

LANGUAGE = 1
"""The version of the language that this program reads."""

Node: TypeAlias = "tree.Statement | tree.Number | tree.TestCase | tuple[ServiceItem, Span]"
"""What a piece becomes; a number is that of `language`."""


class Reader:
    """Reads one text.

    `branch` parses a piece by a start rule of the grammar and gives the node or a `Failure`; `table` gives
    the known mistakes, and is asked for only when something fails.
    """

    def __init__(
        self,
        source: SourceFile,
        scanned: Scanned,
        branch: Callable[[str, str, Sequence[Token]], Branch | Failure],
        table: Callable[[], Table],
    ) -> None:
        self.diagnostics = list(scanned.diagnostics)
        self._source = source
        self._tokens = scanned.tokens
        self._brackets = match_brackets(source, scanned.tokens)
        self.diagnostics += self._brackets.diagnostics
        self._splitter = Splitter(source, scanned.tokens, self._brackets)
        self._docs = Docs(scanned)
        self._branch = branch
        self._table = table
        bad = [i for i, token in enumerate(scanned.tokens) if token.kind == "bad"]
        self._broken = sorted({*bad, *self._brackets.unclosed, *self._brackets.deep})
        self._notes = sorted(c.span.start for c in self._docs.everything)
        self._ends = {c.span.start: c.span.end for c in self._docs.everything}
        self._unopened = 0

    def file(self) -> tree.File:
        """The tree of the whole text."""
        statements: list[tree.Statement] = []
        language: tree.Number | None = None
        first = True
        for piece in self._splitter.statements(0, len(self._tokens)):
            for node in self._piece(piece, "file"):
                if isinstance(node, tree.Number):
                    self._language(node, first)
                    language = node if first else language
                elif not isinstance(node, tuple | tree.TestCase):
                    statements.append(node)
            first = False
        if self._tokens and not any(
            t.text == "language" and t.kind == "name" for t in self._tokens
        ):
            self.diagnostics.append(
                warning(
                    "CPC114",
                    "the file does not say which language it is in",
                    self._source.span(self._tokens[0].start, self._tokens[0].end),
                    help=f"start the file with `language {LANGUAGE}`",
                )
            )
        self.diagnostics += self._docs.misplaced()
        return tree.File(
            self._source.name,
            language,
            tuple(statements),
            self._docs.comments(),
            self._blank_lines(),
        )

    def _language(self, number: tree.Number, first: bool) -> None:
        if not first:
            message, help = "`language` is not the first statement", "move it to the top, once"
        elif number.value != LANGUAGE:
            message = f"language {number.value} is not known"
            help = f"this version of cpc reads `language {LANGUAGE}`"
        else:
            return
        self.diagnostics.append(error("CPC115", message, number.span, help=help))

    def _blank_lines(self) -> tuple[int, ...]:
        found: list[int] = []
        position = 0
        for line in self._source.text.split("\n"):
            if not line or line.isspace():
                found.append(position)
            position += len(line) + 1
        return tuple(found)

    # --- pieces ------------------------------------------------------------------------------

    def _span(self, first: int, last: int) -> Span:
        """The span of tokens [first, last)."""
        return self._source.span(self._tokens[first].start, self._tokens[last - 1].end)

    def _inside(self, start: int, stop: int, inside: str) -> Iterator[Node]:
        for piece in self._splitter.statements(start, stop, inside):
            yield from self._piece(piece, inside)

    def _piece(self, piece: Piece, inside: str, whole: bool = False) -> Iterator[Node]:
        """The nodes of one piece; several if it only parses cut at its lines (unless `whole`)."""
        if piece.first in self._brackets.stray:
            self._stray(piece.first)
            return
        documented = inside in ("file", "policy", "tier", "baseline") and piece.word in DOCUMENTED
        doc = self._docs.take(piece.first, documented, piece.word)
        if inside != "test" and piece.word not in INSIDE[inside]:
            self._misplaced(piece, inside)
            return
        stop = piece.last if piece.opener is None else piece.opener
        at = bisect_left(self._broken, piece.first)
        parts: list[Piece] = []
        if at < len(self._broken) and self._broken[at] < stop:
            parts = [] if whole else self._splitter.lines(piece, inside)
            if len(parts) > 1:
                yield from self._parts(parts, inside)
            else:
                self._contents(piece)
            return
        start = {"service": "service_item", "test": "test_case"}.get(inside, "statement")
        end = piece.last if piece.opener is None else piece.opener + 1
        text, base = self._text(piece.first, end)
        branch = self._branch(start, text, self._tokens[piece.first : end])
        if not isinstance(branch, Failure):
            yield from self._built(piece, branch, text, base, doc, inside)
            return
        parts = [] if whole else self._splitter.lines(piece, inside)
        if len(parts) > 1:
            yield from self._parts(parts, inside)
            return
        halves = self._halves(piece, branch, base, inside)
        if halves:
            yield from self._parts(halves, inside)
            return
        self._unopened += piece.word in BLOCKS and piece.opener is None
        self._report(branch, base, piece)
        self._contents(piece)

    def _parts(self, parts: Sequence[Piece], inside: str) -> Iterator[Node]:
        for part in parts:
            yield from self._piece(part, inside, whole=True)

    def _halves(self, piece: Piece, failure: Failure, base: int, inside: str) -> list[Piece]:
        """A statement, and what a line below it starts with an unknown word, if that is what failed."""
        if failure.terminal == "$END" or piece.opener is not None or inside == "test":
            return []
        place = base + failure.first
        wrong = bisect_left(self._tokens, place, piece.first, piece.last, key=lambda t: t.start)
        return self._splitter.cut(piece, min(wrong, piece.last - 1), inside)

    def _text(self, first: int, last: int) -> tuple[str, int]:
        """The text of some tokens, comments blanked, and where it starts."""
        base, end = self._tokens[first].start, self._tokens[last - 1].end
        text = self._source.text[base:end]
        at = bisect_left(self._notes, base)
        while at < len(self._notes) and self._notes[at] < end:
            start = self._notes[at]
            stop = self._ends[start]
            text = text[: start - base] + " " * (stop - start) + text[stop - base :]
            at += 1
        return text, base

    def _built(
        self, piece: Piece, branch: Branch, text: str, base: int, doc: str, inside: str
    ) -> Iterator[Node]:
        problems: Diagnostics = []
        builder = Builder(self._source, text, base, doc, problems)
        node: Node
        if inside == "service":
            node = builder.service_item(branch), self._span(piece.first, piece.last)
        elif inside == "test":
            node = builder.case(branch)
        else:
            node = builder.statement(branch)
        self.diagnostics += problems
        if isinstance(node, tree.Policy | tree.Tier | tree.Service | tree.Test):
            node = self._filled(node, piece)
        if not has_errors(problems):
            yield node

    def _report(self, failure: Failure, base: int, piece: Piece) -> None:
        if failure.terminal == "$END":
            end = piece.last if piece.opener is None else piece.opener + 1
            span = self._span(end - 1, end)
        else:
            span = self._source.span(base + failure.first, base + failure.last)
        self.diagnostics.append(explain(failure, self._table(), span))

    # --- blocks ------------------------------------------------------------------------------

    def _body(self, piece: Piece) -> tuple[int, int]:
        """The tokens between a block's braces."""
        assert piece.opener is not None
        return piece.opener + 1, self._brackets.closes[piece.opener]

    def _contents(self, piece: Piece) -> None:
        """Reads a block whose head is wrong, for the sake of what is wrong inside."""
        if piece.opener is not None:
            for _ in self._inside(*self._body(piece), piece.word):
                pass

    def _filled(self, head: Head, piece: Piece) -> tree.Statement:
        """A block with its contents."""
        span = self._span(piece.first, piece.last)
        nodes = list(self._inside(*self._body(piece), piece.word))
        match head:
            case tree.Policy():
                kinds = tree.Default | tree.Rule | tree.Audit
                statements = tuple(n for n in nodes if isinstance(n, kinds))
                return replace(head, statements=statements, span=span)
            case tree.Tier():
                rules = tuple(n for n in nodes if isinstance(n, tree.Rule))
                return replace(head, rules=rules, span=span)
            case tree.Test():
                cases = tuple(n for n in nodes if isinstance(n, tree.TestCase))
                return replace(head, cases=cases, span=span)
            case tree.Service():
                items = [n for n in nodes if isinstance(n, tuple)]
                return with_items(replace(head, span=span), items, self.diagnostics)
            case _:
                assert_never(head)

    # --- what cannot be a statement ----------------------------------------------------------

    def _stray(self, index: int) -> None:
        if self._unopened:
            self._unopened -= 1
            return
        token = self._tokens[index]
        span = self._source.span(token.start, token.end)
        message = f"`{token.text}` closes nothing"
        self.diagnostics.append(error("CPC106", message, span, help="remove it, or open its block"))

    def _misplaced(self, piece: Piece, inside: str) -> None:
        """A word that starts no statement, or none that may stand here."""
        token = self._tokens[piece.first]
        if token.kind == "bad":
            return
        span = self._source.span(token.start, token.end)
        where = "at the top" if inside == "file" else f"inside a `{inside}`"
        if piece.word:
            may = ", ".join(f"`{word}`" for word in sorted(INSIDE[inside]))
            help: tuple[str, ...] = (f"move it out of the block; inside a `{inside}` stand {may}",)
            message = f"`{piece.word}` cannot stand {where}"
            self.diagnostics.append(error("CPC110", message, span, help=help))
            return
        if token.kind not in ("name", "quoted"):
            message = f"expected a statement, found `{token.text[:40]}`"
            help = ("a statement starts with a word such as `policy` or `allow`",)
            self.diagnostics.append(error("CPC100", message, span, help=help))
            return
        near = suggest(token.text.lower(), tuple(INSIDE[inside]))
        help = (f"did you mean `{near}`?",) if near else ()
        follower = self._tokens[piece.first + 1].text if piece.first + 1 < piece.last else ""
        if follower in ("->", ",") or not near and self._has_arrow(piece):
            help += ("a rule starts with its action: `allow web -> db`",)
        message = f"`{token.text}` starts no statement {where}"
        self.diagnostics.append(error("CPC104", message, span, help=help))
        if near in BLOCKS:
            guess = self._splitter.as_word(piece, near, inside)
            self._contents(guess)

    def _has_arrow(self, piece: Piece) -> bool:
        return any(self._tokens[i].text == "->" for i in range(piece.first, piece.last))
