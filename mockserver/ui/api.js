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

// Send a request, and return the response if it is a success.
async function open(method, path, { body, headers = {}, signal } = {}) {
  if (/(^|\/)\.\.?(\/|$)/.test(path)) throw new ApiError(404, "No such name."); // it would be another path
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
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw new ApiError(response.status, problem?.detail ?? `The server responded with ${response.status}.`);
}

export async function request(method, path, body, signal) {
  const text = await (await open(method, path, { body, signal })).text();
  return text ? JSON.parse(text) : null;
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

// Do something now, and again a while after it has ended, as long as the page is visible and the view is open. The
// action is called with a function that it calls when it has reached the server.
export async function repeat(milliseconds, signal, action) {
  let failed = false;
  const reached = () => {
    if (failed) showProblem("");
    failed = false;
  };
  while (!signal.aborted) {
    if (!document.hidden) {
      try {
        await action(reached);
        reached();
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

// Call `handle` with the server-sent events of a stream as they come, a list of {event, data}. EventSource cannot send
// the token. The stream is closed while the page is hidden: a browser has few connections to a server. It goes on after
// the event `last`, if that is given.
export function follow(path, signal, last, handle) {
  return repeat(1000, signal, async reached => {
    const connection = new AbortController();
    const end = () => {
      if (signal.aborted || document.hidden) connection.abort();
    };
    signal.addEventListener("abort", end);
    document.addEventListener("visibilitychange", end);
    try {
      const headers = last === undefined ? {} : { "Last-Event-ID": last };
      const response = await open("GET", path, { headers, signal: connection.signal });
      reached();
      let text = "";
      for await (const part of chunks(response.body.pipeThrough(new TextDecoderStream()))) {
        const blocks = (text + part).split("\n\n");
        text = blocks.pop();
        const events = blocks.map(block => Object.fromEntries(block.split("\n").map(line => line.split(/: ?(.*)/s))));
        last = events.findLast(each => each.id !== undefined)?.id ?? last;
        const found = events.filter(each => each.data !== undefined);
        if (found.length) handle(found.map(each => ({ event: each.event, data: JSON.parse(each.data) })));
      }
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      signal.removeEventListener("abort", end);
      document.removeEventListener("visibilitychange", end);
    }
  });
}

// Streams are not iterable in every browser.
async function* chunks(stream) {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
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
