"""The artifact: everything that the runtime needs of a policy, in one value and one file.

This is the only module of the compiler that the runtime knows; what it needs besides the artifact is
named here once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cpc.compiler.artifact_program import encode_program
from cpc.compiler.codegen.targets import DEFAULT_TARGET, TARGETS, Attach, Target, newest_for
from cpc.compiler.ir.bits import contains, peer_bits, prefix_bits, prefixes, subject_bits
from cpc.compiler.ir.interpret import Outcome, Sites, interpret, name
from cpc.compiler.ir.nodes import Program, RuleEntry, service_key
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Action, Direction, Entity
from cpc.compiler.policy.semantics import Reason, Verdict
from cpc.compiler.write import write_whole

__all__ = [
    "DEFAULT_TARGET",
    "FORMAT",
    "LANGUAGE",
    "TARGETS",
    "Action",
    "Artifact",
    "Attach",
    "Direction",
    "Endpoint",
    "Entity",
    "Inventory",
    "Label",
    "Outcome",
    "Party",
    "Program",
    "Reason",
    "RuleEntry",
    "Sites",
    "Target",
    "Verdict",
    "contains",
    "interpret",
    "name",
    "newest_for",
    "peer_bits",
    "prefix_bits",
    "prefixes",
    "read_artifact",
    "service_key",
    "subject_bits",
    "write_artifact",
]

FORMAT = 1
"""The version of the file's form."""

LANGUAGE = 1
"""The version of the policy language that this compiler reads."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled policy.

    `policy_hash` is that of the resolved policy (hexadecimal SHA-256). `source` is `policy.bpf.c`,
    `library` the headers that it includes, as (`lib/NAME`, text). `object` is the ELF file that
    `clang`, which is the line in which it told its version, made of them with `flags`.
    """

    program: Program
    target: Target
    policy_hash: str
    source: str
    library: tuple[tuple[str, str], ...]
    object: bytes
    clang: str
    flags: tuple[str, ...]
    cpc: str
    language: int = LANGUAGE

    def members(self) -> Iterator[tuple[str, bytes]]:
        """The files inside of the artifact, but for the manifest, in their order."""
        yield "program.json", encode_program(self.program).encode()
        yield "policy.bpf.c", self.source.encode()
        for file, text in self.library:
            yield file, text.encode()
        yield "policy.bpf.o", self.object


def write_artifact(artifact: Artifact, path: str) -> None:
    """Writes the file in one step: whoever reads sees the old one or the new one, whole.

    InputError (CPC083) where that is not possible.
    """
    from cpc.compiler.artifact_file import pack

    write_whole(path, pack(artifact))


def read_artifact(path: str) -> Artifact:
    """The artifact of a file, every hash checked; InputError (CPC52x) for anything else."""
    from cpc.compiler.artifact_file import read_file, unpack

    return unpack(read_file(path), path)
