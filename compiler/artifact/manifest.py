"""The manifest: what is in an artifact, for people, tools and the reader's checks."""

import json
from collections.abc import Mapping
from hashlib import sha256

from cpc.compiler.artifact.value import FORMAT, Artifact
from cpc.compiler.ir.nodes import Program, RuleEntry, Step
from cpc.compiler.ir.words import selector_words, term_words

__all__ = ["manifest_text"]


def manifest_text(artifact: Artifact, members: Mapping[str, bytes]) -> str:
    """The JSON text of the manifest of an artifact whose other files are `members`.

    Everything in it follows from the artifact, so a reader makes it again and compares.
    """
    program = artifact.program
    manifest = {
        "format": FORMAT,
        "cpc": artifact.cpc,
        "language": artifact.language,
        "target": {
            "kernel": artifact.target.name,
            "cpu": artifact.target.cpu,
            "attach": artifact.target.attach,
        },
        "policy": artifact.policy_hash,
        "clang": artifact.clang,
        "flags": list(artifact.flags),
        "files": {name: sha256(data).hexdigest() for name, data in members.items()},
        "subjects": [selector_words(selector) for selector in program.subjects],
        "peers": [term_words(term) for term in program.peers],
        "rules": [_rule(rule) for rule in program.rules],
        "sites": _sites(program),
    }
    return json.dumps(manifest, indent=1) + "\n"


def _rule(rule: RuleEntry) -> dict[str, object]:
    return {
        "name": rule.name,
        "verdict": rule.verdict,
        "reason": rule.reason,
        "file": rule.file,
        "line": rule.line,
        "column": rule.column,
        "doc": rule.doc,
    }


def _sites(program: Program) -> dict[str, dict[str, object]]:
    return {
        str(step.site): _site(step) | {"direction": decision.direction, "leaf": number}
        for decision in (program.ingress, program.egress)
        for number, leaf in enumerate(decision.leaves)
        for step in leaf.steps()
    }


def _site(step: Step) -> dict[str, object]:
    return {"verdict": step.verdict.name.lower(), "reason": step.reason, "log": step.log}
