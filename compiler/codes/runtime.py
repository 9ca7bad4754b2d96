"""Pages of CPC6xx: runtime and kernel."""

from cpc.compiler.codes.page import Page

__all__ = ["RUNTIME"]

RUNTIME: tuple[Page, ...] = (
    Page(
        "CPC600",
        "the bcc library is missing",
        "The runtime talks to the kernel through libbpf, which it finds through bcc's Python "
        "package. Debian ships it as `python3-bpfcc`, outside of virtual environments; cpc looks "
        "there too.",
        good="apt-get install python3-bpfcc",
    ),
    Page(
        "CPC601",
        "not allowed",
        "Loading BPF programs, attaching them to interfaces and pinning them needs root, or "
        "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON. In a container, the container needs them too. A "
        "kernel in lockdown mode, or a security module, may refuse even root.",
        bad="cpc load shop.cpca --inventory shop.yaml",
        good="sudo cpc load shop.cpca --inventory shop.yaml",
    ),
    Page(
        "CPC602",
        "the kernel lacks a feature",
        "cpc tries what it needs instead of comparing versions: tcx links, ring buffers, prefix "
        "tables, least-recently-used tables, the coarse clock. The message names what this kernel "
        "refused, and the first Linux that has it.",
        good="uname -r",
    ),
    Page(
        "CPC603",
        "the kernel's verifier refuses a program",
        "Before a program runs, the kernel walks all its paths, a million steps at most, and proves "
        "that it ends and touches only what it may. The notes show its last words, the line of C "
        "that they are about, and the rule which that line is there for. Very large policies can "
        "be too much for old kernels.",
        good="cpc load -v shop.cpca --inventory shop.yaml",
    ),
    Page(
        "CPC604",
        "the object cannot be opened",
        "The artifact holds an ELF object that libbpf cannot read: the file was cut short or "
        "changed after it was made.",
        good="cpc compile policy.cil -o shop.cpca",
    ),
    Page(
        "CPC605",
        "no such interface",
        "An endpoint of the inventory names an interface that does not exist in the network "
        "namespace in which cpc runs. Give the node's end of the endpoint's veth, not the end "
        "inside of the endpoint.",
        bad="interface: eth0",
        good="interface: veth3f2a",
    ),
    Page(
        "CPC606",
        "the instance is loaded already",
        "An instance holds one policy. Loading over it would leave a moment without a policy, so "
        "cpc does not; `policy replace` puts another in its place between two packets.",
        bad="cpc load new.cpca --inventory shop.yaml",
        good="cpc policy replace new.cpca",
    ),
    Page(
        "CPC607",
        "nothing is loaded",
        "The command is about an instance that was never loaded on this machine, or was unloaded. "
        "The name is given by `--instance` and is `node` when it is not.",
        good="cpc load shop.cpca --inventory shop.yaml",
    ),
    Page(
        "CPC608",
        "the state cannot be read",
        "What an instance is stands under `/run/cpc`, and its maps and links are pinned under "
        "`/sys/fs/bpf/cpc`. One of them was changed by something else, or was written by another "
        "version of cpc. What is attached goes on enforcing.",
        good="cpc unload --instance node",
    ),
    Page(
        "CPC609",
        "the kernel refuses",
        "A system call failed for a reason that cpc has no better words for. The name in brackets "
        "is the kernel's; `dmesg` may say more. Whatever was begun has been taken back.",
    ),
    Page(
        "CPC610",
        "no network namespace",
        "The demo gives each of its machines a network namespace, which needs root "
        "(CAP_SYS_ADMIN). In a container the runtime may forbid it.",
        good="sudo cpc demo",
    ),
    Page(
        "CPC611",
        "no BPF file system",
        "Maps and links outlive the process that made them by having a name in the BPF file "
        "system. None is mounted at `/sys/fs/bpf`, and mounting one failed: in most containers "
        "`/sys` is read-only.",
        good="mount -t bpf bpf /sys/fs/bpf",
    ),
    Page(
        "CPC612",
        "no endpoint here",
        "Programs are attached to interfaces. An endpoint of the inventory without an interface is "
        "an address that policies know, but nothing is enforced for it on this machine.",
        bad="- name: shop/web-1\n  addresses: [10.0.0.1]",
        good="- name: shop/web-1\n  addresses: [10.0.0.1]\n  interface: veth3f2a",
    ),
    Page(
        "CPC613",
        "another cpc is at work",
        "Commands that change what is loaded take turns. Another one did not end within ten "
        "seconds.",
    ),
    Page(
        "CPC614",
        "the artifact is of another version",
        "The object's tables are laid out differently from what this runtime writes. Enforcing it "
        "would read one field for another.",
        good="cpc compile policy.cil -o shop.cpca",
    ),
    Page(
        "CPC615",
        "two endpoints on one interface",
        "Whatever comes out of an interface is held to be its endpoint's: an interface that two "
        "endpoints share would make each a spoofer to the other.",
        bad="- {name: a, interface: veth1, ...}\n- {name: b, interface: veth1, ...}",
        good="- {name: a, interface: veth1, ...}\n- {name: b, interface: veth2, ...}",
    ),
    Page(
        "CPC616",
        "not a name for an instance",
        "An instance's name becomes a folder's: letters, digits, `-` and `_`, 32 at most, the "
        "first one a letter or digit.",
        bad="cpc status --instance ../node",
        good="cpc status --instance node-2",
    ),
    Page(
        "CPC617",
        "no such endpoint",
        "The endpoint is not among those that are enforced on this machine. Its name includes its "
        "namespace.",
        bad="web-1",
        good="shop/web-1",
    ),
    Page(
        "CPC618",
        "another monitor is watching",
        "Events leave the ring as they are read: two monitors would each see a part of them, and one "
        "would change what the other asked for.",
        bad="cpc monitor & cpc monitor",
        good="cpc monitor | tee verdicts.log",
    ),
    Page(
        "CPC619",
        "loading under `ip netns exec`",
        "What is loaded lives on by names in the BPF file system. `ip netns exec` gives a command "
        "mounts of its own, without that file system; one mounted there ends with the command, and "
        "then nothing is enforced.",
        bad="ip netns exec node cpc load shop.cpc --inventory inventory.yaml",
        good="nsenter --net=/run/netns/node cpc load shop.cpc --inventory inventory.yaml",
    ),
    Page(
        "CPC620",
        "a container port that the policy was not compiled for",
        "Rules that name a container port are compiled for the numbers that the inventory gave it. An "
        "endpoint with another number would be passed over, by a deny as well as by an allow.",
        bad="cpc compile shop.cil --inventory old.yaml\ncpc load shop.cpc --inventory new.yaml",
        good="cpc compile shop.cil --inventory new.yaml\ncpc load shop.cpc --inventory new.yaml",
    ),
)
