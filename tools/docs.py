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

from mockserver.control import MAX_FAULTS, MAX_SNAPSHOTS
from mockserver.core.config import Config
from mockserver.core.errors import Source, entries, limits
from mockserver.evidence import describe_evidence, support_matrix
from mockserver.providers import PROVIDERS
from mockserver.server import CONNECTIONS, MAX_BODY
from mockserver.web.bodies import MAX_FORM_PARTS
from mockserver.web.openapi import Contract

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Written by `make docs`. Do not edit. -->"


def cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ").strip()


def row(*cells: object) -> str:
    return "| " + " | ".join(map(cell, cells)) + " |"


def table(*heads: str) -> list[str]:
    return ["", row(*heads), row(*("---" for _ in heads))]


def told(source: Source) -> tuple[str, str]:
    return source.kind, source.where


def operations() -> Iterator[str]:
    yield from ["# Operations, limits and refusals", "", NOTE, ""]
    yield "*Documented*: a document of the provider says so. *Observed*: recorded from the real service."
    yield "*Assumed*: said nowhere; our choice, with its reason. Where a source is weak, a client must not lean on it."
    yield from ["", "## This server's own limits"]
    config = Config()
    yield from table("what", "value")
    yield row("body that is refused in the provider's words, beyond", f"{config.max_body_bytes:,} bytes")
    yield row("body that is refused by the server itself, beyond", f"{MAX_BODY:,} bytes")
    yield row("parts of a multipart form, beyond which it counts as too large", f"{MAX_FORM_PARTS:,}")
    yield row("connections served at once", f"{CONNECTIONS:,}")
    yield row("tenants open at once (`--max-tenants`)", f"{config.max_tenants:,}")
    yield row("requests in a tenant's journal", f"{config.request_log_size:,}")
    yield row("planned faults of a tenant", f"{MAX_FAULTS:,}")
    yield row("snapshots of a tenant, and of all tenants together", f"{MAX_SNAPSHOTS:,}")
    yield row("room for all journals together, about", f"{config.request_log_max_bytes:,} bytes")
    for provider in PROVIDERS:
        document = Contract.load(provider.name).document
        found = {
            operation["operationId"]: operation
            for item in document["paths"].values()
            for operation in item.values()
            if isinstance(operation, dict) and "operationId" in operation
        }
        yield from ["", f"## {provider.title}, `/{provider.name}`"]
        yield from table("operation", "method", "path", "what it does", "needs")
        for operation in provider.operations.values():
            paths = ", ".join(f"`{path}`" for path in operation.paths)
            needs = f"`{operation.scope}`" if operation.scope else ""
            yield row(f"`{operation.id}`", operation.method, paths, found[operation.id]["summary"], needs)
        rights = getattr(provider.catalog, "RIGHTS", None)
        if rights is not None:
            yield from [
                "",
                f"What an operation needs of a credential with limited rights is *{rights.kind}*: {rights.where}.",
            ]
        known = limits(provider.catalog)
        if known:
            yield from table("limit", "value", "kind", "source")
            for name, limit in known.items():
                yield row(f"`{name}`", int(limit), *told(limit.source))
        yield from table("error", "status", "words", "kind", "source")
        for entry in entries(provider.catalog).values():
            yield row(f"`{entry.key}`", entry.status, entry.message, *told(entry.source))
        if provider.switches:
            yield from table("switch", "documented", "live", "when it is on", "kind", "source")
            for switch in provider.switches:
                live = "on" if switch.live else "off"
                yield row(f"`{switch.name}`", "off", live, switch.meaning, *told(switch.source))
        yield from table("not modelled: 501", "methods")
        for path, methods in provider.not_implemented.items():
            yield row(f"`{path}`", ", ".join(methods))


def documents() -> Iterator[str]:
    data = yaml.safe_load((ROOT / "tests" / "documents" / "examples.yaml").read_text("utf-8"))
    titles = {document["id"]: document["title"] for document in data["documents"]}
    yield from ["# The documents' examples and contradictions", "", NOTE, ""]
    yield "Every request and response example of the documents this server implements is replayed by the tests,"
    yield "in a world of `fixtures/documents.yaml` (`mockserver serve --seed documents#WORLD`)."
    yield from table("document", "example", "seed", "request", "status")
    for example in data["examples"]:
        request = f"`{example['request']['method']} {example['request']['path']}`"
        status = example["response"]["status"]
        yield row(titles[example["document"]], example["name"], example["seed"], request, status)
    yield from ["", "Mailgun's document has no examples; its prose is tested rule by rule."]
    yield from ["", "## Where a document contradicts itself or another, or is not followed"]
    yield from table("what", "document", "it says", "followed")
    for item in data["contradictions"]:
        yield row(item["what"], titles[item["document"]], item["says"], item["follows"])


def share(found: Sequence[Any]) -> str:
    return f"{sum(map(bool, found))} of {len(found)}"


def counts() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[tuple[str, str, str, str]]]:
    """Return every operation, every refusal, and all that is assumed: whose, what, its words or value, and why."""
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
    """Say what is proven, what is not, and what nobody knows."""
    asked, refused, assumed = counts()
    kinds = Counter(each["kind"] for each in refused)
    known, surviving = mutants.mutants(), mutants.survivors()
    driven = share([each["evidence"]["clients"] for each in asked])
    modelled = share([each["evidence"]["models"] for each in asked])
    unproven = yaml.safe_load((ROOT / "tests" / "unproven.yaml").read_text("utf-8"))
    paragraphs = [
        f"**Proven.** {len(asked)} operations: every answer is held against its schema while the server runs, and all "
        f"are fuzzed; {driven} are driven by a vendor's own client, {modelled} are compared with an independent model. "
        f"{len(refused)} refusals: {kinds['documented']} are in a vendor's documents, {kinds['observed']} were seen in "
        f"its answers. {len(known)} mutants lack one check each; a test kills {len(known) - len(surviving)} of them.",
        f"**Not proven.** {' '.join(unproven)}",
        f"**Unknown.** {kinds['assumed']} refusals have words that are said nowhere. They, and all else that is "
        f"assumed, {len(assumed)} things together, are [listed with our reasons]({link}#assumed).",
    ]
    yield "\n\n".join(textwrap.fill(each, 120, break_long_words=False, break_on_hyphens=False) for each in paragraphs)


def evidence() -> Iterator[str]:
    asked, refused, assumed = counts()
    yield from ["# Evidence", "", NOTE, ""]
    yield from summary("")
    yield from ["", "What shows that something is so:", ""]
    yield "- *schema*: every answer is held against a schema of ours, in every test and while the server runs;"
    yield "- *fuzzed*: it is asked with generated requests, and with sequences of them;"
    yield "- *example*: the documents' own examples are replayed, and answered byte for byte;"
    yield "- a client: the vendor's own client drives it;"
    yield "- *model*: a simple model of the vendor is compared with the server, step by step;"
    yield "- *mutants*: each lacks one check of this error, and a test kills it."
    yield from ["", "## Assumed", "", "No document and no recorded answer says these. A client must not lean on them."]
    yield from table("provider", "what", "words or value", "why")
    for each in assumed:
        yield row(each[0], f"`{each[1]}`", *each[2:])
    yield from ["", "## Operations"]
    yield from table("operation", "kind", "source", "evidence")
    for told_ in asked:
        yield row(f"`{told_['id']}`", told_["kind"], told_["source"], ", ".join(describe_evidence(told_["evidence"])))
    yield from ["", "## Refusals"]
    yield from table("error", "status", "kind", "evidence")
    for told_ in refused:
        name = f"`{told_['provider']}.{told_['key']}`"
        yield row(name, told_["status"], told_["kind"], ", ".join(describe_evidence(told_["evidence"])))


def readme() -> Iterator[str]:
    """Return README.md with what is proven between its marks."""
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
