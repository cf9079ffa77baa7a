"""Write the generated pages of docs/, or with --check fail if they are not as they would be written."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mutants
import statements
import yaml

from mockserver.connections import MAX_BODY
from mockserver.control import MAX_FAULTS, MAX_SNAPSHOTS
from mockserver.core.config import Config
from mockserver.core.errors import Source, entries, limits
from mockserver.evidence import describe_evidence, support_matrix
from mockserver.providers import PROVIDERS
from mockserver.server import CONNECTIONS
from mockserver.testing import fuzzing
from mockserver.web.bodies import MAX_FORM_PARTS
from mockserver.web.paths import read_operations
from mockserver.web.provider import Provider

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Written by `make docs`. Do not edit. -->"


def cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ").strip()


def row(*cells: object) -> str:
    return "| " + " | ".join(map(cell, cells)) + " |"


def table(*heads: str) -> list[str]:
    return ["", row(*heads), row(*("---" for _ in heads))]


def source_cells(source: Source) -> tuple[str, str]:
    return source.kind, source.where


def not_implemented(provider: Provider) -> str:
    """Return how many of the operations of a provider's API are not implemented."""
    listed = read_operations(provider.operations_file) if provider.operations_file is not None else ()
    return f"{sum(map(len, provider.not_implemented.values()))} of {provider.title}'s {len([*listed])} operations"


def operations() -> Iterator[str]:
    yield from ["# Operations, limits and errors", "", NOTE, ""]
    yield "*Documented*: stated by a document of the provider. *Observed*: recorded from the real service."
    yield "*Assumed*: stated nowhere; a choice of mockserver, with its reason. Clients should not rely on it."
    yield from ["", "## Limits of mockserver"]
    config = Config()
    yield from table("limit", "value")
    yield row("size of a body; beyond it the provider's error is returned", f"{config.max_body_bytes:,} bytes")
    yield row("size of a body; beyond it the server itself returns an error", f"{MAX_BODY:,} bytes")
    yield row("parts of a multipart form", f"{MAX_FORM_PARTS:,}")
    yield row("open connections", f"{CONNECTIONS:,}")
    yield row("tenants (`--max-tenants`)", f"{config.max_tenants:,}")
    yield row("requests in the request log of a tenant", f"{config.request_log_size:,}")
    yield row("planned faults of a tenant", f"{MAX_FAULTS:,}")
    yield row("snapshots of a tenant, and of all tenants", f"{MAX_SNAPSHOTS:,}")
    yield row("size of all request logs together, approximately", f"{config.request_log_max_bytes:,} bytes")
    for provider in PROVIDERS:
        document = provider.contract.document
        found = {
            operation["operationId"]: operation
            for item in document["paths"].values()
            for operation in item.values()
            if isinstance(operation, dict) and "operationId" in operation
        }
        yield from ["", f"## {provider.title}, `/{provider.name}`"]
        yield from table("operation", "method", "path", "description", "scope")
        for operation in provider.operations.values():
            paths = ", ".join(f"`{path}`" for path in operation.paths)
            needs = f"`{operation.scope}`" if operation.scope else ""
            yield row(f"`{operation.id}`", operation.method, paths, found[operation.id]["summary"], needs)
        rights = getattr(provider.catalog, "RIGHTS", None)
        if rights is not None:
            yield from [
                "",
                f"The scopes of operations are *{rights.kind}*: {rights.where}.",
            ]
        known = limits(provider.catalog)
        if known:
            yield from table("limit", "value", "kind", "source")
            for name, limit in known.items():
                yield row(f"`{name}`", int(limit), *source_cells(limit.source))
        yield from table("error", "status", "message", "kind", "source")
        for entry in entries(provider.catalog).values():
            yield row(f"`{entry.key}`", entry.status, entry.message, *source_cells(entry.source))
        if provider.switches:
            yield from table("switch", "documented", "live", "when it is on", "kind", "source")
            for switch in provider.switches:
                live = "on" if switch.live else "off"
                yield row(f"`{switch.name}`", "off", live, switch.meaning, *source_cells(switch.source))
        yield from ["", f"**Not implemented (501):** {not_implemented(provider)}. `mockserver operations` lists them."]


def documents() -> Iterator[str]:
    data = statements.read("examples.yaml")
    titles = {document["id"]: document["title"] for document in data["documents"]}
    found = statements.load()
    yield from ["# The documents, statement by statement", "", NOTE, ""]
    yield "mockserver follows five documents of the providers. Each of their statements is listed with its line in the"
    yield "document, in our own words: the documents themselves are not part of this project."
    yield from ["", "- *holds*: mockserver does that; the named test fails if it does not;"]
    yield "- *contradicted by*: another statement or source is followed, see"
    yield "  [Contradictions and deviations](#contradictions-and-deviations);"
    yield "- *not implemented*: mockserver does not have that part of the API;"
    yield "- *not testable*: it says nothing about the API's behaviour, or needs what the tests do not have."
    yield from table("document", "statements", *statements.VERDICTS)
    for document, listed in found.items():
        yield row(titles[document], len(listed), *statements.count(listed).values())
    total = statements.everything(found)
    yield row("all", len(total), *statements.count(total).values())
    for document, listed in found.items():
        yield from ["", f"## {titles[document]}"]
        yield from table("line", "statement", "verdict", "test")
        for each in listed:
            more = {"contradicted": f" by *{each.get('by')}*"}.get(each["verdict"], "")
            more += f": {each['reason']}" if "reason" in each else ""
            yield row(each["line"], each["says"], each["verdict"] + more, f"`{each['test']}`" if "test" in each else "")
    yield from ["", "## Examples", ""]
    examples = data["examples"]
    others = [each for each in examples if "not_by_default" in each]
    yield f"The tests replay every request and response example of the documents. {len(examples) - len(others)} of"
    yield f"{len(examples)} work with the default seed, one after the other, with the documents' own credentials. The"
    yield "others need a seed of `fixtures/documents.yaml` (`mockserver serve --seed documents#NAME`), which the"
    yield "tests use for every example."
    yield from table("document", "example", "request", "status", "seed of its own")
    for example in examples:
        request = f"`{example['request']['method']} {example['request']['path']}`"
        status = example["response"]["status"]
        yield row(titles[example["document"]], example["name"], request, status, f"`{example['seed']}`")
    yield from ["", "With the default seed these do not work:"]
    yield from table("document", "example", "seed that shows it", "reason")
    for example in others:
        seed = f"`documents#{example['seed']}`"
        yield row(titles[example["document"]], example["name"], seed, example["not_by_default"])
    yield from ["", "Mailgun's document has no examples."]
    yield from ["", "## Contradictions and deviations"]
    yield from table("name", "document", "statement", "mockserver")
    for item in data["contradictions"]:
        yield row(item["what"], titles[item["document"]], item["says"], item["follows"])


def statement_counts() -> str:
    """Return a paragraph about the statements of the documents."""
    total = statements.everything(statements.load())
    numbers = statements.count(total)
    return (
        f"**Documents.** {len(total)} statements of five documents of the providers: {numbers['holds']} hold, each with"
        f" its test; {numbers['contradicted']} are contradicted by another statement or source, which is followed;"
        f" {numbers['not implemented']} are about what is not implemented; {numbers['not testable']} cannot be tested."
        " [Every statement](docs/documents.md)."
    )


def share(found: Sequence[Any]) -> str:
    return f"{sum(map(bool, found))} of {len(found)}"


def counts() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[tuple[str, str, str, str]]]:
    """Return operations, errors, and everything assumed: provider, name, message or value, reason."""
    matrix = support_matrix(PROVIDERS)
    assumed = [
        (each["provider"], each["key"], f"{each['status']} {each['message']}", each["source"])
        for each in matrix["errors"]
        if each["kind"] == "assumed"
    ]
    for provider in PROVIDERS:
        for name, limit in limits(provider.catalog).items():
            if limit.source.kind == "assumed":
                assumed.append((provider.name, name, str(int(limit)), limit.source.where))
        for switch in provider.switches:
            if switch.source.kind == "assumed":
                assumed.append((provider.name, switch.name, switch.meaning, switch.source.where))
    return matrix["operations"], matrix["errors"], assumed


def filled(paragraph: str) -> str:
    return textwrap.fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


def summary(link: str) -> Iterator[str]:
    """Return paragraphs about what is proven, not proven and unknown."""
    operations_, errors, assumed = counts()
    kinds = Counter(each["kind"] for each in errors)
    known, surviving = mutants.mutants(), mutants.survivors()
    driven = share([each["evidence"]["clients"] for each in operations_])
    modelled = share([each["evidence"]["models"] for each in operations_])
    unproven = yaml.safe_load((ROOT / "tests" / "unproven.yaml").read_text("utf-8"))
    paragraphs = [
        f"**Proven.** {len(operations_)} operations: every response is validated against its schema at run time, and "
        f"all are fuzzed; {driven} are called by a vendor's own client, {modelled} are compared with an "
        f"independent model. {len(errors)} errors: {kinds['documented']} are in a vendor's documents, "
        f"{kinds['observed']} were observed. {len(known)} mutants lack one check each; the tests kill "
        f"{len(known) - len(surviving)} of them.",
        f"**Not implemented.** {', '.join(map(not_implemented, PROVIDERS))}; all of them return 501.",
        f"**Not proven.** {' '.join(unproven)}",
        f"**Unknown.** {kinds['assumed']} errors have a message without a source. They and everything else that is "
        f"assumed, {len(assumed)} items together, are [listed with reasons]({link}#assumed).",
    ]
    yield "\n\n".join(map(filled, paragraphs))


def evidence() -> Iterator[str]:
    operations_, errors, assumed = counts()
    yield from ["# Evidence", "", NOTE, ""]
    yield from summary("")
    yield from ["", "Kinds of evidence:", ""]
    yield "- *schema*: every response is validated against a schema, in every test and at run time;"
    yield "- *fuzzed*: it is tested with generated requests, and with sequences of them;"
    yield "- *example*: the documents' own examples are replayed, and the responses compared byte for byte;"
    yield "- a client: the vendor's own client calls it;"
    yield "- *model*: a simple model of the vendor is compared with the server, step by step;"
    yield "- *mutants*: the number of mutants without a check of this error; a test kills each."
    yield from [
        "",
        "## Assumed",
        "",
        "No document and no recorded response has these. Clients should not rely on them.",
    ]
    yield from table("provider", "name", "message or value", "reason")
    for each in assumed:
        yield row(each[0], f"`{each[1]}`", *each[2:])
    yield from ["", "## Operations"]
    yield from table("operation", "kind", "source", "evidence")
    for each in operations_:
        yield row(f"`{each['id']}`", each["kind"], each["source"], ", ".join(describe_evidence(each["evidence"])))
    yield from ["", "## Errors"]
    yield from table("error", "status", "kind", "evidence")
    for each in errors:
        name = f"`{each['provider']}.{each['key']}`"
        yield row(name, each["status"], each["kind"], ", ".join(describe_evidence(each["evidence"])))


def readme() -> Iterator[str]:
    """Return README.md with the summary of the evidence and of the documents between its markers."""
    lines = [*summary("docs/evidence.md"), "", filled(statement_counts())]
    yield inserted("README.md", "what is proven", lines)


def fuzzing_page() -> Iterator[str]:
    """Return docs/fuzzing.md with the failures of a run without exclusions between its markers."""
    lines: list[str] = []
    for document, provider in {**{each.name: each for each in PROVIDERS}, "control": None}.items():
        lines += ["", f"### {provider.title if provider is not None else 'Control API'}"]
        lines += table("operations", "check", "statuses", "reason")
        for each in fuzzing.exclusions(document, provider):
            statuses = ", ".join(each.statuses) or "any"
            profile = f" Only in profile `{each.profile}`." if each.profile else ""
            lines.append(
                row(", ".join(f"`{name}`" for name in each.operations), each.check, statuses, each.reason + profile)
            )
    yield inserted("docs/fuzzing.md", "what a plain run reports", lines)


def inserted(page: str, what: str, lines: Sequence[str]) -> str:
    """Return a page with lines between the markers of a part."""
    start, end = f"<!-- {what[0].upper()}{what[1:]}: written by `make docs`. -->", f"<!-- End of {what}. -->"
    before, _, rest = (ROOT / page).read_text("utf-8").partition(f"{start}\n")
    _, _, after = rest.partition(end)
    return before + "\n".join([start, *lines, end]) + after.removesuffix("\n")


PAGES = {
    "docs/operations.md": operations,
    "docs/documents.md": documents,
    "docs/evidence.md": evidence,
    "docs/fuzzing.md": fuzzing_page,
    "README.md": readme,
}


def main() -> None:
    stale = []
    for name, page in PAGES.items():
        path = ROOT / name
        text = "\n".join(page()) + "\n"
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
        elif not path.is_file() or path.read_text("utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        sys.exit(f"{', '.join(stale)}: not as generated; run `make docs`")


if __name__ == "__main__":
    main()
