// One tenant: its keys, clock and snapshots; its account at each provider; its planned faults.

import { get, getOnce, post, put, readOnly, remove, repeat } from "./api.js";
import { button, dangerButton, field, form, h, say, select, table } from "./dom.js";
import { keysCard } from "./home.js";
import { picture } from "./picture.js";
import { link } from "./requests.js";

// Return the heading of a tenant and the links to its pages. Without an outbox in the control API there is no link to it.
export async function tenantHead(id, page, signal) {
  const control = await getOnce("docs/control.json");
  sessionStorage.setItem("mockserver.tenant", id);
  const pages = [["", "Keys"], ["account", "Account"], ["requests", "Requests"], ["faults", "Faults"]];
  if (control.paths["/tenants/{id}/outbox"]) pages.push(["outbox", "Outbox"]);
  return h("div", { class: "head" },
    h("nav", { "aria-label": "Path", class: "crumbs" }, h("a", { href: "#/tenants" }, "Tenants")),
    h("h1", { tabindex: -1 }, id),
    h("nav", { "aria-label": "Tenant", class: "tabs" }, h("ul", {}, pages.map(([path, label]) => h("li", {},
      h("a", { href: path ? link("tenants", id, path) : link("tenants", id), "aria-current": path === page ? "page" : false }, label))))));
}

export async function keys(view, [id], signal) {
  const at = `tenants/${encodeURIComponent(id)}`;
  const [tenant, matrix] = await Promise.all([get(at, signal), getOnce("operations")]);
  const clockBox = h("div", {});
  const snapshots = h("div", {});

  async function drawClock() {
    const { now, frozen } = await get(`${at}/clock`, signal);
    const seconds = h("input", { type: "number", min: 0, step: "any", value: 3600, required: true });
    const change = async action => { await action(); say("The clock was changed."); await drawClock(); };
    clockBox.replaceChildren(
      h("p", {}, h("time", { datetime: now }, now), frozen ? " (frozen)" : ""),
      ...(readOnly ? [] : [
        form(() => change(() => post(`${at}/clock/advance`, { seconds: Number(seconds.value) })), "Advance", field("Seconds", seconds)),
        button(frozen ? "Resume" : "Freeze", () => change(() => put(`${at}/clock`, { frozen: !frozen }))),
      ]));
  }

  async function drawSnapshots() {
    const found = (await get(`${at}/snapshots`, signal)).snapshots;
    const name = h("input", { required: true, autocomplete: "off" });
    snapshots.replaceChildren(
      table("Snapshots", ["Name", "Restore"], found.map(each => [each.name, readOnly ? "" : button("Restore", async () => {
        await post(`${at}/snapshots/${encodeURIComponent(each.name)}/restore`);
        say(`Restored ${each.name}.`);
        await drawClock();
      }, { "aria-label": `Restore ${each.name}` })]), { hidden: true, empty: "No snapshot." }),
      ...(readOnly ? [] : [form(async () => {
        await post(`${at}/snapshots`, { name: name.value });
        say("Saved.");
        await drawSnapshots();
      }, "Save", field("Name of a snapshot", name))]));
  }

  view.append(
    await tenantHead(id, "", signal),
    keysCard(tenant, matrix.operations),
    h("section", { class: "card", "aria-labelledby": "clock" }, h("h2", { id: "clock" }, "Clock"), clockBox),
    h("section", { class: "card", "aria-labelledby": "snapshots" }, h("h2", { id: "snapshots" }, "Snapshots"), snapshots),
    switches(tenant),
    readOnly ? "" : h("section", { class: "card", "aria-labelledby": "end" }, h("h2", { id: "end" }, "Reset or delete"),
      h("p", {}, "A reset returns to the seed, and clears the requests, the faults and the snapshots."),
      h("div", { class: "tools" }, dangerButton("Reset", async () => {
        await post(`${at}/reset`);
        say("The tenant was reset.");
        await Promise.all([drawClock(), drawSnapshots()]);
      }), dangerButton("Delete", async () => {
        await remove(at);
        say("The tenant was deleted.");
        location.hash = "#/tenants";
      }))));
  await Promise.all([drawClock(), drawSnapshots()]);
}

function switches(tenant) {
  const rows = Object.entries(tenant.providers).flatMap(([name, provider]) =>
    Object.entries(provider.switches).map(([each, on]) => [each, name, provider.profile, on ? "on" : "off"]));
  return rows.length ? h("section", { class: "card" }, h("details", {}, h("summary", {}, "Profiles and switches"),
    table("Switches", ["Switch", "Provider", "Profile", "Is"], rows, { hidden: true }))) : "";
}

// The account at each provider

export async function account(view, [id, chosen], signal) {
  const at = `tenants/${encodeURIComponent(id)}`;
  const body = h("div", {});
  const choice = h("ul", {});
  const { providers } = await getOnce("info");
  const name = chosen ?? providers[0]?.name;
  let before;
  view.append(await tenantHead(id, "account", signal), h("nav", { "aria-label": "Provider", class: "tabs small" }, choice), body);
  choice.append(...providers.map(each => h("li", {}, h("a", { href: link("tenants", id, "account", each.name), "aria-current": each.name === name ? "page" : false }, each.title))));
  const load = async () => {
    const [{ state }, { limits }] = await Promise.all([get(`${at}/state`, signal), get(`${at}/limits`, signal)]);
    const next = JSON.stringify([state[name], limits]);
    if (next === before) return;
    before = next;
    body.replaceChildren(...drawAccount(name, state[name] ?? {}, limits.filter(each => each.provider === name)));
  };
  await load();
  repeat(3000, signal, load);
}

const title = key => {
  const words = key.replaceAll("_", " ").replace(/\bips?\b/g, word => word.toUpperCase().replace("S", "s"));
  return words[0].toUpperCase() + words.slice(1);
};

const cell = value =>
  value === undefined || value === null ? ""
    : Array.isArray(value) ? value.map(each => (typeof each === "object" ? JSON.stringify(each) : String(each))).join(", ")
      : typeof value === "object" ? JSON.stringify(value)
        : typeof value === "boolean" ? (value ? "yes" : "no") : String(value);

function drawAccount(name, state, limits) {
  const lists = Object.entries(state).filter(([key, value]) => Array.isArray(value) && value.length && value.every(each => each && typeof each === "object") && key !== "outbox");
  const others = Object.entries(state).filter(([key]) => key !== "outbox" && !lists.some(([each]) => each === key));
  return [
    limits.length ? h("section", { class: "card", "aria-labelledby": "limits" }, h("h2", { id: "limits" }, "Limits"),
      h("ul", { class: "bars" }, limits.map(({ name: what, used, limit, kind, source }) => {
        const bar = h("meter", { min: 0, max: limit, high: limit * 0.9, value: used, "aria-label": what });
        return h("li", {}, h("span", {}, `${what}: ${used} of ${limit}`), bar, h("small", { title: source }, `${kind}: ${source}`));
      }))) : "",
    h("section", { class: "card", "aria-labelledby": "picture" }, h("h2", { id: "picture" }, "Who holds what"), picture(lists, title)),
    h("section", { class: "card", "aria-labelledby": "lists" }, h("h2", { id: "lists" }, "Records"),
      lists.map(([key, records]) => {
        const heads = [...new Set(records.flatMap(record => Object.keys(record)))];
        return table(`${title(key)} (${records.length})`, heads.map(title), records.map(record => heads.map(head => cell(record[head]))));
      }),
      h("dl", { class: "entry" }, others.map(([key, value]) => [h("dt", {}, title(key)), h("dd", {}, cell(value) || "none")]))),
  ];
}

// Planned faults

const KINDS = [["error", "an error"], ["delay", "a delay"], ["drop", "a closed connection"], ["timeout", "no response"], ["truncate", "half a response"]];

export async function faults(view, [id], signal) {
  const at = `tenants/${encodeURIComponent(id)}/faults`;
  const list = h("div", {});
  let before;
  const load = async () => {
    const found = (await get(at, signal)).faults;
    const next = JSON.stringify(found);
    if (next === before) return;
    before = next;
    list.replaceChildren(
      table("Planned faults", ["Fault", "Operation", "What", "Applied", "Left", "State", "Remove"], found.map(fault => [
        fault.id, fault.operation,
        fault.error ?? (fault.kind === "error" ? `status ${fault.status}` : fault.kind + (fault.delay_seconds === null ? "" : ` of ${fault.delay_seconds} s`)),
        String(fault.applied), String(fault.remaining),
        h("span", { class: fault.completed ? "kind observed" : "kind documented" }, fault.completed ? "completed" : fault.applied ? "fired" : "waiting"),
        readOnly ? "" : button("Remove", async () => { await remove(`${at}/${encodeURIComponent(fault.id)}`); await load(); }, { "aria-label": `Remove ${fault.id}` }),
      ]), { hidden: true, empty: "No fault is planned." }));
  };
  view.append(await tenantHead(id, "faults", signal),
    readOnly ? "" : await faultForm(at, load, signal),
    h("section", { class: "card", "aria-labelledby": "planned" }, h("h2", { id: "planned" }, "Planned faults"), list));
  await load();
  repeat(1000, signal, load);
}

async function faultForm(at, load) {
  const [matrix, { providers }] = await Promise.all([getOnce("operations"), getOnce("info")]);
  const operation = select([["*", "every operation"], ...providers.map(({ name, title: label }) => [`${name}.*`, `every operation of ${label}`]), ...matrix.operations.map(each => [each.id])]);
  const kind = select(KINDS);
  const error = h("select", {});
  const statusCode = h("input", { type: "number", min: 400, max: 599, value: 503 });
  const times = h("input", { type: "number", min: 1, value: 1, required: true });
  const skip = h("input", { type: "number", min: 0, value: 0, required: true });
  const seconds = h("input", { type: "number", min: 0.001, max: 60, step: "any", value: 1, required: true });
  const errorField = field("Error", error);
  const statusField = field("Status", statusCode);
  const secondsField = field("Seconds", seconds);
  const hint = h("p", { class: "quiet" });

  async function change() {
    const isError = kind.value === "error";
    errorField.hidden = !isError;
    secondsField.hidden = seconds.disabled = kind.value !== "delay";
    const known = matrix.operations.find(each => each.id === operation.value);
    if (error.dataset.of !== operation.value) {
      error.dataset.of = operation.value;
      error.replaceChildren(h("option", { value: "" }, "none: only a status"));
      if (known) {
        const document = await getOnce(`docs/${encodeURIComponent(known.provider)}.json`);
        const of = matrix.errors.filter(each => each.provider === known.provider);
        const own = new Set(exampleNames(document, known.id.split(".")[1]));
        if (error.dataset.of !== known.id) return; // another one was chosen meanwhile
        for (const [label, some] of [["Of this operation", of.filter(each => own.has(each.key))], ["Others of the provider", of.filter(each => !own.has(each.key))]]) {
          if (some.length) error.append(h("optgroup", { label }, some.map(each => h("option", { value: each.key }, `${each.key} (${each.status})`))));
        }
      }
    }
    const entry = known && matrix.errors.find(each => each.provider === known.provider && each.key === error.value);
    statusField.hidden = statusCode.disabled = !isError || error.value !== "";
    hint.textContent = isError && entry ? `${entry.status}: ${entry.message} (${entry.kind}: ${entry.source})` : "";
  }

  for (const control of [operation, kind, error]) control.addEventListener("change", change);
  await change();
  return h("section", { class: "card", "aria-labelledby": "plan" }, h("h2", { id: "plan" }, "Plan a fault"), form(async () => {
    const body = { operation: operation.value, kind: kind.value, times: Number(times.value), skip: Number(skip.value) };
    if (kind.value === "error") {
      if (error.value) body.error = error.value;
      else body.status = Number(statusCode.value);
    }
    if (kind.value === "delay") body.delay_seconds = Number(seconds.value);
    const made = await post(at, body);
    say(`Planned ${made.id}.`);
    await load();
  }, "Plan", field("Operation", operation), field("What happens", kind), errorField, statusField, secondsField,
  field("Times", times), field("Skip first", skip), hint));
}

// The names of the examples of an operation's errors, which are the keys of the errors.
function exampleNames(document, id) {
  const resolve = node => (node?.$ref ? resolve(node.$ref.slice(2).split("/").reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], document)) : node);
  const found = Object.values(document.paths).flatMap(item => Object.values(item)).find(each => each?.operationId === id);
  return Object.entries(found?.responses ?? {}).filter(([code]) => code >= "400")
    .flatMap(([, response]) => Object.values(resolve(response)?.content ?? {}))
    .flatMap(media => Object.keys(media.examples ?? {}));
}
