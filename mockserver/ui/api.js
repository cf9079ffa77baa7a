// The control API, as this page uses it: its own origin, and the token of this browser tab.

import { h, form, field, say, showProblem } from "./dom.js";

const BASE = new URL("../", import.meta.url);
const TOKEN = "mockserver.token";
export const readOnly = document.documentElement.dataset.ui === "read-only";

export const token = () => sessionStorage.getItem(TOKEN);

export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function request(method, path, body, signal) {
  if (/(^|\/)\.\.?(\/|$)/.test(path)) throw new ApiError(404, "No such name."); // it would be another path
  const headers = {};
  if (token()) headers.Authorization = `Bearer ${token()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(new URL(path, BASE), {
      method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server does not respond.");
  }
  const text = await response.text();
  let data;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    data = null;
  }
  if (!response.ok) throw new ApiError(response.status, data?.detail ?? `The server responded with ${response.status}.`);
  return data;
}

export const get = (path, signal) => request("GET", path, undefined, signal);
export const post = (path, body = {}) => request("POST", path, body);
export const put = (path, body) => request("PUT", path, body);
export const remove = path => request("DELETE", path);

const kept = new Map();

// Get what does not change while the server runs.
export function getOnce(path) {
  if (!kept.has(path)) {
    kept.set(path, get(path).catch(error => {
      kept.delete(path);
      throw error;
    }));
  }
  return kept.get(path);
}

// Do something now, and again a while after it has ended, as long as the page is visible and the view is open.
export async function repeat(milliseconds, signal, action) {
  let failed = false;
  while (!signal.aborted) {
    if (!document.hidden) {
      try {
        await action();
        if (failed) showProblem("");
        failed = false;
      } catch (error) {
        if (signal.aborted) return;
        failed = true;
        showProblem(error.message);
        if (error.status === 401 || error.status === 403 || error.status === 404) return;
      }
    }
    await new Promise(done => {
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
    });
  }
}

// Return the ids of tenants to choose from, the newest first. A server that was just started has none yet; with the
// seed `default` there is the tenant of its keys.
export async function tenantIds(signal) {
  const [{ tenants }, { seed }] = await Promise.all([get("tenants", signal), getOnce("info")]);
  const ids = tenants.map(tenant => tenant.id).reverse();
  if (seed === "default" && !ids.includes("default")) ids.push("default");
  return ids;
}

// Ask for the token, which is kept until the tab is closed.
export function signIn(message, then) {
  const input = h("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  return h("section", { class: "card narrow" },
    h("h1", { tabindex: -1 }, "Sign in"),
    h("p", {}, message),
    form(async () => {
      const before = token();
      sessionStorage.setItem(TOKEN, input.value.trim());
      try {
        await get("info");
      } catch (error) {
        if (before === null) sessionStorage.removeItem(TOKEN);
        else sessionStorage.setItem(TOKEN, before);
        throw error.status === 401 ? new Error("That is not the token of this server.") : error;
      }
      say("Signed in.");
      then();
    }, "Sign in", field("Control token", input, "It stays in this tab, and is forgotten when the tab is closed.")));
}
