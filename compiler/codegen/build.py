"""From a verified policy to an artifact: lower, run the passes, write C, compile it or find it compiled."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version

from cpc.compiler.artifact import Artifact
from cpc.compiler.artifact.program import policy_hash
from cpc.compiler.cache import OBJECTS, Cache, cache_folder
from cpc.compiler.codegen.clang import SOURCE, Clang, find_clang, flags_for
from cpc.compiler.codegen.library import library
from cpc.compiler.codegen.limits import check_limits
from cpc.compiler.codegen.render import render
from cpc.compiler.codegen.shape import make_view
from cpc.compiler.codegen.targets import Target, target_named
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.nodes import Program
from cpc.compiler.ir.passes import run
from cpc.compiler.timings import Timings, Tool
from cpc.compiler.verify.verified import VerifiedPolicy

__all__ = ["build", "build_program", "source_of"]


def build(
    verified: VerifiedPolicy,
    target: str,
    timings: Timings,
    environment: Mapping[str, str] | None = None,
) -> Artifact:
    """The artifact of a policy for the target kernel of that name; no root is needed.

    InputError: CPC501 to CPC508, for a missing or broken clang and a policy that is too large.
    `environment` says where clang and the cache are; None: that of the process.
    """
    kernel = target_named(target)
    with timings.measure("lower"):
        program = run(lower(verified))
    return build_program(program, policy_hash(verified.policy), kernel, timings, environment)


def source_of(program: Program, policy: str) -> str:
    """The text of `policy.bpf.c`; `policy` is the policy's hash."""
    return render(make_view(program, version("cpc"), policy))


def build_program(
    program: Program,
    policy: str,
    target: Target,
    timings: Timings,
    environment: Mapping[str, str] | None = None,
) -> Artifact:
    """`build` from a program on; `policy` is the policy's hash."""
    variables = os.environ if environment is None else environment
    with timings.measure("write C"):
        source = source_of(program, policy)
    with timings.measure("clang", Tool.CLANG):
        clang = find_clang(variables)
        object_ = _object(clang, source, flags_for(target), Cache(cache_folder(variables), OBJECTS))
    with timings.measure("check limits"):
        check_limits(object_, target)
    return Artifact(
        program=program,
        target=target,
        policy_hash=policy,
        source=source,
        library=library(),
        object=object_,
        clang=clang.version,
        flags=flags_for(target),
        cpc=version("cpc"),
    )


def _object(clang: Clang, source: str, flags: tuple[str, ...], cache: Cache) -> bytes:
    """The object of a source, from the cache where everything that went into it is the same.

    The preprocessed text stands for the system's headers, which belong to no release of ours.
    """
    files = {SOURCE: source, **dict(library())}
    inputs = [clang.version, *flags, sha256(clang.preprocess(files, flags)).hexdigest()]
    inputs += [sha256(text.encode()).hexdigest() for text in files.values()]
    key = sha256(json.dumps(inputs).encode()).hexdigest()
    found = cache.get(key)
    if found is None:
        found = clang.compile(files, flags)
        cache.put(key, found)
    return found
