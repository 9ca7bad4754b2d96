"""Every page that there is: those of codes, and those that rules carry."""

from cpc.compiler.codes import CODES, Page
from cpc.compiler.lint.rules import RULES

__all__ = ["PAGES"]

PAGES: dict[str, Page] = CODES | {rule.code: rule.page for rule in RULES}
"""Pages by code; codes are stable and never reused."""
