"""Lines as cells, set in columns where neighbours have the same cells."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.syntax.layout import WIDTH

__all__ = ["Row", "arranged"]

_MOST_PADDING = 24
"""Cells that differ by more are not brought under each other: the gap would be harder to read."""


class Row(Struct, frozen=True):
    """One line: cells joined by spaces, maybe a comment behind them, maybe a blank line before.

    Neighbours of one `kind` (not empty) with as many cells stand in columns.
    """

    indent: int
    cells: tuple[str, ...]
    kind: str = ""
    trail: str = ""
    blank: bool = False

    @staticmethod
    def of(indent: int, text: str) -> "Row":
        """A line that stands in no column."""
        return Row(indent, (text,))

    @staticmethod
    def comment(indent: int, text: str, blank: bool = False) -> "Row":
        """A comment on its own line."""
        return Row(indent, (text,), blank=blank)

    def trailed(self, text: str) -> "Row":
        """With a comment behind it."""
        return replace(self, trail=text)

    def after_blank(self, blank: bool) -> "Row":
        """With or without a blank line before it."""
        return self if blank is self.blank else replace(self, blank=blank)

    def text(self) -> str:
        """The line without its comment."""
        return " " * self.indent + " ".join(self.cells).rstrip()


def _runs(rows: Iterable[Row], key: Callable[[Row], object]) -> Iterator[list[Row]]:
    """Neighbours with the same key and no blank line between; key None: a row for itself."""
    run: list[Row] = []
    last: object = None
    for row in rows:
        this = key(row)
        if run and (row.blank or this is None or this != last):
            yield run
            run = []
        run.append(row)
        last = this
    if run:
        yield run


def _padded(run: list[Row]) -> list[Row]:
    """The cells of a run in columns, as far as that is readable; a line that would not fit stays."""
    if len(run) == 1:
        return run
    wide = list(run)
    for column in range(len(run[0].cells) - 1):
        lengths = [len(row.cells[column]) for row in run]
        width = max(lengths)
        if width - min(lengths) > _MOST_PADDING:
            break
        wide = [_with_width(row, column, width) for row in wide]
    pairs = zip(run, wide, strict=True)
    return [row if len(padded.text()) > WIDTH else padded for row, padded in pairs]


def _with_width(row: Row, column: int, width: int) -> Row:
    cells = list(row.cells)
    cells[column] = cells[column].ljust(width)
    return replace(row, cells=tuple(cells))


def arranged(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of the text."""
    set_in_columns = (
        row
        for run in _runs(rows, lambda r: (r.kind, r.indent, len(r.cells)) if r.kind else None)
        for row in _padded(run)
    )
    for run in _runs(set_in_columns, lambda r: r.indent if r.trail else None):
        if not run[0].trail:  # a row for itself
            if run[0].blank:
                yield ""
            yield run[0].text()
            continue
        texts = [row.text() for row in run]
        width = max(map(len, texts))
        for row, text in zip(run, texts, strict=True):
            if row.blank:
                yield ""
            yield f"{text.ljust(width)}  {row.trail}"
