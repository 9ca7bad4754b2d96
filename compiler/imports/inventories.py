"""What `--inventory` may be given: inventories of cpc's own, manifests, and folders of both."""

import os
from collections.abc import Sequence

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, error
from cpc.compiler.documents.compose import documents
from cpc.compiler.documents.nodes import Mapping, Node
from cpc.compiler.imports.objects import Object, is_inventory, objects
from cpc.compiler.imports.workloads.inventory import inventory_of
from cpc.compiler.imports.workloads.kinds import WORKLOADS, is_workload, misplaced_workload
from cpc.compiler.imports.workloads.reader import WorkloadReader
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.inventory_file import inventory_of_document
from cpc.compiler.policy.model import Address, Entity
from cpc.compiler.source import SourceFile, Sources
from cpc.compiler.text import STDIN, files_below, read_text

__all__ = ["inventory_among", "read_inventory"]

_ENDINGS = (".yaml", ".yml", ".json")


def read_inventory(paths: Sequence[str], sources: Sources) -> tuple[Inventory | None, Diagnostics]:
    """The one inventory that files and folders make together, whose texts join `sources`.

    A path is an inventory file, a file of manifests, a folder of such files (what else is in it is left
    out), or `-` (standard input). None after an error: CPC0xx, CPC7xx and CPC80x.
    """
    found = _Found(sources)
    for path in paths:
        if os.path.isdir(path):
            found.folder(path)
        else:
            found.file(path, named=True)
    return found.inventory()


def inventory_among(objects: Sequence[Object]) -> tuple[Inventory | None, Diagnostics]:
    """The inventory that workloads beside policies make; None where there are none, and after an error."""
    reader = WorkloadReader()
    inventory = inventory_of(objects, reader) if objects else None
    return (None if reader.failed() else inventory), reader.diagnostics


class _Found(Struct):
    """Documents of every file; native ones are read first, since they may say which node is the host."""

    sources: Sources
    reader: WorkloadReader = field(default_factory=WorkloadReader)
    native: list[Node] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def folder(self, path: str) -> None:
        """Every file below a folder, of which one must say who is there."""
        before = self._count()
        for name in files_below(path, _ENDINGS):
            self.file(name, named=False)
        if self._count() == before:
            self.reader.diagnostics.append(
                error(
                    "CPC721",
                    f"no workloads in directory `{path}`",
                    help="name the directory that holds manifests of pods, deployments and the like",
                )
            )

    def _count(self) -> tuple[int, int, int]:
        return len(self.native), len(self.objects), self.reader.mark

    def file(self, path: str, *, named: bool) -> None:
        """One file, read once; `named`: somebody wrote its name, so that it must say who is there."""
        identity = path if path == "-" else os.path.realpath(path)
        if identity in self.seen:
            return
        self.seen.add(identity)
        name = STDIN if path == "-" else path
        source, failure = read_text(path, name)
        if source is not None:
            self.sources[name] = source
        if failure is not None:
            self.reader.diagnostics.append(failure)
        elif source is not None:
            self._source(source, named)

    def _source(self, source: SourceFile, named: bool) -> None:
        before = self._count()
        others: list[str] = []
        ours: bool | None = None
        for document in documents(source):
            if isinstance(document, Diagnostic):
                self.reader.diagnostics.append(document)
                continue
            if ours is None:  # the first document tells what a file is that was named
                ours = named and not _is_manifest(document)
            if ours or is_inventory(document):
                self.native.append(document)
                continue
            for object in objects(document, self.reader, named, WORKLOADS):
                self._object(object, others)
        if named and self._count() == before:
            self.reader.diagnostics.append(_nobody(source, others))

    def _object(self, object: Object, others: list[str]) -> None:
        problem = misplaced_workload(object)
        if problem is not None:
            self.reader.diagnostics.append(problem)
        elif is_workload(object):
            self.objects.append(object)
        else:
            others.append(object.kind)

    def inventory(self) -> tuple[Inventory | None, Diagnostics]:
        """All documents as one inventory."""
        reader = self.reader
        parts: list[Inventory] = []
        for document in self.native:
            found, problems = inventory_of_document(document, reader.owners)
            reader.diagnostics += problems
            parts += [] if found is None else [found]
        if self.objects:
            parts.append(inventory_of(self.objects, reader))
        if reader.failed():
            return None, reader.diagnostics
        return _merged(parts), reader.diagnostics


def _is_manifest(document: Node) -> bool:
    """Whether a document is more like an object of Kubernetes than like an inventory."""
    if not isinstance(document, Mapping):
        return False
    return document.get("kind") is not None or document.get("apiVersion") is not None


def _nobody(source: SourceFile, others: list[str]) -> Diagnostic:
    held = ", ".join(dict.fromkeys(others))
    return error(
        "CPC721",
        f"`{source.name}` says nothing of who is there",
        source.span(0, 0),
        notes=(f"it holds: {held}",) if held else (),
        help="give the manifests of pods, deployments and the like, or an inventory; policies are given "
        "without `--inventory`",
    )


def _merged(parts: Sequence[Inventory]) -> Inventory:
    """What they say together; they share no address and no endpoint's name."""
    if len(parts) == 1:
        return parts[0]
    entities: dict[Entity, tuple[Address, ...]] = {}
    for part in parts:
        for entity, addresses in part.entities:
            entities[entity] = (*entities.get(entity, ()), *addresses)
    return Inventory(
        cluster=tuple(dict.fromkeys(network for part in parts for network in part.cluster)),
        entities=tuple(entities.items()),
        endpoints=tuple(endpoint for part in parts for endpoint in part.endpoints),
        host_pods=tuple(pod for part in parts for pod in part.host_pods),
        namespaces=tuple(namespace for part in parts for namespace in part.namespaces),
        services=tuple(service for part in parts for service in part.services),
        nodes=tuple(node for part in parts for node in part.nodes),
        ingresses=tuple(ingress for part in parts for ingress in part.ingresses),
    )
