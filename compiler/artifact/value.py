"""The artifact as a value."""

from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.artifact.program import encode_program
from cpc.compiler.codegen.targets import Target
from cpc.compiler.ir.nodes import Program

__all__ = ["FORMAT", "LANGUAGE", "Artifact"]

FORMAT = 1
"""The version of the file's form."""

LANGUAGE = 1
"""The version of the policy language that this compiler reads."""


class Artifact(Struct, frozen=True):
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
