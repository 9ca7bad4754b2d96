"""How a program, and the hash of a policy, are written down."""

from hashlib import sha256

from msgspec import Struct

from cpc.compiler.artifact.codec import Codec
from cpc.compiler.ir import nodes
from cpc.compiler.ir.nodes import Program
from cpc.compiler.policy import model
from cpc.compiler.policy.model import Policy

__all__ = ["PROGRAM", "decode_program", "encode_program", "policy_hash"]

_MODULES = (model.__name__, nodes.__name__)
_NAMES = vars(model) | vars(nodes)
_CLASSES = [
    one
    for _, one in sorted(_NAMES.items())
    if isinstance(one, type) and issubclass(one, Struct) and one.__module__ in _MODULES
]
PROGRAM = Codec(_CLASSES, _NAMES)
"""The encoding of programs and policies, and of every part of them."""


def encode_program(program: Program) -> str:
    """The text of a program; equal programs have equal texts."""
    return PROGRAM.encode(program)


def decode_program(text: str) -> Program:
    """The program of a text; CodecError for any other text."""
    return PROGRAM.decode(Program, text)


def policy_hash(policy: Policy) -> str:
    """The hash of what a policy says and of where its parts stand, in hexadecimal.

    Names of files are not part of it: only their order is.
    """
    return sha256(PROGRAM.encode(policy).encode()).hexdigest()
