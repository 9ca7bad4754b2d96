"""Pages of CPC3xx: names, types and values."""

from cpc.compiler.codes.meaning_names import NAMES
from cpc.compiler.codes.meaning_requests import REQUESTS
from cpc.compiler.codes.meaning_rules import RULES
from cpc.compiler.codes.meaning_values import VALUES
from cpc.compiler.codes.page import Page

__all__ = ["MEANING"]

MEANING: tuple[Page, ...] = (*NAMES, *VALUES, *RULES, *REQUESTS)
