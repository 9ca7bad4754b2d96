"""Pages of CPC5xx: toolchain and artifact."""

from cpc.compiler.codes.page import Page

__all__ = ["ARTIFACT"]

ARTIFACT: tuple[Page, ...] = (
    Page(
        "CPC501",
        "clang is not found",
        "A policy becomes BPF through clang. None of its usual names (`clang-19`, `clang-20`, "
        "`clang-21`, `clang-18`, `clang`) is in the folders of `PATH`, or the one that `CPC_CLANG` names "
        "is not there. Checking, formatting and explaining policies work without it; so does loading "
        "an artifact that was compiled elsewhere.",
        "cpc compile policy.cil",
        "apt-get install clang-19 && cpc compile policy.cil",
    ),
    Page(
        "CPC502",
        "clang is too old",
        "Version 18 is the first that knows the instructions of current kernels (`-mcpu=v4`). Every "
        "clang that was found is older; the one in the message is the first of them. `CPC_CLANG` names "
        "another one, by path or by name.",
        "CPC_CLANG=clang-14 cpc compile policy.cil",
        "CPC_CLANG=clang-19 cpc compile policy.cil",
    ),
    Page(
        "CPC503",
        "clang does not work",
        "The program is there, but it cannot be started, is something else than clang, or was built "
        "without its BPF part. A broken installation, a wrapper script in front of it, or a wrong "
        "`CPC_CLANG` are the usual causes.",
        "CPC_CLANG=/bin/true cpc compile policy.cil",
        "CPC_CLANG=/usr/bin/clang-19 cpc compile policy.cil",
    ),
    Page(
        "CPC504",
        "clang refuses the generated code",
        "The C that cpc writes compiles without a warning with every clang that it is tested with, so "
        "this is a fault of cpc, or of this clang; never of the policy. The notes hold clang's first "
        "errors and the rule whose code they are in. Leaving that rule out may be a way around until "
        "the fault is mended.",
        "cpc compile policy.cil",
        "cpc compile --emit c -o policy.bpf.c policy.cil",
    ),
    Page(
        "CPC505",
        "a header of the system is missing",
        "The generated code needs the kernel's user headers (`linux/...`, `asm/...`: the package "
        "linux-libc-dev) and the headers of libbpf (`bpf/...`: the package libbpf-dev). The running "
        "kernel's own headers are not needed.",
        "cpc compile policy.cil",
        "apt-get install linux-libc-dev libbpf-dev && cpc compile policy.cil",
    ),
    Page(
        "CPC506",
        "clang does not end",
        "Clang was stopped after five minutes. Ten thousand rules take seconds; what takes long is "
        "many different port ranges that overlap with many rules each, since each interval between "
        "two port boundaries becomes code of its own.",
        "deny a: x -> y tcp/{1-100, 50-200, 150-300}",
        "deny a: x -> y tcp/1-300",
    ),
    Page(
        "CPC507",
        "no such target kernel",
        "`--target` names the oldest kernel that the artifact must run on, as one of 5.15, 6.1, 6.6, "
        "6.12 and 6.18. An artifact for a kernel runs on every later one. From 6.6 on programs are attached "
        "by tcx links, before by clsact filters.",
        "cpc compile --target 6.7 policy.cil",
        "cpc compile --target 6.6 policy.cil",
    ),
    Page(
        "CPC508",
        "the policy is too large for the kernel",
        "The kernel takes a program of a million instructions and 256 functions at most. Selectors and "
        "peers cost little; what counts is how many different sets of rules the ports tell apart. "
        "Giving rules the same ports, or ranges in the place of many single ports, makes it smaller; so "
        "does splitting a policy by the endpoints that it is about.",
        "allow a: x -> y tcp/{1001, 1002, 1003, 1004}",
        "allow a: x -> y tcp/1001-1004",
    ),
    Page(
        "CPC520",
        "an artifact cannot be read",
        "The file is missing, is a folder, or the system does not let it be read. What is loaded stays "
        "loaded.",
        "cpc load policy.cpc",
        "cpc compile -o policy.cpc policy.cil && cpc load policy.cpc",
    ),
    Page(
        "CPC521",
        "not an artifact",
        "The file is not the archive that `cpc compile` writes, or it was cut short, by a full disk or a "
        "copy that did not end. A policy's text (`.cil`) has to be compiled first.",
        "cpc load policy.cil",
        "cpc compile -o policy.cpc policy.cil && cpc load policy.cpc",
    ),
    Page(
        "CPC522",
        "an artifact of another format",
        "The form of the file has a version, which changes when an older cpc could misread it. An "
        "artifact of another version is never guessed at. Compiling the policy again with the cpc that "
        "loads it always helps.",
        "cpc load made-by-a-newer-cpc.cpc",
        "cpc compile -o policy.cpc policy.cil && cpc load policy.cpc",
    ),
    Page(
        "CPC523",
        "an artifact is damaged",
        "Every part of an artifact is kept with its SHA-256, and the whole file has one possible form. "
        "Something in this one was changed after it was compiled: by an accident, an editor, or a tool "
        "that packed it again. It is refused whole. The hashes find accidents; they do not prove who "
        "made the file, so keep artifacts where only you can write.",
        "unzip policy.cpc && zip policy.cpc *",
        "cpc compile -o policy.cpc policy.cil",
    ),
    Page(
        "CPC524",
        "a file is too large for an artifact",
        "Artifacts have at most 256 MiB, which is far above what the kernel can load. Reading stops "
        "there, so that a wrong path (a disk image, an endless device) cannot exhaust memory.",
        "cpc load /dev/zero",
        "cpc load policy.cpc",
    ),
)
