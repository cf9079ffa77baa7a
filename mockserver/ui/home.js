// Home: what runs, the keys of a tenant, how to point a client at it, the last requests.

import { get, getOnce, post, readOnly, repeat, tenantIds } from "./api.js";
import { button, code, copyButton, h, table } from "./dom.js";
import { link, quote, requestRows, REQUEST_HEADS } from "./requests.js";

const SHOWN = 15;
const TENANTS = 5;

export async function home(view, _, signal) {
  const [info, ids, matrix] = await Promise.all([get("info", signal), tenantIds(signal), getOnce("operations")]);
  const kept = sessionStorage.getItem("mockserver.tenant");
  const id = ids.includes(kept) ? kept : ids[0];
  const tenant = id && await get(`tenants/${encodeURIComponent(id)}`, signal);
  const last = h("div", {});
  const counters = h("dl", { class: "facts" });
  view.append(
    h("h1", { tabindex: -1 }, "mockserver"),
    h("section", { class: "card", "aria-labelledby": "runs" },
      h("h2", { id: "runs" }, "What runs"),
      counters,
      table("Providers", ["Provider", "URL", "Profile", "Operations"], info.providers.map(provider => [
        provider.title,
        [h("code", {}, provider.url), " ", copyButton("Copy", provider.url, `URL of ${provider.title}`)],
        tenant?.providers[provider.name]?.profile ?? "",
        String(provider.operations),
      ]), { hidden: true })),
    tenant ? keysCard(tenant, matrix.operations) : h("section", { class: "card" },
      h("h2", {}, "No tenant yet"),
      h("p", {}, "The first request with an API key creates a tenant."),
      !readOnly && button("Create a tenant", async () => {
        const made = await post("tenants");
        location.hash = link("tenants", made.id);
      }, { class: "primary" })),
    h("section", { class: "card", "aria-labelledby": "last" }, h("h2", { id: "last" }, "Last requests"), last));

  let before;
  const load = async () => {
    const now = await get("info", signal);
    const summary = JSON.stringify(now.counters);
    if (summary === before) return;
    counters.replaceChildren(...facts(now));
    const active = (await get("tenants", signal)).tenants.filter(each => each.requests).slice(-TENANTS);
    const found = await Promise.all(active.map(async ({ id: of }) =>
      (await get(`tenants/${encodeURIComponent(of)}/requests?limit=${SHOWN}`, signal)).requests.map(record => ({ ...record, of }))));
    const records = found.flat().sort((one, other) => (one.time < other.time ? 1 : -1)).slice(0, SHOWN);
    before = summary;
    last.replaceChildren(table("The last requests of the tenants used last", ["Tenant", ...REQUEST_HEADS],
      records.map(({ of, ...record }) => [h("a", { href: link("tenants", of, "requests") }, of), ...requestRows(of, record)]),
      { hidden: true, empty: "No request yet." }));
  };
  await load();
  repeat(2000, signal, load);
}

function facts(info) {
  const { counters } = info;
  const rows = [
    ["URL", new URL("../../", import.meta.url).href.replace(/\/$/, "")],
    ["Version", info.version],
    ["Store", info.store],
    ["Seed", info.seed],
    ["Tenants", `${counters.tenants} of ${info.limits.max_tenants}`],
    ["Requests", String(counters.requests)],
  ];
  return rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

export function keysCard(tenant, operations) {
  const names = Object.keys(tenant.providers);
  const env = names.flatMap(name => Object.entries(tenant.providers[name].env)).map(([name, value]) => `export ${name}=${quote(value)}`).join("\n");
  return h("section", { class: "card", "aria-labelledby": "keys" },
    h("h2", { id: "keys" }, "Keys of ", h("a", { href: link("tenants", tenant.id) }, tenant.id)),
    table("Keys", ["Provider", "API key", "Base URL"], names.map(name => {
      const provider = tenant.providers[name];
      return [
        name,
        provider.api_key === null ? "not shown: this tenant was created by a request with the key" : [h("code", { class: "key" }, provider.api_key), " ", copyButton("Copy", provider.api_key, `key of ${name}`)],
        [h("code", {}, provider.url), " ", copyButton("Copy", provider.url, `base URL of ${name}`)],
      ];
    }), { hidden: true }),
    env && h("details", {}, h("summary", {}, "Point a vendor's client at it"), h("p", {}, "These variables are what the vendors' clients and examples read."), code(env)),
    names.filter(name => tenant.providers[name].api_key !== null).map(name => h("details", {},
      h("summary", {}, `A first request to ${name}`), code(snippet(tenant.providers[name], operations.filter(each => each.provider === name))))));
}

function snippet(provider, operations) {
  const lists = operations.filter(({ method, paths }) => method === "GET" && !paths[0].includes("{"));
  const path = (lists.find(({ paths }) => /pools$/.test(paths[0])) ?? lists[0])?.paths[0] ?? "/";
  const [[name, value]] = Object.entries(provider.headers);
  return `curl -H ${quote(`${name}: ${value}`)} ${provider.url}${path}`;
}
