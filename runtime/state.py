"""What is loaded, on disk: a folder of files under /run/cpc, a folder of pins in the BPF file system.

/run/cpc/INSTANCE/state.json          which generation counts
/run/cpc/INSTANCE/g3/...              one generation: artifact, inventory, endpoints
/sys/fs/bpf/cpc/INSTANCE/shared/      maps that outlive a policy
/sys/fs/bpf/cpc/INSTANCE/g3/          the tables of one generation
/sys/fs/bpf/cpc/INSTANCE/links/       hooks, `ENDPOINT-SIDE`
/sys/fs/bpf/cpc/INSTANCE/swap/        only while a policy is replaced
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from cpc.compiler.artifact import Artifact, Inventory, read_artifact, write_artifact
from cpc.compiler.diagnostics import error, suggest
from cpc.compiler.errors import InputError
from cpc.runtime.attach import Side
from cpc.runtime.features import BPFFS
from cpc.runtime.inventories import inventory_from, inventory_json
from cpc.runtime.plan import PlannedEndpoint

__all__ = ["Generation", "Instance", "instance_names", "no_endpoint", "remove_pins"]

RUN = Path("/run/cpc")
"""The folder of all instances."""

_FORMAT = 1
_PATIENCE = 10.0
"""Seconds to wait for another cpc that works on this machine."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class Generation(Struct, frozen=True):
    """One policy as it was loaded."""

    number: int
    artifact: Artifact
    inventory: Inventory
    endpoints: tuple[PlannedEndpoint, ...]
    identities: dict[tuple[str, ...], int]


class Instance(Struct, frozen=True):
    """Where one instance keeps what it is."""

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                error(
                    "CPC616",
                    f"`{self.name}` cannot name an instance",
                    help="use up to 32 letters, digits, `-` and `_`",
                )
            )

    @property
    def folder(self) -> Path:
        return RUN / self.name

    @property
    def pins(self) -> Path:
        return BPFFS / "cpc" / self.name

    def generation_folder(self, number: int) -> Path:
        return self.folder / f"g{number}"

    def tables(self, number: int) -> Path:
        return self.pins / f"g{number}"

    @property
    def shared(self) -> Path:
        return self.pins / "shared"

    @property
    def links(self) -> Path:
        return self.pins / "links"

    @property
    def swap(self) -> Path:
        return self.pins / "swap"

    def link(self, endpoint: int, side: Side) -> Path:
        return self.links / f"{endpoint}-{side}"

    def exists(self) -> bool:
        return (self.folder / "state.json").exists()

    # --- reading and writing ---

    def current(self) -> int:
        """The number of the generation that counts; InputError (CPC607, CPC608) where there is none."""
        try:
            state = json.loads((self.folder / "state.json").read_text())
        except FileNotFoundError as missing:
            loaded = ", ".join(f"`{name}`" for name in instance_names())
            raise InputError(
                error(
                    "CPC607",
                    f"nothing is loaded as instance `{self.name}`",
                    help=f"loaded: {loaded}" if loaded else "`cpc load` loads an artifact",
                )
            ) from missing
        except PermissionError as refused:
            raise InputError(
                error("CPC601", f"cannot read `{self.folder}`", help="run as root")
            ) from refused
        except (OSError, ValueError) as damaged:
            raise self._damaged(damaged) from damaged
        if not self.pins.is_dir():
            raise self._damaged(f"nothing is pinned at `{self.pins}`, so nothing is enforced")
        match state:
            case {"format": format_} if format_ != _FORMAT:
                raise self._damaged("it was written by another version of cpc")
            case {"format": _, "generation": int(number)}:
                return number
            case _:
                raise self._damaged("it does not say which generation counts")

    def _damaged(self, reason: object) -> InputError:
        return InputError(
            error(
                "CPC608",
                f"the state of instance `{self.name}` cannot be read: {reason}",
                help=f"`cpc unload --instance {self.name}` removes what is left of it",
            )
        )

    def read(self, number: int) -> Generation:
        """A generation as it was written."""
        folder = self.generation_folder(number)
        try:
            data = json.loads((folder / "state.json").read_text())
            artifact = read_artifact(str(folder / "artifact"))
            return Generation(
                number=number,
                artifact=artifact,
                inventory=inventory_from(data["inventory"]),
                endpoints=tuple(_endpoint_from(e) for e in data["endpoints"]),
                identities={tuple(labels): identity for labels, identity in data["identities"]},
            )
        except (OSError, ValueError, KeyError, TypeError) as damaged:
            raise self._damaged(damaged) from damaged

    def write(self, generation: Generation) -> None:
        """Writes a generation, without making it the one that counts."""
        folder = self.generation_folder(generation.number)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        write_artifact(generation.artifact, str(folder / "artifact"))
        data = {
            "inventory": inventory_json(generation.inventory),
            "endpoints": [
                asdict(e) | {"addresses": [str(a) for a in e.addresses]}
                for e in generation.endpoints
            ],
            "identities": [[list(key), value] for key, value in generation.identities.items()],
        }
        _write_whole(folder / "state.json", data)

    def set_current(self, number: int) -> None:
        """Makes a generation the one that counts, in one step."""
        _write_whole(self.folder / "state.json", {"format": _FORMAT, "generation": number})

    def forget(self, number: int) -> None:
        """Removes a generation's files and the pins of its tables."""
        shutil.rmtree(self.generation_folder(number), ignore_errors=True)
        remove_pins(self.tables(number))

    def remove(self) -> None:
        """Removes every file and pin. The folder of all instances is the lock: it goes with that."""
        remove_pins(self.pins)
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.pins.parent.rmdir()

    # --- one at a time ---

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Nobody else takes events from the ring meanwhile; InputError (CPC618) where somebody does."""
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as busy:
            raise InputError(
                error(
                    "CPC618",
                    f"another monitor watches instance `{self.name}`",
                    help="end it first: events leave the ring as they are read",
                )
            ) from busy
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes what is loaded meanwhile; InputError (CPC613) after ten seconds."""
        deadline = time.monotonic() + _PATIENCE
        fd = _lock(deadline)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                RUN.rmdir()
            os.close(fd)


def _lock(deadline: float) -> int:
    """A descriptor of the folder of all instances, locked; the folder may go while we wait for it."""
    while True:
        try:
            RUN.mkdir(mode=0o700, exist_ok=True)
            fd = os.open(RUN, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if not os.access(RUN, os.W_OK):
                os.close(fd)
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except FileNotFoundError:
            continue
        except OSError as refused:
            reason = (refused.strerror or str(refused)).lower()
            raise InputError(
                error("CPC601", f"cannot use `{RUN}`: {reason}", help="run as root")
            ) from refused
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(RUN) and os.path.samestat(os.fstat(fd), RUN.stat()):
                return fd
        except BlockingIOError as busy:
            if time.monotonic() > deadline:
                os.close(fd)
                raise InputError(
                    error(
                        "CPC613",
                        "another cpc is changing what is loaded on this machine",
                        help="try again when it is done",
                    )
                ) from busy
            time.sleep(0.05)
        os.close(fd)


def no_endpoint(name: str, known: Iterable[str]) -> InputError:
    """That no endpoint of this name is loaded (CPC617)."""
    near = suggest(name, list(known))
    return InputError(
        error(
            "CPC617",
            f"no endpoint `{name}` is loaded",
            help=f"did you mean `{near}`?" if near else "`cpc status` lists them",
        )
    )


def _write_whole(path: Path, data: dict[str, Any]) -> None:
    scratch = path.with_suffix(".new")
    with scratch.open("w") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)


def _endpoint_from(data: dict[str, Any]) -> PlannedEndpoint:
    addresses = tuple(ip_address(text) for text in data["addresses"])
    return PlannedEndpoint(**data | {"addresses": addresses})


def remove_pins(folder: Path) -> None:
    """Removes a folder of pins, and what is in it (the BPF file system has no rmtree of its own)."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            remove_pins(entry)
        else:
            entry.unlink()
    folder.rmdir()


def instance_names() -> list[str]:
    """The instances that are loaded."""
    if not RUN.is_dir():
        return []
    return sorted(folder.name for folder in RUN.iterdir() if (folder / "state.json").exists())
