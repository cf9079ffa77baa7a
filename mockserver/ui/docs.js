// The index of the OpenAPI documents.

import { h, table } from "./dom.js";

const hasViewer = document.documentElement.dataset.viewer === "yes";
const { documents } = await (await fetch("./", { headers: { Accept: "application/json" } })).json();
const rows = documents.map(({ title, url, page }) => [
  h("strong", {}, title),
  hasViewer ? h("a", { href: page }, `Open ${title}`) : "not installed",
  h("a", { href: url }, url),
]);
document.getElementById("documents").append(
  table("Documents", ["API", "Viewer", "OpenAPI document"], rows),
  hasViewer
    ? ""
    : h("section", { class: "card" },
      h("h2", {}, "Install the viewer"),
      h("p", {}, "The viewer is the extra ", h("code", {}, "docs"), ". Install it, and start the server again:"),
      h("pre", { tabindex: 0 }, "pip install '.[docs]'"),
      h("p", {}, "Any other viewer can read the documents, too: they may be requested from other origins.")),
);
