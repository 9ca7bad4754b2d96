"""`forgotten-endpoint`: said by `verify.closed_world`; its page stands with those of inventories."""

from msgspec.structs import replace

from cpc.compiler.codes import CODES
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE"]

RULE = Rule(replace(CODES["CPC712"], name="forgotten-endpoint"), Severity.WARNING)
