// The messages that a tenant has sent: by which pool and IP each left, and why. Only if the server has an outbox.

import { get, repeat } from "./api.js";
import { h, table, time } from "./dom.js";
import { tenantHead } from "./tenant.js";

export async function outbox(view, [id], signal) {
  const list = h("div", {});
  view.append(await tenantHead(id, "outbox", signal), list);
  let before;
  const load = async () => {
    const { messages, dropped } = await get(`tenants/${encodeURIComponent(id)}/outbox`, signal);
    const next = JSON.stringify(messages);
    if (next === before) return;
    before = next;
    list.replaceChildren(table("Messages", ["Message", "Time", "Provider", "Way in", "From", "To", "Subject", "Pool", "IP", "Reason"],
      [...messages].reverse().map(message => [
        message.id, message.time ? time(message.time) : "", message.provider, [message.via, message.operation].filter(Boolean).join(", "), message.from ?? "",
        [message.to].flat().join(", "), message.subject ?? "", message.pool ?? "none", h("code", {}, message.ip ?? "none"), message.reason ?? "",
      ]), { hidden: true, empty: "No message yet." }), dropped ? h("p", { class: "quiet" }, `${dropped} older messages were dropped.`) : "");
  };
  await load();
  repeat(2000, signal, load);
}
