// The requests of a tenant as they come, and one request opened: why the provider said no.

import { follow, get, getOnce, readOnly, remove, repeat } from "./api.js";
import { code, dangerButton, field, h, pretty, say, select, showProblem, status, table, time } from "./dom.js";
import { tenantHead } from "./tenant.js";

export const REQUEST_HEADS = ["Request", "Status", "Operation", "Error", "Time", "Took"];
const LIMIT = 1000;
const PAGE = 100;
const KINDS = {
  documented: "A document of the provider states it.",
  observed: "It was recorded from the real service.",
  assumed: "No document states it: mockserver assumes it, and clients should not rely on it.",
};
const FAILURES = {
  not_found: "No operation of the provider has this path.",
  not_allowed: "The path is known, but not with this method.",
  too_large: "The body is larger than this server accepts.",
  not_implemented: "The provider has this operation, but mockserver does not implement it. Plan a stub for it.",
  crashed: "mockserver crashed on this request. Its log has the traceback.",
};

export const link = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

export const kind = name => h("span", { class: `kind ${name}`, title: KINDS[name] }, name);

export function requestRows(tenant, record) {
  return [
    h("a", { href: link("tenants", tenant, "requests", record.id), class: "path" }, `${record.method} ${record.path}`),
    status(record.status),
    record.operation ?? "none",
    record.fault ? `planned fault ${record.fault}` : record.error ? record.error.key : record.failure ?? "",
    time(record.time),
    duration(record),
  ];
}

const duration = record => `${record.milliseconds < 10 ? record.milliseconds.toFixed(1) : Math.round(record.milliseconds)} ms`;

export async function requests(view, [id], signal) {
  const base = `tenants/${encodeURIComponent(id)}/requests`;
  const text = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  const provider = select([["", "all"]]);
  const outcome = select([["", "all"], ["error", "errors"], ["2", "2xx"], ["4", "4xx"], ["5", "5xx"], ["fault", "planned faults"], ["unused", "unused fields"], ["violation", "violations"]]);
  const heads = [...REQUEST_HEADS, "Notes"];
  const body = h("tbody", {});
  const count = h("p", { class: "quiet", role: "status" });
  const empty = h("p", { class: "empty" }, "No request yet. They appear here as they come.");
  let shown = []; // the newest first: {record, row}

  const matches = record =>
    (!provider.value || record.provider === provider.value)
    && (!outcome.value
      || (outcome.value === "error" && (record.error || record.failure || record.status === null || record.status >= 400))
      || (outcome.value === "fault" && record.fault)
      || (outcome.value === "unused" && record.unused_fields.length)
      || (outcome.value === "violation" && (record.request_violations.length || record.response_violation))
      || String(record.status).startsWith(outcome.value))
    && `${record.id} ${record.method} ${record.path}?${record.query} ${record.operation} ${record.status} ${record.error?.key} ${record.error?.message} ${record.body}`.toLowerCase().includes(text.value.trim().toLowerCase());

  function filter() {
    let visible = 0;
    for (const { record, row } of shown) {
      row.hidden = !matches(record);
      visible += !row.hidden;
    }
    empty.hidden = visible > 0;
    empty.textContent = shown.length ? "No request matches." : "No request yet. They appear here as they come.";
    const text = `${visible === shown.length ? "" : `${visible} of `}${shown.length} ${shown.length === 1 ? "request" : "requests"}`;
    if (count.textContent !== text) count.textContent = text;
  }

  function makeRow(record) {
    const notes = [
      record.request_violations.length && `${record.request_violations.length} violations`,
      record.unused_fields.length && `${record.unused_fields.length} unused fields`,
      record.closest_operation && "misspelled?",
      record.response_violation && "response violates its schema",
    ].filter(Boolean).join(", ");
    const [first, ...cells] = [...requestRows(id, record), notes];
    return h("tr", {}, h("th", { scope: "row" }, first), cells.map(cell => h("td", {}, cell)));
  }

  for (const control of [text, provider, outcome]) control.addEventListener("input", filter);
  view.append(
    await tenantHead(id, "requests", signal),
    h("div", { class: "tools" }, field("Search", text), field("Provider", provider), field("Show", outcome),
      !readOnly && dangerButton("Clear", async () => {
        await remove(base);
        clear();
        say("The request log was cleared.");
      })),
    count,
    h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Requests, the newest first" },
      h("table", { class: "requests" }, h("caption", { class: "hidden" }, "Requests, the newest first"),
        h("thead", {}, h("tr", {}, heads.map(head => h("th", { scope: "col" }, head)))), body)),
    empty);
  for (const { name } of (await getOnce("info")).providers) provider.append(h("option", { value: name }, name));

  const entries = records => records.reverse().map(record => ({ record, row: makeRow(record) }));

  // Show a page of requests below those that are shown; return whether there are older ones.
  async function load(limit) {
    const before = shown.length ? `&before=${shown.at(-1).record.seq}` : "";
    const found = await get(`${base}?limit=${Math.min(limit, LIMIT - shown.length)}${before}`, signal);
    const added = entries(found.requests);
    body.append(...added.map(({ row }) => row));
    shown.push(...added);
    filter();
    return found.has_more && shown.length < LIMIT;
  }

  function clear() {
    shown = [];
    body.replaceChildren();
    filter();
  }

  function add(records) {
    const added = entries(records);
    body.prepend(...added.map(({ row }) => row));
    shown = [...added, ...shown];
    for (const { row } of shown.splice(LIMIT)) row.remove();
    filter();
  }

  async function loadOlder() {
    while (await load(3 * PAGE));
  }

  if (await load(PAGE)) loadOlder().catch(error => signal.aborted || showProblem(error.message)).then(goOn);
  else goOn();

  function goOn() {
    const newest = shown[0]?.record;
    follow(`${base}/stream?since=0`, signal, newest && `${newest.seq}-${newest.time}`, events => {
      const last = events.findLastIndex(each => each.event === "clear");
      if (last >= 0) clear();
      add(events.slice(last + 1).map(each => each.data));
    });
  }
}

export async function oneRequest(view, [id, rid], signal) {
  const [record, matrix, tenant, info] = await Promise.all([
    get(`tenants/${encodeURIComponent(id)}/requests/${encodeURIComponent(rid)}`, signal),
    getOnce("operations"),
    get(`tenants/${encodeURIComponent(id)}`, signal),
    getOnce("info"),
  ]);
  const { title } = info.providers.find(each => each.name === record.provider) ?? { title: record.provider };
  const operation = matrix.operations.find(each => each.id === record.operation);
  const provider = tenant.providers[record.provider];
  view.append(
    h("nav", { "aria-label": "Path", class: "crumbs" }, h("a", { href: link("tenants", id, "requests") }, `Requests of ${id}`)),
    h("h1", { tabindex: -1 }, status(record.status), " ", h("span", { class: "path" }, `${record.method} ${record.path}`)),
    h("p", { class: "quiet" }, `${record.id}, ${record.time}, ${record.operation ?? "no operation"}${record.account ? `, acting for ${record.account}` : ""}`),
    why(record, operation, matrix, title),
    notes(record),
    h("section", { class: "card", "aria-labelledby": "sent" },
      h("h2", { id: "sent" }, "Request"),
      h("p", {}, h("code", {}, `${record.method} ${provider?.url ?? ""}${record.path}${record.query ? `?${record.query}` : ""}`)),
      table("Headers", ["Header", "Value"], record.headers.map(([name, value]) => [name, h("code", {}, value)])),
      h("h3", {}, "Body"),
      record.body ? code(pretty(record.body)) : h("p", { class: "quiet" }, "None.")),
    h("section", { class: "card", "aria-labelledby": "returned" },
      h("h2", { id: "returned" }, "Response"),
      h("p", {}, "Status ", status(record.status), record.error ? [": ", h("code", {}, record.error.message)] : ""),
      h("p", { class: "quiet" }, `After ${duration(record)}.`),
      h("h3", {}, "Body"),
      record.response_body ? code(pretty(record.response_body)) : h("p", { class: "quiet" }, "None.")),
    h("section", { class: "card", "aria-labelledby": "again" },
      h("h2", { id: "again" }, "Send it again"),
      h("h3", {}, "As curl"), code(curl(record, provider), "Copy as curl"),
      h("h3", {}, "As a test"), code(pytest(record), "Copy as pytest")));
}

// Why the response is what it is: the fault or the error, with the kind of its evidence and its source.
function why(record, operation, matrix, title) {
  const parts = [];
  const rows = [];
  if (record.fault) parts.push(h("p", {}, "You planned it: the fault ", h("code", {}, record.fault), " of this tenant was applied to this request."));
  if (record.stub) parts.push(h("p", {}, "The response is that of the stub ", h("code", {}, record.stub), " of this tenant."));
  if (record.failure) parts.push(h("p", {}, FAILURES[record.failure] ?? record.failure));
  if (record.closest_operation) {
    const closest = matrix.operations.find(each => each.id === record.closest_operation);
    parts.push(h("p", {}, "Did you mean ", h("strong", {}, record.closest_operation), closest ? [": ", h("code", {}, `${closest.method} ${closest.paths[0]}`)] : "", "?"));
  }
  if (record.error) {
    const { key, message, kind: name, source } = record.error;
    const entry = matrix.errors.find(each => each.provider === record.provider && each.key === key);
    parts.push(h("p", { class: "verdict" }, message));
    rows.push(
      ["Error", [h("code", {}, key), entry && entry.message !== message ? [", in the catalog: ", h("code", {}, entry.message)] : ""]],
      ["Evidence", [kind(name), " ", KINDS[name]]],
      ["Source", source],
      ["Checked by", entry && checks(entry.evidence)]);
  } else if (!parts.length) {
    parts.push(h("p", {}, record.status === null ? "The connection was closed without a response." : "The provider accepted it."));
  }
  if (operation) {
    rows.push(
      ["Operation", [`${operation.summary}: `, h("code", {}, `${operation.method} ${operation.paths[0]}`), " ", kind(operation.kind), " ", operation.source]],
      ["Scope", operation.scope && h("code", {}, operation.scope)]);
  }
  const failed = record.error || record.failure || record.fault || record.status === null || record.status >= 400;
  return h("section", { class: `card why ${failed ? "no" : "yes"}`, "aria-labelledby": "why" },
    h("h2", { id: "why" }, failed ? `Why ${title} said no` : `What ${title} did`), parts,
    h("dl", { class: "entry" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

function checks({ examples, clients, models, mutants }) {
  const found = [
    examples && `${examples} documented examples`,
    clients.length && clients.join(", "),
    models.length && `models: ${models.join(", ")}`,
    mutants && (mutants === 1 ? "1 mutant" : `${mutants} mutants`),
  ].filter(Boolean);
  return found.join("; ") || "nothing but tests";
}

// What a client may have meant otherwise, whatever the response.
function notes(record) {
  const parts = [];
  if (record.request_violations.length) {
    parts.push(table("What the OpenAPI document does not allow", ["Where", "Rule", "Value"], record.request_violations.map(each => [
      h("code", {}, each.pointer), h("code", {}, each.rule), h("code", {}, JSON.stringify(each.value)),
    ])));
  }
  if (record.unused_fields.length) {
    parts.push(h("h3", {}, "Fields that the operation ignored"), h("ul", {}, record.unused_fields.map(name => h("li", {}, h("code", {}, name)))));
  }
  if (record.response_violation) parts.push(h("h3", {}, "The response violates the OpenAPI document"), h("p", {}, record.response_violation));
  if (!parts.length) return "";
  return h("section", { class: "card", "aria-labelledby": "notes" }, h("h2", { id: "notes" }, "Worth a look"), parts);
}

const DROPPED = new Set(["authorization", "host", "content-length", "connection", "accept-encoding", "user-agent", "accept"]);

// The credential is redacted in the request log; the tenant's own key replaces it if it ends alike.
function authorization(record, provider) {
  const end = record.credential?.replace("…", "");
  const isOwn = provider?.api_key && end && provider.api_key.endsWith(end);
  return isOwn ? Object.entries(provider.headers) : [["Authorization", "YOUR KEY"]];
}

// Quote a text for a POSIX shell.
export const quote = text => `'${String(text).replaceAll("'", "'\\''")}'`;

export function curl(record, provider) {
  const headers = [...record.headers.filter(([name]) => !DROPPED.has(name.toLowerCase())), ...authorization(record, provider)];
  return [
    `curl -i -X ${quote(record.method)} ${quote(`${provider?.url ?? ""}${record.path}${record.query ? `?${record.query}` : ""}`)}`,
    ...headers.map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`),
    ...(record.body ? [`  --data-raw ${quote(record.body)}`] : []),
  ].join(" \\\n");
}

// JSON strings are Python strings, but for what is beyond the basic plane; \u{…} is not needed as JSON has pairs.
const python = text => JSON.stringify(text).replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
  .replace(/\\u(d[89ab]..)\\u(d[c-f]..)/g, (_, high, low) => `\\U${(0x10000 + ((parseInt(high, 16) - 0xd800) << 10) + parseInt(low, 16) - 0xdc00).toString(16).padStart(8, "0")}`);

export function pytest(record) {
  const name = (record.operation ?? "request").split(".").pop().replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  const type = record.headers.find(([each]) => each.toLowerCase() === "content-type");
  const headers = type ? `{**provider.headers, "Content-Type": ${python(type[1])}}` : "provider.headers";
  return [
    "import requests", "", "",
    `def test_${name}(mockserver):`,
    `    provider = mockserver.${record.provider}`,
    "    response = requests.request(",
    `        ${python(record.method)},`,
    `        provider.url + ${python(record.path + (record.query ? `?${record.query}` : ""))},`,
    `        headers=${headers},`,
    ...(record.body ? [`        data=${python(record.body)}.encode(),`] : []),
    "    )",
    ...(record.status === null ? [] : [`    assert response.status_code == ${record.status}`]),
    ...(record.error ? [`    # ${record.error.key}: ${record.error.message.replace(/\s+/g, " ")}`] : []), "",
  ].join("\n");
}

export async function unmatched(view, _, signal) {
  const list = h("div", {});
  view.append(h("h1", { tabindex: -1 }, "Unmatched requests"), h("p", {}, "Requests that belong to no tenant, and why."), list);
  let before;
  const load = async () => {
    const { requests: found } = await get("unmatched-requests", signal);
    const next = found.length ? `${found.at(-1).seq} ${found.length}` : "";
    if (next === before) return;
    before = next;
    list.replaceChildren(table("Unmatched requests, the newest first", ["Request", "Status", "Reason", "Time"], [...found].reverse().map(record => [
      h("span", { class: "path" }, `${record.method} ${record.path}`), status(record.status), record.reason, time(record.time),
    ]), { hidden: true, empty: "None: every request reached a tenant." }));
  };
  await load();
  repeat(2000, signal, load);
}
