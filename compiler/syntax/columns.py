"""Lines as cells, set in columns where neighbours have the same cells."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cpc.compiler.syntax.layout import WIDTH

__all__ = ["Row", "arranged"]

_MOST_PADDING = 24
"""Cells that differ by more are not brought under each other: the gap would be harder to read."""


@dataclass(frozen=True, slots=True)
class Row:
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
        return replace(self, blank=blank)

    def text(self) -> str:
        """The line without its comment."""
        return " " * self.indent + " ".join(self.cells).rstrip()


def _runs(rows: Sequence[Row], key: Callable[[Row], object]) -> Iterator[list[Row]]:
    """Neighbours with the same key and no blank line between; key None: a row for itself."""
    number = 0
    numbered: list[tuple[tuple[int, object], Row]] = []
    for row in rows:
        number += row.blank or key(row) is None
        numbered.append(((number, key(row)), row))
    for _, run in groupby(numbered, lambda pair: pair[0]):
        yield [row for _, row in run]


def _padded(run: list[Row]) -> list[Row]:
    """The cells of a run in columns, as far as that is readable; a line that would not fit stays."""
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


def arranged(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of the text."""
    set_in_columns = [
        row
        for run in _runs(rows, lambda r: (r.kind, r.indent, len(r.cells)) if r.kind else None)
        for row in _padded(run)
    ]
    for run in _runs(set_in_columns, lambda r: r.indent if r.trail else None):
        width = max(len(row.text()) for row in run)
        for row in run:
            if row.blank:
                yield ""
            yield f"{row.text().ljust(width)}  {row.trail}" if row.trail else row.text()
