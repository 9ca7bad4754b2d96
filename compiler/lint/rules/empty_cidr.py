"""`empty-cidr`: said by `policy.resolve_addresses`; its page stands with those of values."""

from msgspec.structs import replace

from cpc.compiler.codes import CODES
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE"]

RULE = Rule(replace(CODES["CPC314"], name="empty-cidr"), Severity.WARNING)
