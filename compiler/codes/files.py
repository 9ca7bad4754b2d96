"""Pages of CPC0xx: files."""

from cpc.compiler.codes.page import Page

__all__ = ["FILES"]

FILES: tuple[Page, ...] = (
    Page(
        "CPC001",
        "a file does not exist",
        "A path on the command line, or the path of an `include`, names nothing. The path of an "
        "`include` is taken from the folder of the file that includes it, and then from each "
        "folder given with `-I` (`--include`) in turn.",
        'include "comon.cil"',
        'include "common.cil"',
    ),
    Page(
        "CPC002",
        "a file cannot be read",
        "The file is there, but the system does not let it be read: a permission is missing, or the "
        "disk or network behind it failed. Other files of the same run are still checked.",
        "cpc check /root/policy.cil",
        "sudo cpc check /root/policy.cil",
    ),
    Page(
        "CPC003",
        "a folder holds no policy",
        "A folder on the command line stands for all its `*.cil` files and manifests (YAML, JSON), "
        "recursively and in sorted order, without what is hidden. There is none in this one; an empty "
        "policy would allow everything, so this is an error. An `include` takes files only.",
        "cpc check docs/",
        "cpc check policies/",
    ),
    Page(
        "CPC004",
        "a file is not UTF-8",
        "Policies and inventories are UTF-8 text, with or without a byte order mark. The line is that "
        "of the first byte that cannot be part of such a text. An editor that saves in another "
        "encoding, or a binary file given by mistake, are the usual causes.",
        "iconv -t latin1 policy.cil > policy-latin1.cil && cpc check policy-latin1.cil",
        "iconv -f latin1 -t utf-8 policy-latin1.cil > policy.cil && cpc check policy.cil",
    ),
    Page(
        "CPC005",
        "a file is empty",
        "A policy without statements allows everything. That is hardly what an empty file was meant "
        "to say: more likely it was cut short, or is not the file that was meant.",
        "cpc check /dev/null",
        "cpc check policy.cil",
    ),
    Page(
        "CPC006",
        "a file is too large",
        "No policy comes near 64 MB. Reading stops there, so that a wrong path (a disk image, an "
        "endless device) cannot exhaust memory.",
        "cpc check /dev/zero",
        "cpc check policy.cil",
    ),
    Page(
        "CPC007",
        "files include each other in a circle",
        "Each file is read once, and an included file comes before the one that includes it. In a "
        "circle there is no such order. The labels show each `include` on the way round.",
        '# a.cil\ninclude "b.cil"\n# b.cil\ninclude "a.cil"',
        '# a.cil\ninclude "common.cil"\n# b.cil\ninclude "common.cil"',
    ),
    Page(
        "CPC008",
        "a file is an inventory",
        "An inventory says who is there, not who may talk to whom. As a policy it would say nothing, and "
        "a policy that says nothing allows everything.",
        "cpc check inventory.yaml",
        "cpc check policy.cil --inventory inventory.yaml",
    ),
    Page(
        "CPC009",
        "includes are nested too deeply",
        "A chain of files, each included by the one before, is longer than 64. Such a chain is a "
        "generated file gone wrong, or a link that leads to ever new names of one folder.",
        'include "level-65.cil"',
        'include "endpoints.cil"\ninclude "ports.cil"',
    ),
)
