"""Write the generated pages of docs/, or with --check fail if they are not as they would be written."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mutants
import yaml

from mockserver.connections import MAX_BODY
from mockserver.control import MAX_FAULTS, MAX_SNAPSHOTS
from mockserver.core.config import Config
from mockserver.core.errors import Source, entries, limits
from mockserver.evidence import describe_evidence, support_matrix
from mockserver.providers import PROVIDERS
from mockserver.server import CONNECTIONS
from mockserver.web.bodies import MAX_FORM_PARTS

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
    yield row("data of a tenant, approximately (`--max-state-bytes`)", f"{config.max_state_bytes:,} bytes")
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
        yield from table("not implemented (501)", "methods")
        for path, methods in provider.not_implemented.items():
            yield row(f"`{path}`", ", ".join(methods))


def documents() -> Iterator[str]:
    data = yaml.safe_load((ROOT / "tests" / "documents" / "examples.yaml").read_text("utf-8"))
    titles = {document["id"]: document["title"] for document in data["documents"]}
    yield from ["# The documents' examples and contradictions", "", NOTE, ""]
    yield "The tests replay every request and response example of the documents that mockserver implements,"
    yield "with a seed of `fixtures/documents.yaml` (`mockserver serve --seed documents#NAME`)."
    yield from table("document", "example", "seed", "request", "status")
    for example in data["examples"]:
        request = f"`{example['request']['method']} {example['request']['path']}`"
        status = example["response"]["status"]
        yield row(titles[example["document"]], example["name"], example["seed"], request, status)
    yield from ["", "Mailgun's document has no examples; each rule in its text has a test."]
    yield from ["", "## Contradictions and deviations"]
    yield from table("subject", "document", "statement", "mockserver")
    for item in data["contradictions"]:
        yield row(item["what"], titles[item["document"]], item["says"], item["follows"])


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
        f"**Not proven.** {' '.join(unproven)}",
        f"**Unknown.** {kinds['assumed']} errors have a message without a source. They and everything else that is "
        f"assumed, {len(assumed)} items together, are [listed with reasons]({link}#assumed).",
    ]
    yield "\n\n".join(textwrap.fill(each, 120, break_long_words=False, break_on_hyphens=False) for each in paragraphs)


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
    """Return README.md with the summary of the evidence between its markers."""
    before, _, rest = (ROOT / "README.md").read_text("utf-8").partition(f"{START}\n")
    _, _, after = rest.partition(END)
    yield before + "\n".join([START, *summary("docs/evidence.md"), END]) + after.removesuffix("\n")


START, END = "<!-- What is proven: written by `make docs`. -->", "<!-- End of what is proven. -->"
PAGES = {
    "docs/operations.md": operations,
    "docs/documents.md": documents,
    "docs/evidence.md": evidence,
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
