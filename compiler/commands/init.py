"""`cpc init`: a first policy and inventory that compile as they are."""

from pathlib import Path

from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.write import write_whole

__all__ = ["run"]

POLICY = """\
language 1

endpoints web = { app = "web" }
endpoints db  = { app = "db" }
port postgres = tcp/5432

policy first {
  default deny ingress, egress for web, db

  /// anyone may read the site
  allow site: world -> web tcp/443
  allow web-db: web -> db postgres
}
"""

INVENTORY = """\
# Who is where on this machine: `cpc load` enforces the policy on each endpoint's interface.
cluster: [10.42.0.0/16, "fd00:42::/64"]

endpoints:
  - name: web
    labels: { app: web }
    addresses: [10.42.0.10, "fd00:42::10"]
    interface: web0

  - name: db
    labels: { app: db }
    addresses: [10.42.0.30, "fd00:42::30"]
    interface: db0
"""


def run(folder: str, terminal: Terminal) -> int:
    """Writes the files and answers with their names; InputError where one is already there."""
    place = Path(folder)
    files = {place / "policy.cil": POLICY, place / "inventory.yaml": INVENTORY}
    taken = [str(path) for path in files if path.exists() or path.is_symlink()]
    if taken:
        raise InputError(
            *(
                error("CPC084", f"`{name}` is already there", help="name another folder")
                for name in taken
            )
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        reason = (failure.strerror or str(failure)).lower()
        raise InputError(
            error("CPC083", f"cannot make the folder `{folder}`: {reason}")
        ) from failure
    for path, text in files.items():
        write_whole(str(path), text.encode())
        terminal.answer(f"{path}\n")
    return Exit.CLEAN
