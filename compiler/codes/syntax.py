"""Pages of CPC1xx: syntax."""

from cpc.compiler.codes.page import Page

__all__ = ["SYNTAX"]

SYNTAX: tuple[Page, ...] = (
    Page(
        "CPC100",
        "something else belongs here",
        "The statement was right up to this word, and cannot go on with it. The message says what could have "
        "come instead. The parser resumes at the next statement, so the other errors are real ones.",
        "allow web -> db log tcp/5432",
        "allow web -> db tcp/5432 log",
    ),
    Page(
        "CPC101",
        "unexpected character",
        "No word of the language starts with this character. Names are ASCII letters, digits, `_` and `-`, so "
        "that two names that look alike are alike; any other text stands between double quotes.",
        "allow café -> db",
        'endpoints cafe = { app = "café" }',
    ),
    Page(
        "CPC102",
        "a string has no end",
        'A string ends with a double quote on the line where it starts. A quote inside is written `\\"`, a line '
        "end `\\n`.",
        'include "common.cil',
        'include "common.cil"',
    ),
    Page(
        "CPC103",
        "no `->`",
        "A rule, a claim and a test case say where connections come from, then `->`, then where they go. Only "
        "`assert isolated` has one side.",
        "allow web db tcp/5432",
        "allow web -> db tcp/5432",
    ),
    Page(
        "CPC104",
        "a word that starts no statement",
        "Every statement starts with a word of the language. This one is none of them, at least not in this "
        "block; often it is a typo, or the `allow` before a rule is missing.",
        "allwo web -> db",
        "allow web -> db",
    ),
    Page(
        "CPC105",
        "a bracket is never closed",
        "The closing bracket is missing. Where it should stand is guessed from the layout: a statement that "
        "is not indented deeper than the line with the open bracket cannot be inside.",
        'endpoints web = { app = "web"\nendpoints db = { app = "db" }',
        'endpoints web = { app = "web" }\nendpoints db = { app = "db" }',
    ),
    Page(
        "CPC106",
        "a closing bracket without an open one",
        "Nothing is open that this bracket could close. Perhaps one too many was left over from an edit, or the "
        "head of its block is gone.",
        "allow web -> db\n}",
        "allow web -> db",
    ),
    Page(
        "CPC107",
        "not a number",
        "Numbers are decimal, without leading zeros (some languages read `010` as eight), and at most "
        "4294967295. A text that only looks like a number is quoted.",
        "allow web -> db tcp/0080",
        "allow web -> db tcp/80",
    ),
    Page(
        "CPC108",
        "not an address",
        "Here stands an IPv4 or IPv6 address, or a prefix with its length: four numbers up to 255, or IPv6 groups "
        "with at most one `::`. Netmasks and ranges are not in the language.",
        "cidr office = [10.0.0.1-10.0.0.6, 10.1/16]",
        "cidr office = [10.0.0.0/29, 10.1.0.0/16]",
    ),
    Page(
        "CPC109",
        "a comma too many, or one missing",
        "The items of a list are separated by single commas, and none follows the last.",
        'endpoints web = { app = "web" env = "prod", }',
        'endpoints web = { app = "web", env = "prod" }',
    ),
    Page(
        "CPC110",
        "a statement in the wrong place",
        "Inside `policy` stand rules, `default` and `audit`; inside `tier` and `baseline` only rules; inside "
        "`service` its items. Everything else stands at the top of a file.",
        'policy shop {\n  endpoints web = { app = "web" }\n  allow web -> db\n}',
        'endpoints web = { app = "web" }\npolicy shop {\n  allow web -> db\n}',
    ),
    Page(
        "CPC111",
        "no colon",
        "A rule's name is followed by a colon, and so are the parts of a test case by a colon and the verdict.",
        "allow web-db web -> db",
        "allow web-db: web -> db",
    ),
    Page(
        "CPC112",
        "an unseen character in the text",
        "Control characters, and characters that turn the direction of writing, make a text look like another "
        "one than it is. They are not allowed, not even in comments. A file full of them is not a policy.",
        "",
        'endpoints odd = { app = "\\u{202e}" }',
    ),
    Page(
        "CPC113",
        "a sign of another language",
        "This sign is common elsewhere but not part of this language; the help says what takes its place.",
        'endpoints web = { app == "web" && env = "prod" };',
        'endpoints web = { app = "web", env = "prod" }',
    ),
    Page(
        "CPC114",
        "the file does not say its language",
        "Each file starts with `language 1`, so that a later version of cpc reads it as it was meant. A file "
        "without it is read as language 1.",
        "allow web -> db",
        "language 1\nallow web -> db",
    ),
    Page(
        "CPC115",
        "the language statement is wrong",
        "`language` stands once, as the first statement, with a version that this program reads. A file in a newer "
        "language needs a newer cpc.",
        "allow web -> db\nlanguage 1",
        "language 1\nallow web -> db",
    ),
    Page(
        "CPC116",
        "nested too deep",
        "Brackets may be nested 64 deep, and `and`, `or` and `not` 200 deep. What is that deep is hard to read; "
        "give its parts names. A union is better written as a list with commas.",
        "",
        "default deny ingress for a, b, c, d",
    ),
    Page(
        "CPC117",
        "ports in another spelling",
        "Ports are a protocol, a slash, and numbers: `tcp/80`, `udp/{53, 5353}`, `any/8000-8099`; `tcp` alone is every "
        'port of TCP. Container ports by name are quoted: `tcp/"http"`. They stand after both sides of a rule.',
        "allow web -> db tcp:5432",
        "allow web -> db tcp/5432",
    ),
    Page(
        "CPC118",
        "the statement ends too early",
        "The last word announces something that does not follow: the next word already starts another "
        "statement, or the block or file ends.",
        "allow web ->",
        "allow web -> db",
    ),
    Page(
        "CPC119",
        "a doc comment that describes nothing",
        "A `///` comment describes the statement on the next line: a definition, a rule, a `default`, a block or an "
        "`assert`. Anywhere else, write a comment with `#`.",
        "allow web -> db /// the database",
        "/// the database\nallow web -> db",
    ),
    Page(
        "CPC120",
        "an unknown escape in a string",
        'In a string, a backslash starts one of `\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{hex}`. A regular expression '
        "that needs a backslash has two of them in its string.",
        'allow web -> db tcp/80 http { GET "/v\\d+" }',
        'allow web -> db tcp/80 http { GET "/v\\\\d+" }',
    ),
    Page(
        "CPC121",
        "no opening brace",
        "The contents of a block, and the matchers of a request part, stand between braces.",
        'policy shop namespace "shop"\n  allow web -> db\n}',
        'policy shop namespace "shop" {\n  allow web -> db\n}',
    ),
    Page(
        "CPC122",
        "said twice",
        "A matcher has each of its keys once, a service one `balance` and one `affinity`, and a claim or case asks "
        "about one request. Two long matchers in a row need a comma between them.",
        'allow web -> api tcp/80 http { path "/a" path "/b" }',
        'allow web -> api tcp/80 http { path "/a", path "/b" }',
    ),
    Page(
        "CPC123",
        "a text that must be quoted",
        "Names are letters, digits, `_` and `-`. A label key with a source or a prefix, and a file name, hold other "
        "characters and stand between double quotes.",
        'endpoints dns = { k8s:k8s-app = "kube-dns" }',
        'endpoints dns = { "k8s:k8s-app" = "kube-dns" }',
    ),
    Page(
        "CPC124",
        "a value of the wrong form",
        "Namespaces, paths, hosts, topics and titles are strings between double quotes (or, mostly, the name of a "
        "constant); a Kafka `version` is a number.",
        "policy shop namespace shop {\n}",
        'policy shop namespace "shop" {\n}',
    ),
    Page(
        "CPC125",
        "no `=`",
        "A definition has `=` between its name and its value, and a label term between its key and its value.",
        'endpoints web { app: "web" }',
        'endpoints web = { app = "web" }',
    ),
    Page(
        "CPC126",
        "an unexpected word",
        "Only a few words can stand here, and this is none of them, or one of them is missing.",
        "default denny ingress for web",
        "default deny ingress for web",
    ),
)
