"""The artifact: everything that the runtime needs of a policy, in one value and one file.

This is the only room of the compiler that the runtime knows; what it needs besides the artifact is
named here once more.
"""

from cpc.compiler.artifact.file import read_artifact, write_artifact
from cpc.compiler.artifact.value import FORMAT, LANGUAGE, Artifact
from cpc.compiler.codegen.targets import DEFAULT_TARGET, TARGETS
from cpc.compiler.ir.bits import contains, peer_bits, prefix_bits, prefixes, subject_bits
from cpc.compiler.ir.interpret import Sites, interpret
from cpc.compiler.ir.nodes import Program, RuleEntry, service_key
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.inventory import (
    ClusterIngress,
    ClusterNamespace,
    ClusterNode,
    ClusterService,
    Endpoint,
    Inventory,
    ServicePort,
)
from cpc.compiler.policy.model import Action, Entity

__all__ = [
    "DEFAULT_TARGET",
    "FORMAT",
    "LANGUAGE",
    "TARGETS",
    "Action",
    "Artifact",
    "ClusterIngress",
    "ClusterNamespace",
    "ClusterNode",
    "ClusterService",
    "Endpoint",
    "Entity",
    "Inventory",
    "Label",
    "Party",
    "Program",
    "RuleEntry",
    "ServicePort",
    "Sites",
    "contains",
    "interpret",
    "peer_bits",
    "prefix_bits",
    "prefixes",
    "read_artifact",
    "service_key",
    "subject_bits",
    "write_artifact",
]
