"""`cpc explain`: the page of a code, or what a policy says about one of its names."""

import json
from collections.abc import Sequence
from textwrap import fill

from msgspec import Struct

from cpc.compiler.codes.page import Page
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error, suggest
from cpc.compiler.errors import InputError
from cpc.compiler.lint.pages import PAGES
from cpc.compiler.report import Format

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to explain: a code or rule of `cpc check`, or a name in `files`; no subject lists every code."""

    subject: str | None
    files: Sequence[str]
    include: Sequence[str]


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.strip("\n").splitlines())


def _page_text(page: Page) -> str:
    why = "\n\n".join(fill(part, 80) for part in page.why.split("\n\n"))
    text = f"{page.code}: {page.title}\n"
    if page.name:
        text += f"the rule `{page.name}` of `cpc check`\n"
    text += f"\n{why}\n"
    if page.bad:
        text += f"\nInstead of\n\n{_indented(page.bad)}"
    if page.good:
        text += f"\nWrite\n\n{_indented(page.good)}"
    return text


def _page_json(page: Page) -> str:
    fields = ("code", "name", "title", "why", "bad", "good")
    return json.dumps({name: getattr(page, name) for name in fields}, indent=2) + "\n"


def _missing(what: str, word: str, known: Sequence[str], otherwise: str) -> InputError:
    guess = suggest(word, list(known)) or suggest(word.upper(), list(known))
    help = f"did you mean `{guess}`?" if guess else otherwise
    return InputError(error("CPC082", f"there is no {what} `{word}`", help=help))


def _code(word: str, terminal: Terminal) -> int:
    page = PAGES.get(word.upper()) or next((p for p in PAGES.values() if p.name == word), None)
    if page is None:
        otherwise = (
            "`cpc explain CODE` explains a message, as `cpc explain CPC301`, and "
            f"`cpc explain {word} FILE...` a rule or definition of policies"
        )
        names = (page.name for page in PAGES.values() if page.name)
        raise _missing("code", word, (*PAGES, *names), otherwise)
    json_wanted = terminal.format is Format.JSON
    terminal.answer(_page_json(page) if json_wanted else _page_text(page))
    return Exit.CLEAN


def _list(terminal: Terminal) -> int:
    pages = [PAGES[code] for code in sorted(PAGES)]
    if terminal.format is Format.JSON:
        titles = {page.code: page.title for page in pages}
        terminal.answer(json.dumps(titles, indent=2) + "\n")
    else:
        named = [f" ({page.name})" if page.name else "" for page in pages]
        lines = (f"{p.code}  {p.title}{name}\n" for p, name in zip(pages, named, strict=True))
        terminal.answer("".join(lines))
    return Exit.CLEAN


def _name(order: Order, word: str, terminal: Terminal) -> int:
    from cpc.compiler.commands.named import named
    from cpc.compiler.pipeline import Options, read_files
    from cpc.compiler.syntax.stretches import trees

    read = read_files(order.files, Options(include_path=tuple(order.include)), terminal.timings)
    sources, diagnostics = read.sources, read.diagnostics
    terminal.sources.update(sources)
    entries = [entry for file in trees(read.written) for entry in named(file)]
    wanted = [entry for entry in entries if entry.name == word]
    if not wanted:
        known = [entry.name for entry in entries]
        raise InputError(
            *[diagnostic for diagnostic in diagnostics if diagnostic.span is None],
            *_missing(
                "name", word, known, "it must be a named statement of these files"
            ).diagnostics,
        )
    blocks = []
    for entry in wanted:
        text = sources[entry.span.file].text[entry.span.start : entry.span.end]
        place = f"{entry.span.file}:{entry.span.line}:{entry.span.column}"
        blocks.append((entry, place, text))
    if terminal.format is Format.JSON:
        found = [
            {
                "kind": entry.kind,
                "name": entry.name,
                "file": entry.span.file,
                "line": entry.span.line,
                "column": entry.span.column,
                "doc": entry.doc,
                "text": text,
            }
            for entry, _, text in blocks
        ]
        terminal.answer(json.dumps(found, indent=2) + "\n")
        return Exit.CLEAN
    terminal.answer(
        "\n".join(
            f"`{entry.name}`, {entry.kind}, at {place}\n"
            + (f"\n{entry.doc}\n" if entry.doc else "")
            + f"\n{_indented(text)}"
            for entry, place, text in blocks
        )
    )
    return Exit.CLEAN


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the page or the entries; InputError (CPC082) where there is none."""
    if order.subject is None:
        return _list(terminal)
    if not order.files:
        return _code(order.subject, terminal)
    return _name(order, order.subject, terminal)
