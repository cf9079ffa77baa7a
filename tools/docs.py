"""Write the generated pages of docs/, or with --check fail if they are not as they would be written."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import mutants
import statements
import yaml

from mockserver.cli import commands
from mockserver.cli.logs import MAX_LINES
from mockserver.connections import MAX_BODY, MAX_HEAD, MAX_PIPELINED
from mockserver.control import MAX_FAULTS, MAX_SNAPSHOTS, MAX_STUBS
from mockserver.control.blueprint import CONTRACT
from mockserver.control.blueprint import MAX_BODY as MAX_CONTROL_BODY
from mockserver.control.requests import PAGE_BYTES
from mockserver.core import outbox
from mockserver.core.config import Config
from mockserver.core.errors import Source, entries, limits
from mockserver.core.smtp import SmtpProvider
from mockserver.core.tenants import MAX_CREDENTIAL
from mockserver.core.unmatched_log import MAX_RECORDS
from mockserver.evidence import describe_evidence, support_matrix
from mockserver.providers import PROVIDERS
from mockserver.server import (
    BODY_TIMEOUT,
    CONNECTIONS,
    HEAD_TIMEOUT,
    IDLE_TIMEOUT,
    MAX_UNSENT,
    SHARE,
    SHUTDOWN_TIMEOUT,
    WORKERS,
    WRITE_TIMEOUT,
)
from mockserver.smtp.connection import MAX_LINE
from mockserver.smtp.processing import MAX_LOGGED
from mockserver.smtp.server import CONNECTIONS as SMTP_CONNECTIONS
from mockserver.smtp.server import MAX_HELD
from mockserver.smtp.session import MAX_ERRORS
from mockserver.testing import fuzzing
from mockserver.web.bodies import MAX_FORM_PARTS
from mockserver.web.openapi import MAX_VIOLATIONS
from mockserver.web.paths import parse_operations
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
    listed = parse_operations(provider.operations_list)
    return f"{sum(map(len, provider.not_implemented.values()))} of {provider.title}'s {len([*listed])} operations"


def operations() -> Iterator[str]:
    yield from ["# Operations, limits and errors", "", NOTE, ""]
    yield "*Documented*: stated by a document of the provider. *Observed*: recorded from the real service."
    yield "*Assumed*: stated nowhere; a choice of mockserver, with its reason. Clients should not rely on it."
    yield from ["", "The limits of mockserver itself are in [security.md](security.md#limits)."]
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


def size(number: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    return next(f"{number // unit} {name}" for unit, name in UNITS if number % unit == 0)


def server_limits() -> Iterator[str]:
    """Return tables of the limits of the server itself."""
    config = Config()
    yield from table("requests", "limit", "setting", "beyond it")
    yield row("request line and headers", size(MAX_HEAD), "", "431, the connection is closed")
    yield row("body", size(config.max_body_bytes), "`--max-body-bytes`", "the provider's error; the rest is dropped")
    yield row("body for the control API", size(MAX_CONTROL_BODY), "", "413; the rest is dropped")
    yield row("body that is received at all", size(MAX_BODY), "", "413, the connection is closed")
    yield row("parts of a multipart form", f"{MAX_FORM_PARTS:,}", "", "the provider's error for a large body")
    yield row("credential", f"{MAX_CREDENTIAL:,} characters", "", "it is unknown")
    yield row("requests on a connection that wait", f"{MAX_PIPELINED:,}", "", "no more is read")
    yield from table("connections", "limit", "setting", "beyond it")
    yield row(
        "open connections", f"{CONNECTIONS:,}", "", "the one that has waited for its client for longest is closed"
    )
    yield row("request line and headers, TLS handshake", seconds(HEAD_TIMEOUT), "", "the connection is closed")
    yield row("pause in a body", seconds(BODY_TIMEOUT), "", "the connection is closed")
    yield row(
        "time in which a client reads nothing of a response", seconds(WRITE_TIMEOUT), "", "the connection is closed"
    )
    yield row("time without a request", seconds(IDLE_TIMEOUT), "", "the connection is closed")
    yield row(
        "responses that are not read, together", size(MAX_UNSENT), "", "the connection with the largest is closed"
    )
    yield row("threads for long requests", f"{WORKERS}, {SHARE} for a client", "", "they wait")
    yield row("end of the server", seconds(SHUTDOWN_TIMEOUT), "", "pending requests are dropped, and logged")
    yield from table("data", "limit", "setting", "beyond it")
    yield row("tenants", f"{config.max_tenants:,}", "`--max-tenants`", "the least recently used one is evicted")
    yield row("idle time of a tenant", "none", "`--tenant-ttl`", "it is evicted")
    large = "507, nothing is changed"
    yield row("data of a tenant, about", size(config.max_state_bytes), "`--max-state-bytes`", large)
    yield row("snapshots of a tenant, and of all", f"{MAX_SNAPSHOTS:,}", "", "400")
    yield row("planned faults of a tenant", f"{MAX_FAULTS:,}", "", "400")
    yield row("stubs of a tenant", f"{MAX_STUBS:,}", "", "400")
    yield row(
        "requests in a request log",
        f"{config.request_log_size:,}",
        "`--request-log-size`",
        "the oldest is dropped",
    )
    budget, largest = size(config.request_log_max_bytes), "the largest ones lose their oldest requests"
    yield row("requests of no tenant in their log", f"{MAX_RECORDS:,}", "", "the oldest is dropped")
    yield row("all request logs, about", budget, "`--request-log-max-bytes`", largest)
    yield row("a page of a request log, about", size(PAGE_BYTES), "", "`has_more` is true")
    yield row(
        "messages in the outbox of a provider", f"{outbox.MAX_MESSAGES:,}", "", "the oldest are dropped, and counted"
    )
    yield row("an outbox, about", size(outbox.MAX_BYTES), "", "the oldest are dropped, and counted; the newest stays")
    yield row("violations of a request that are listed", f"{MAX_VIOLATIONS:,}", "", "the others are counted")
    yield row("log lines that wait to be written", f"{MAX_LINES:,}", "", "further ones are dropped and counted")


def seconds(number: float) -> str:
    return f"{number:g} s"


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
        f"{kinds['observed']} were observed. The tests kill {len(known) - len(surviving)} of {len(known)} mutants, "
        "each of which is the package without one check.",
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


def smtp_page() -> Iterator[str]:
    """Return docs/smtp.md with the replies and the limits between their markers."""
    text = inserted("docs/smtp.md", "replies", [*smtp_replies()])
    yield inserted("docs/smtp.md", "limits", [*smtp_limits()], text)


def smtp_replies() -> Iterator[str]:
    for provider, smtp_provider in smtp_providers():
        yield from table(f"{provider.title}", "reply", "kind", "source")
        for each in smtp_provider.own_replies.values():
            yield row(each.key, f"`{each.code} {each.text}`", *source_cells(each.source))


def smtp_limits() -> Iterator[str]:
    yield from table("limit", "value", "kind", "source or effect")
    for provider, smtp_provider in smtp_providers():
        for name, text, limit in (
            ("size of a message", size(smtp_provider.max_size), smtp_provider.max_size),
            ("recipients of a message", f"{smtp_provider.max_recipients:,}", smtp_provider.max_recipients),
            ("idle time", seconds(smtp_provider.idle_seconds), smtp_provider.idle_seconds),
        ):
            yield row(f"{provider.title}: {name}", text, *source_cells(limit.source))
    yield row("command, with its end", size(MAX_LINE), "", "500")
    yield row("errors on a connection", f"{MAX_ERRORS:,}", "", "421, the connection is closed")
    yield row("open connections", f"{SMTP_CONNECTIONS:,}", "", "421 for the one that has been idle for longest")
    yield row("unfinished messages, together", size(MAX_HELD), "", "452")
    yield row("message in the request log", size(MAX_LOGGED), "", "it is cut; the outbox has the whole message")
    yield row("data of a tenant, about", size(Config().max_state_bytes), "", "452 (`--max-state-bytes`)")


def smtp_providers() -> Iterator[tuple[Provider, SmtpProvider]]:
    for provider in PROVIDERS:
        smtp_provider = provider.smtp_provider()
        if smtp_provider is not None:
            yield provider, smtp_provider


def inserted(page: str, what: str, lines: Sequence[str], text: str | None = None) -> str:
    """Return a page, or a text of it, with lines between the markers of a part."""
    start, end = f"<!-- {what[0].upper()}{what[1:]}: written by `make docs`. -->", f"<!-- End of {what}. -->"
    before, _, rest = ((ROOT / page).read_text("utf-8") if text is None else text).partition(f"{start}\n")
    _, _, after = rest.partition(end)
    return before + "\n".join([start, *lines, end]) + after.removesuffix("\n")


def limits_page() -> Iterator[str]:
    """Return docs/security.md with the limits between its markers."""
    yield inserted("docs/security.md", "limits", [*server_limits()])


def control_page() -> Iterator[str]:
    """Return docs/control-api.md with the operations of the OpenAPI document between its markers."""
    document = yaml.safe_load(CONTRACT.read_text("utf-8"))
    lines: list[str] = []
    for tag in document["tags"]:
        lines += ["", f"### {tag['name']}", "", filled(" ".join(tag["description"].split()))]
        lines += table("request", "operation", "description")
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and operation["tags"] == [tag["name"]]:
                    text = operation.get("description", operation["summary"])
                    lines.append(row(f"`{method.upper()} {path}`", f"`{operation['operationId']}`", text))
    yield inserted("docs/control-api.md", "operations", [*lines, ""])


def cli_page() -> Iterator[str]:
    """Return docs/cli.md with the commands and their options between its markers."""
    found = dict(_commands("mockserver", commands))
    lines = ["", "## Commands", *table("command", "description")]
    for name, command in found.items():
        lines.append(row(f"[`{name}`](#{anchor(name)})", command.get_short_help_str(200)))
    shared: dict[str, click.Option] = {}
    sections: list[str] = []
    for name, command in found.items():
        options = [each for each in command.params if isinstance(each, click.Option)]
        shared |= {each.opts[0]: each for each in options if each.opts[0] in SHARED}
        own = [each for each in options if each.opts[0] not in SHARED or name.partition(" ")[0] == "serve"]
        usage = " ".join([f"mockserver {name}", *command.collect_usage_pieces(click.Context(command))])
        sections += ["", f"### {name}", "", f"`{usage}`", "", *_help(command), *_options(own, command)]
    title = ["", "### Common options", "", "Most commands have some of these; `--help` lists those of a command."]
    yield inserted("docs/cli.md", "commands", [*lines, *title, *_options([*shared.values()], commands), *sections, ""])


SHARED = ("--url", "--control-token", "--ca", "--tenant", "--json")
"""Options that many commands have."""


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands below a group, by their names after `mockserver`."""
    if not isinstance(command, click.Group):
        yield name.removeprefix("mockserver "), command
        return
    for below, each in command.commands.items():
        yield from _commands(f"{name} {below}", each)


def _help(command: click.Command) -> list[str]:
    paragraphs = (command.help or "").split("\n\n")
    return [line for each in paragraphs for line in (filled(" ".join(each.split())), "")][:-1]


def _options(options: Sequence[click.Option], command: click.Command) -> list[str]:
    if not options:
        return []
    return table("option", "variable", "default", "description") + [_option(each, command) for each in options]


def _option(option: click.Option, command: click.Command) -> str:
    context = click.Context(command, **command.context_settings)
    text, _, default = (option.help or "").partition(" [default: ")
    values = "" if option.is_flag else f" {option.make_metavar(context).replace('INTEGER RANGE', 'NUMBER')}"
    if option.show_default and (value := option.get_default(context)) is not None:
        default = f"`{value}`"
    if option.required:
        default = "required"
    return row(f"`{', '.join(option.opts)}{values}`", f"`{option.envvar}`", default.removesuffix("]"), text)


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as hosts of repositories make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


UNITS = ((1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))
PAGES = {
    "docs/operations.md": operations,
    "docs/documents.md": documents,
    "docs/evidence.md": evidence,
    "docs/fuzzing.md": fuzzing_page,
    "docs/control-api.md": control_page,
    "docs/cli.md": cli_page,
    "docs/security.md": limits_page,
    "docs/smtp.md": smtp_page,
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
