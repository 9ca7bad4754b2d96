"""Pages of CPC7xx: inventories."""

from cpc.compiler.codes.page import Page

__all__ = ["INVENTORY"]

INVENTORY: tuple[Page, ...] = ()
