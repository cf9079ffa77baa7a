// The messages that a tenant has sent: by which pool and IP each left, and why. Only if the server has an outbox.

import { get, repeat } from "./api.js";
import { code, field, h, table, time } from "./dom.js";
import { link } from "./requests.js";
import { tenantHead } from "./tenant.js";

const poolName = pool => (pool === null ? "none" : pool.name);

export async function outbox(view, [id], signal) {
  const at = `tenants/${encodeURIComponent(id)}/outbox`;
  const search = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  const list = h("div", {});
  let messages = [];
  let dropped = 0;
  let before;

  function draw() {
    const words = search.value.trim().toLowerCase();
    const found = messages.filter(each =>
      [each.id, each.provider, each.from, ...each.to, each.subject, poolName(each.pool), each.ip, each.reason, each.status].join(" ").toLowerCase().includes(words));
    list.replaceChildren(
      h("p", { class: "quiet" }, `${found.length} of ${messages.length} messages${dropped ? `; ${dropped} older ones were dropped` : ""}`),
      table("Messages, the newest first", ["Message", "Pool", "IP", "Reason", "From", "To", "Subject", "Status", "Time"], found.map(each => [
        h("a", { href: link("tenants", id, "outbox", each.id) }, each.id), poolName(each.pool), h("code", { class: "ip" }, each.ip ?? "none"), each.reason,
        each.from, each.to.join(", "), each.subject, `${each.status}, ${each.via}`, time(each.time),
      ]), { hidden: true, empty: messages.length ? "No message matches." : "No message yet." }));
  }

  // The oldest message and the numbers change whenever anything does, also if the numbers repeat after a reset.
  const load = async () => {
    const summary = JSON.stringify(await get(`${at}?limit=1`, signal));
    if (summary === before) return;
    const all = [];
    for (let after = "", more = true; more;) {
      const found = await get(`${at}${after && `?after=${encodeURIComponent(after)}`}`, signal);
      all.push(...found.messages);
      [after, more, dropped] = [found.next, found.has_more, found.dropped];
    }
    before = summary;
    messages = all.reverse();
    draw();
  };

  search.addEventListener("input", draw);
  view.append(await tenantHead(id, "outbox", signal), h("div", { class: "tools" }, field("Search", search)), list);
  await load();
  repeat(2000, signal, load);
}

export async function oneMessage(view, [id, mid], signal) {
  const message = await get(`tenants/${encodeURIComponent(id)}/outbox/${encodeURIComponent(mid)}`, signal);
  const { pool } = message;
  const rows = [
    ["Pool", pool && [h("strong", {}, pool.name), pool.id === pool.name ? "" : [" ", h("code", {}, pool.id)]]],
    ["IP", message.ip && h("code", {}, message.ip)],
    ["Account", message.account],
    ["Status", message.status],
    ["Way in", message.via],
    ["Id of the provider", h("code", {}, message.message_id)],
    ["From", message.from],
    ["To", message.to.join(", ")],
    ["Size", `${message.size} bytes`],
  ];
  view.append(
    h("nav", { "aria-label": "Path", class: "crumbs" }, h("a", { href: link("tenants", id, "outbox") }, `Outbox of ${id}`)),
    h("h1", { tabindex: -1 }, message.subject || "(no subject)"),
    h("p", { class: "quiet" }, `${message.id}, ${message.time}`),
    h("section", { class: "card why yes", "aria-labelledby": "why" },
      h("h2", { id: "why" }, pool || message.ip ? "Why it leaves by this pool and this IP" : "Why it leaves by no pool"),
      h("p", { class: "verdict" }, message.reason),
      h("dl", { class: "entry" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value || "none")]))),
    h("section", { class: "card", "aria-labelledby": "content" },
      h("h2", { id: "content" }, "Content"),
      message.is_complete ? "" : h("p", {}, "Only its beginning is shown."),
      table("Headers", ["Header", "Value"], message.headers.map(([name, value]) => [name, value])),
      message.texts.map(({ content_type: type, text }) => [h("h3", {}, type), code(text)]),
      message.attachments.length ? table("Attachments", ["Name", "Type", "Size"], message.attachments.map(each => [each.filename ?? "", each.content_type, `${each.size} bytes`])) : "",
      h("details", {}, h("summary", {}, "Source"), code(message.source))));
}
