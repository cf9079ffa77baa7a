// The dashboard: which view belongs to the address, and what happens when it changes.

import { get, readOnly, signIn } from "./api.js";
import { h, showProblem } from "./dom.js";
import { home } from "./home.js";
import { tenants } from "./tenants.js";
import { account, faults, keys } from "./tenant.js";
import { oneRequest, requests, unmatched } from "./requests.js";
import { oneMessage, outbox } from "./outbox.js";

const main = document.getElementById("main");
const ROUTES = [
  [/^$/, home, "home"],
  [/^tenants$/, tenants, "tenants"],
  [/^unmatched$/, unmatched, "unmatched"],
  [/^tenants\/([^/]+)$/, keys, "tenants"],
  [/^tenants\/([^/]+)\/account(?:\/([^/]+))?$/, account, "tenants"],
  [/^tenants\/([^/]+)\/requests$/, requests, "tenants"],
  [/^tenants\/([^/]+)\/requests\/([^/]+)$/, oneRequest, "tenants"],
  [/^tenants\/([^/]+)\/faults$/, faults, "tenants"],
  [/^tenants\/([^/]+)\/outbox$/, outbox, "tenants"],
  [/^tenants\/([^/]+)\/outbox\/([^/]+)$/, oneMessage, "tenants"],
];
let open = new AbortController();
let isFirst = true;

function decode(part) {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function show() {
  open.abort();
  open = new AbortController();
  const { signal } = open;
  const path = location.hash.replace(/^#?\/?/, "");
  const route = ROUTES.find(([pattern]) => pattern.test(path));
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === route?.[2]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showProblem("");
  const view = h("div", { class: "view", "aria-busy": "true" });
  main.replaceChildren(view);
  try {
    if (route) await route[1](view, path.match(route[0]).slice(1).map(decode), signal);
    else view.append(h("h1", { tabindex: -1 }, "Not found"), h("p", {}, h("a", { href: "#/" }, "Home")));
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === 401) view.replaceChildren(signIn(error.message, show));
    else view.replaceChildren(h("h1", { tabindex: -1 }, error.status === 404 ? "Not found" : "This did not work"), h("p", {}, error.message), h("p", {}, h("a", { href: "#/" }, "Home")));
  }
  if (signal.aborted) return;
  view.removeAttribute("aria-busy");
  const title = main.querySelector("h1");
  document.title = `${title?.textContent ?? "mockserver"}, mockserver`;
  if (!isFirst) title?.focus();
  isFirst = false;
}

document.getElementById("mode").hidden = !readOnly;
document.querySelector(".skip").addEventListener("click", event => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", show);
show();
