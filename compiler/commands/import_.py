"""`cpc import`: policies of Kubernetes and Cilium as a policy of the language."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import has_errors
from cpc.compiler.pipeline import Options, read_files
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format import format_file
from cpc.compiler.write import write_whole

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to import, and where the text goes (None: standard output)."""

    files: Sequence[str]
    output: str | None
    inventory: Sequence[str] | None
    include: Sequence[str]


def _commented(file: tree.File, source: SourceFile) -> tree.File:
    """A tree with the comments of the YAML that it came from."""
    from cpc.compiler.imports.comments import blank_lines, comments

    if file.comments or source.name.lower().endswith((".cil", ".json")):
        return file
    return replace(file, comments=comments(source), blank_lines=blank_lines(source))


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the text, or writes it; after an error nothing is written."""
    from cpc.compiler.imports.readable import readable, selectors_too_large
    from cpc.compiler.syntax.stretches import trees

    options = Options(include_path=tuple(order.include), inventory=tuple(order.inventory or ()))
    with terminal.progress("importing"):
        read = read_files(order.files, options, terminal.timings)
    terminal.sources.update(read.sources)
    files = trees(read.written)
    found = [*read.diagnostics, *selectors_too_large(files)]
    terminal.report(found)
    if has_errors(found):
        return exit_of(found, strict=False)
    named = readable([_commented(f, read.sources[f.name]) for f in files])
    first, *others = named
    texts = [format_file(first), *(format_file(replace(f, language=None)) for f in others)]
    text = "\n".join(t for t in texts if t)
    if order.output is None:
        terminal.answer(text)
    else:
        write_whole(order.output, text.encode())
    return Exit.CLEAN
