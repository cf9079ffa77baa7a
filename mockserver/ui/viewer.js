// The viewer of one OpenAPI document, with the key of a tenant filled in.

import { get, tenantIds, token } from "./api.js";

const MOST = 200; // tenants to choose from
const [, name] = location.pathname.match(/([^/]+)\/$/);
const select = document.getElementById("tenant");
let isAuthorized = false;
let viewer;
const shown = new Promise(onComplete => {
  viewer = window.SwaggerUIBundle({
    url: `../${name}.json`,
    domNode: document.getElementById("viewer"),
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    ...(document.documentElement.dataset.ui === "read-only" ? { supportedSubmitMethods: ["get"] } : {}),
    onComplete,
  });
});

// Fill in the key of the chosen tenant, in the scheme of the document that the provider's header has.
async function authorize() {
  const id = select.value;
  const [{ providers }] = await Promise.all([
    id ? get(`tenants/${encodeURIComponent(id)}`).catch(() => ({ providers: {} })) : { providers: {} },
    shown,
  ]);
  if (id !== select.value) return; // another one was chosen meanwhile
  if (isAuthorized) viewer.authActions.logout(["bearer", "basic", "key"]);
  const header = providers[name]?.headers.Authorization;
  isAuthorized = Boolean(header);
  if (!header) return;
  const [scheme, value] = header.split(" ");
  if (scheme === "Bearer") viewer.preauthorizeApiKey("bearer", value);
  else if (scheme === "Basic") viewer.preauthorizeBasic("basic", ...atob(value).split(":"));
  else viewer.preauthorizeApiKey("key", header);
}

async function fill() {
  try {
    const ids = (await tenantIds()).slice(0, MOST);
    const last = sessionStorage.getItem("mockserver.tenant");
    for (const id of ids) select.append(new Option(id, id));
    select.value = ids.includes(last) ? last : ids[0] ?? "";
  } catch {
    select.replaceChildren(new Option("sign in at the dashboard first", ""));
  }
  await authorize();
}

if (name === "control") {
  select.parentElement.hidden = true;
  if (token()) shown.then(() => viewer.preauthorizeApiKey("token", token()));
} else {
  select.addEventListener("change", authorize);
  fill();
}
