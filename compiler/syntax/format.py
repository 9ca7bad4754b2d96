"""Tree to text: the one layout.

Every comment is kept, at most one blank line stays between statements, lines break at 100
columns, and `=`, `:` and trailing comments of neighbouring lines stand under each other.
"""

from collections.abc import Callable, Sequence
from typing import assert_never

from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.columns import Row, arranged
from cpc.compiler.syntax.format_blocks import Blocks, Item
from cpc.compiler.syntax.format_requests import matcher_items, request_line
from cpc.compiler.syntax.format_selectors import Selectors, port_text, value_text
from cpc.compiler.syntax.format_service import duration_text, vip_runs
from cpc.compiler.syntax.layout import LINE, SOFT, WIDTH, Doc, cat, group, nest, render
from cpc.compiler.syntax.margin import Margin
from cpc.compiler.syntax.strings import quote

__all__ = ["format_file"]

_STEP = 2


def format_file(file: tree.File) -> str:
    """The canonical text of a tree.

    Parsing it gives an equal tree, and formatting that the same text.
    """
    return _Formatter(file).text()


class _Formatter:
    def __init__(self, file: tree.File) -> None:
        self._file = file
        self._margin = Margin(file.comments, file.blank_lines)
        self._selectors = Selectors(self._margin)
        self._blocks = Blocks(self._margin)

    def text(self) -> str:
        """The whole file."""
        file = self._file
        items: list[Item] = []
        if file.language is not None:
            line = f"language {file.language.value}"
            items.append(Item(file.language.span, "", lambda indent: [Row.of(indent, line)]))
        items += [self._statement(s) for s in file.statements]
        rows = self._blocks.sequence(items, 0, _END, 0)
        return "".join(f"{line}\n" for line in arranged(rows))

    # --- statements ----------------------------------------------------------------------------

    def _statement(self, node: tree.Statement) -> Item:
        match node:  # the most frequent first: a large file has a hundred thousand
            case tree.Rule():
                return self._rule(node)
            case tree.Default():
                return self._default(node)
            case tree.Policy():
                return self._policy(node)
            case tree.Include(path):
                return self._line(node, f"include {quote(path.value)}")
            case tree.Mode(value):
                return self._line(node, f"mode {value}")
            case tree.AllowHost(value):
                return self._line(node, f"allow-host {value}")
            case tree.Param(name, None, doc):
                return self._line(node, f"param {name.text}", doc)
            case tree.Const(name, value, doc):
                return self._definition(node, f"const {name.text}", lambda: value_text(value), doc)
            case tree.Param(name, default, doc):
                text = "" if default is None else value_text(default)
                return self._definition(node, f"param {name.text}", lambda: text, doc)
            case tree.EndpointsDef(name, expr, doc):
                return self._definition(
                    node, f"endpoints {name.text}", lambda: self._selectors.expr(expr), doc
                )
            case tree.CidrDef(name, ref, doc):
                return self._definition(
                    node, f"cidr {name.text}", lambda: self._selectors.cidrs(ref), doc
                )
            case tree.FqdnDef(name, patterns, doc, span):
                return self._definition(
                    node, f"fqdn {name.text}", lambda: self._texts("[", patterns, "]", span), doc
                )
            case tree.PortDef(name, ports, doc):
                return self._definition(
                    node, f"port {name.text}", lambda: self._selectors.ports(ports), doc
                )
            case tree.Service():
                return self._service(node)
            case tree.Tier():
                return self._tier(node)
            case tree.Audit():
                return self._audit(node)
            case tree.Assert():
                return self._assert(node)
            case tree.Test():
                return self._test(node)
            case _:
                assert_never(node)

    def _line(self, node: tree.Statement, text: str, doc: str = "") -> Item:
        return Item(node.span, doc, lambda indent: [Row.of(indent, text)])

    def _definition(
        self, node: tree.Statement, head: str, value: Callable[[], Doc], doc: str
    ) -> Item:
        def rows(indent: int) -> list[Row]:
            lines = _rendered(cat(f"{head} = ", value()), indent)
            if len(lines) > 1:
                return lines
            rest = lines[0].cells[0].removeprefix(f"{head} ")
            return [Row(indent, (head, rest), head.split()[0])]

        return Item(node.span, doc, rows)

    def _texts(self, opened: str, values: Sequence[tree.Value], closed: str, span: Span) -> Doc:
        items: list[tuple[Span, Doc]] = [(v.span, value_text(v)) for v in values]
        return self._selectors.bracket(opened, items, closed, span, SOFT)

    def _default(self, node: tree.Default) -> Item:
        head = f"default {node.action} {', '.join(node.directions)} for "
        return self._laid_out(
            node.span, node.doc, lambda: cat(head, self._selectors.side(node.subjects))
        )

    def _audit(self, node: tree.Audit) -> Item:
        if node.namespace is not None:
            return self._line(node, f"audit namespace {quote(node.namespace.value)}")
        return self._laid_out(
            node.span, "", lambda: cat("audit ", self._selectors.side(node.subjects))
        )

    def _laid_out(self, span: Span, doc: str, body: Callable[[], Doc]) -> Item:
        return Item(span, doc, lambda indent: _rendered(body(), indent))

    # --- rules and claims ----------------------------------------------------------------------

    def _sides(self, head: str, left: Doc, right: "Doc | None", ports: Sequence[tree.Ports]) -> Doc:
        parts: list[Doc] = [LINE, left]
        if right is not None:
            parts += [LINE, "-> ", right]
        if ports:
            parts += [LINE if right is None else " ", self._selectors.ports(ports)]
        return group(head, nest(*parts))

    def _rule(self, node: tree.Rule) -> Item:
        words = ["staged"] if node.staged else []
        words += [] if node.direction is None else [node.direction]
        words += [node.action] if node.name is None else [node.action, f"{node.name.text}:"]

        def rows(indent: int) -> list[Row]:
            left = self._selectors.side(node.left)
            right = self._selectors.side(node.right)
            found = _rendered(self._sides(" ".join(words), left, right, node.ports), indent)
            if node.l7 is not None:
                found = self._with_part(found, node.l7, indent)
            return _with_last_word(found, "log") if node.log else found

        return Item(node.span, node.doc, rows)

    def _with_part(self, head: list[Row], part: tree.L7, indent: int) -> list[Row]:
        """A rule's lines with its request part: behind them if short, else as a block."""
        word, matchers = matcher_items(part)
        start, end = part.span.start, part.span.end
        short = len(matchers) == 1 or isinstance(part, tree.Dns)
        if short and not self._margin.any(start, end):
            one = " ".join(" ".join(filter(None, cells)) for _, cells in matchers)
            line = f"{head[-1].text()} {word} {{ {one} }}"
            if len(line) + len(" log") <= WIDTH:
                return [*head[:-1], Row.of(head[-1].indent, line.strip())]
        items = [_matcher(span, cells) for span, cells in matchers]
        if len(head) == 1:
            return self._blocks.block(f"{head[0].text().strip()} {word}", items, start, end, indent)
        return [*head, *self._blocks.block(word, items, start, end, indent + _STEP)]

    def _assert(self, node: tree.Assert) -> Item:
        words = ["assert", node.kind] + ([] if node.name is None else [f"{node.name.text}:"])

        def rows(indent: int) -> list[Row]:
            left = self._selectors.side(node.left)
            right = self._selectors.side(node.right) if node.right else None
            head = " ".join(words)
            found = _rendered(self._sides(head, left, right, node.ports), indent)
            if node.request is not None:
                found = _with_last_word(found, request_line(node.request))
            if len(found) > 1:
                return found
            return [Row(indent, (head, found[0].cells[0].removeprefix(f"{head} ")), "assert")]

        return Item(node.span, node.doc, rows)

    # --- blocks --------------------------------------------------------------------------------

    def _policy(self, node: tree.Policy) -> Item:
        head = f"{'staged ' if node.staged else ''}policy {node.name.text}"
        start = node.name.span.end
        if node.namespace is not None:
            head += f" namespace {quote(node.namespace.value)}"
            start = node.namespace.span.end
        items = [self._statement(s) for s in node.statements]
        return Item(
            node.span, node.doc, lambda i: self._blocks.block(head, items, start, node.span.end, i)
        )

    def _tier(self, node: tree.Tier) -> Item:
        words = ["tier", "admin"] if node.kind == "admin" else ["baseline"]
        words += [] if node.name is None else [node.name.text]
        head = " ".join([*words, "priority", value_text(node.priority)])
        items = [self._rule(rule) for rule in node.rules]
        start, end = node.priority.span.end, node.span.end
        return Item(node.span, node.doc, lambda i: self._blocks.block(head, items, start, end, i))

    def _test(self, node: tree.Test) -> Item:
        items = [self._case(case) for case in node.cases]
        head, start, end = f"test {quote(node.name.value)}", node.name.span.end, node.span.end
        if node.namespace is not None:
            head += f" namespace {quote(node.namespace.value)}"
            start = node.namespace.span.end
        return Item(node.span, node.doc, lambda i: self._blocks.block(head, items, start, end, i))

    def _case(self, case: tree.TestCase) -> Item:
        verdict = f": {case.verdict}" + (f" by {case.by.text}" if case.by else "")

        def rows(indent: int) -> list[Row]:
            left = self._selectors.expr(case.left, "by")
            right: list[Doc] = ["-> ", self._selectors.expr(case.right)]
            right += [f" {port_text(case.ports)}"] if case.ports is not None else []
            right += [f" {request_line(case.request)}"] if case.request is not None else []
            cells = [_rendered(doc, 0) for doc in (left, cat(*right))]
            flat = [lines[0].cells[0] for lines in cells if len(lines) == 1]
            line = " ".join([*flat, verdict])
            if len(flat) == 2 and indent + len(line) <= WIDTH:
                return [Row(indent, (*flat, verdict), "case")]
            body = cat(left, nest(LINE, *right, " ", verdict))
            return _rendered(group(body), indent)

        return Item(case.span, "", rows)

    def _service(self, node: tree.Service) -> Item:
        items = [self._vips(run) for run in vip_runs(node)]
        for port in node.ports:
            text = f"port {port_text(port.port)} -> {value_text(port.target)}"
            items.append(_text_item(port.span, text))
        items += [self._backends(b) for b in node.backends]
        if node.balance is not None:
            items.append(_text_item(node.balance.span, f"balance {node.balance.text}"))
        if node.affinity is not None:
            span = node.affinity_span or node.span
            items.append(_text_item(span, f"affinity client-ip {duration_text(node.affinity)}"))
        items.sort(key=lambda item: item.span.start)
        head, start, end = f"service {node.name.text}", node.name.span.end, node.span.end
        return Item(node.span, node.doc, lambda i: self._blocks.block(head, items, start, end, i))

    def _vips(self, run: Sequence[tree.Text]) -> Item:
        parts: list[Doc] = []
        for vip in run:
            parts += [",", LINE, vip.value] if parts else [vip.value]
        span = run[0].span.to(run[-1].span)
        return self._laid_out(span, "", lambda: group("vip ", nest(*parts)))

    def _backends(self, node: tree.ServiceBackends) -> Item:
        weight = "" if node.weight is None else f" weight {node.weight.value}"
        return self._laid_out(
            node.span, "", lambda: cat("backends ", self._selectors.expr(node.expr), weight)
        )


_END = 2**62
"""A position after every text."""


def _rendered(doc: Doc, indent: int) -> list[Row]:
    lines = render(doc, indent)
    return [Row.of(len(line) - len(line.lstrip(" ")), line.strip(" ")) for line in lines]


def _text_item(span: Span, text: str) -> Item:
    return Item(span, "", lambda indent: [Row.of(indent, text)])


def _matcher(span: Span, cells: tuple[str, str]) -> Item:
    if cells[0]:
        return Item(span, "", lambda indent: [Row(indent, cells, "matcher")])
    return _text_item(span, cells[1])


def _with_last_word(rows: list[Row], word: str) -> list[Row]:
    """The rows with something more at the end of the last, or on a line of its own."""
    last = rows[-1]
    if len(last.text()) + len(word) < WIDTH:
        return [*rows[:-1], Row.of(last.indent, f"{last.text().strip()} {word}")]
    return [*rows, Row.of(rows[0].indent + _STEP, word)]
