// All tenants: a list with a search, which is useful for 10,000 of them too.

import { get, post, readOnly, repeat } from "./api.js";
import { button, dangerButton, field, h, say, table } from "./dom.js";
import { link } from "./requests.js";

const PAGE = 100;

export async function tenants(view, _, signal) {
  const search = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  const list = h("div", {});
  const count = h("p", { class: "quiet" });
  let all = [];
  let limit = PAGE;
  let shown = "";

  function draw() {
    const words = search.value.trim().toLowerCase();
    const found = all.filter(tenant => tenant.id.toLowerCase().includes(words));
    const page = found.slice(0, limit);
    const next = JSON.stringify([page, found.length]);
    if (next === shown) return;
    shown = next;
    count.textContent = words ? `${found.length} of ${all.length} tenants` : `${all.length} tenants`;
    list.replaceChildren(
      table("Tenants", ["Tenant", "Requests", "Changed providers", "Open"], page.map(({ id, requests, written }) => [
        h("a", { href: link("tenants", id) }, id), String(requests), written.join(", ") || "nothing",
        [h("a", { href: link("tenants", id, "requests"), "aria-label": `Requests of ${id}` }, "Requests"), " ", h("a", { href: link("tenants", id, "account"), "aria-label": `Account of ${id}` }, "Account")],
      ]), { hidden: true, empty: "No tenant." }),
      found.length > limit ? button(`Show ${Math.min(PAGE, found.length - limit)} more`, () => { limit += PAGE; draw(); }) : "");
  }

  search.addEventListener("input", () => { limit = PAGE; draw(); });
  view.append(
    h("h1", { tabindex: -1 }, "Tenants"),
    h("div", { class: "tools" }, field("Search", search), !readOnly && button("Create a tenant", async () => {
      const made = await post("tenants");
      say(`Created ${made.id}.`);
      location.hash = link("tenants", made.id);
    }, { class: "primary" }), !readOnly && dangerButton("Reset all", async () => {
      await post("reset");
      say("All tenants were reset.");
    })),
    count, list);
  const load = async () => {
    all = (await get("tenants", signal)).tenants.reverse();
    draw();
  };
  await load();
  repeat(5000, signal, load);
}
