// The viewer of one OpenAPI document, with the key of a tenant filled in.

import { get, tenantIds, token } from "./api.js";

const MOST = 200; // tenants to choose from
const [, name] = location.pathname.match(/([^/]+)\/$/);
const select = document.getElementById("tenant");
let isAuthorized = false;

const viewer = window.SwaggerUIBundle({
  url: `../${name}.json`,
  domNode: document.getElementById("viewer"),
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  onComplete: () => (name === "control" ? authorize() : fill().then(authorize)),
});

// Fill in the key of the tenant, in the scheme of the document that the provider's header has.
async function authorize() {
  if (name === "control") {
    if (token()) viewer.preauthorizeApiKey("token", token());
    return;
  }
  if (isAuthorized) viewer.authActions.logout(["bearer", "basic", "key"]);
  const providers = select.value ? (await get(`tenants/${encodeURIComponent(select.value)}`).catch(() => ({ providers: {} }))).providers : {};
  const header = providers[name]?.headers.Authorization;
  isAuthorized = Boolean(header);
  if (!header) return;
  const [scheme, value] = header.split(" ");
  if (scheme === "Bearer") viewer.preauthorizeApiKey("bearer", value);
  else if (scheme === "Basic") viewer.preauthorizeBasic("basic", ...atob(value).split(":"));
  else viewer.preauthorizeApiKey("key", header);
}

let filling;

function fill() {
  filling ??= (async () => {
    try {
      const ids = (await tenantIds()).slice(0, MOST);
      for (const id of ids) select.append(new Option(id, id));
      const last = sessionStorage.getItem("mockserver.tenant");
      select.value = ids.includes(last) ? last : ids[0] ?? "";
    } catch {
      select.replaceChildren(new Option("sign in at the dashboard first", ""));
    }
  })();
  return filling;
}

select.addEventListener("change", authorize);
select.parentElement.hidden = name === "control";
if (name !== "control") fill();
