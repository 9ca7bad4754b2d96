"""Diagnostic codes, with the pages that `cpc explain CODE` shows.

CPC0xx usage and files, CPC1xx syntax, CPC2xx the rules of `cpc check` (their pages stand with them, in
`lint.rules`; `lint.pages` has all), CPC3xx names, types and values, CPC4xx what this version or target
cannot enforce, CPC5xx toolchain and artifact, CPC6xx runtime and kernel, CPC7xx documents and inventories, CPC8xx other systems' policies.
"""

from cpc.compiler.codes.artifact import ARTIFACT
from cpc.compiler.codes.cilium import CILIUM
from cpc.compiler.codes.connectivity import CONNECTIVITY
from cpc.compiler.codes.differences import DIFFERENCES
from cpc.compiler.codes.enforce import ENFORCE
from cpc.compiler.codes.exports import EXPORTS
from cpc.compiler.codes.files import FILES
from cpc.compiler.codes.imports import IMPORTS
from cpc.compiler.codes.inventory import INVENTORY
from cpc.compiler.codes.meaning import MEANING
from cpc.compiler.codes.page import Page
from cpc.compiler.codes.questions import QUESTIONS
from cpc.compiler.codes.runtime import RUNTIME
from cpc.compiler.codes.syntax import SYNTAX
from cpc.compiler.codes.usage import USAGE
from cpc.compiler.codes.verify import VERIFY

__all__ = ["CODES", "Page"]

CODES: dict[str, Page] = {
    page.code: page
    for part in (
        FILES,
        USAGE,
        SYNTAX,
        QUESTIONS,
        VERIFY,
        DIFFERENCES,
        MEANING,
        ENFORCE,
        ARTIFACT,
        RUNTIME,
        INVENTORY,
        CONNECTIVITY,
        IMPORTS,
        CILIUM,
        EXPORTS,
    )
    for page in part
}
"""Pages by code; codes are stable and never reused."""
