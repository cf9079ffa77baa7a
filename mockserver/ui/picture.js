// A picture of an account: who holds what. Its tables say the same in words.

import { h, svg } from "./dom.js";

const MOST = 30; // of a column
const WIDTH = 190;
const GAP = 90;
const STEP = 30;
const IDS = ["id", "pool_id", "ip", "external_ip", "name", "username", "address", "login"];

const REFERS = /pool|ips?$|user|account|domain|delegated/;

// What a field refers to, or a list has: pools, IPs, or others such as domains and subaccounts.
const rank = name => (/pool/.test(name) ? 1 : /ips?$/.test(name) ? 2 : 0);

// Return the columns and links of lists of records. A record is linked to each record of another list that a field of
// it names: by its id, its address or its name.
export function links(lists) {
  const columns = lists.map(([key, records]) => ({
    key,
    nodes: records.map(record => ({
      record,
      ids: IDS.filter(name => record[name] !== undefined).map(name => String(record[name])),
      label: String(record.name ?? record.ip ?? record.external_ip ?? record.id ?? record.pool_id ?? record.login ?? ""),
      links: new Set(),
    })),
  }));
  const byId = new Map();
  for (const column of columns) {
    for (const node of column.nodes) for (const id of node.ids) byId.set(id, [...(byId.get(id) ?? []), [column, node]]);
  }
  const found = [];
  for (const column of columns) {
    for (const node of column.nodes) {
      for (const [field, value] of Object.entries(node.record)) {
        if (!REFERS.test(field) || (IDS.includes(field) && !(field === "pool_id" && node.record.id !== undefined))) continue;
        for (const each of [value].flat()) {
          for (const [other, target] of byId.get(String(each)) ?? []) {
            if (other === column || rank(field) !== rank(other.key) || node.links.has(target)) continue;
            node.links.add(target);
            target.links.add(node);
            found.push([node, target]);
          }
        }
      }
    }
  }
  return { columns, found };
}

export function picture(lists, title) {
  const { columns, found } = links(lists);
  if (!found.length) return h("p", { class: "quiet" }, "Nothing holds anything.");
  const used = columns.filter(({ nodes }) => nodes.some(node => node.links.size)).sort((one, other) => rank(one.key) - rank(other.key));
  let height = 0;
  const drawn = [];
  used.forEach((column, index) => {
    const linked = column.nodes.filter(node => node.links.size);
    column.shown = linked.slice(0, MOST);
    column.shown.forEach((node, row) => {
      node.x = 10 + index * (WIDTH + GAP);
      node.y = 40 + row * STEP;
    });
    const rest = column.nodes.length - column.shown.length;
    const end = 40 + column.shown.length * STEP;
    const x = 10 + index * (WIDTH + GAP);
    drawn.push(svg("text", { x, y: 24, class: "column" }, title(column.key)));
    for (const node of column.shown) {
      const label = node.label.length > 24 ? `${node.label.slice(0, 23)}…` : node.label;
      drawn.push(svg("g", { class: `node rank${rank(column.key)}` },
        svg("title", {}, `${node.label}: ${[...node.links].map(other => other.label).join(", ")}`),
        svg("rect", { x: node.x, y: node.y, width: WIDTH, height: 24, rx: 6 }),
        svg("text", { x: node.x + 8, y: node.y + 16 }, label)));
    }
    if (rest) drawn.push(svg("text", { x: x + 8, y: end + 16, class: "more" }, `and ${rest} more`));
    height = Math.max(height, end + 30);
  });
  const lines = found.filter(([one, other]) => one.y && other.y).map(([one, other]) => {
    const [from, to] = one.x <= other.x ? [one, other] : [other, one];
    const [x, y, u, v] = [from.x + WIDTH, from.y + 12, to.x, to.y + 12];
    return svg("path", { class: "link", d: `M${x} ${y}C${x + GAP / 2} ${y} ${u - GAP / 2} ${v} ${u} ${v}` });
  });
  const width = 20 + used.length * (WIDTH + GAP) - GAP;
  const holds = found.length === 1 ? "1 link" : `${found.length} links`;
  return h("div", { class: "scroll picture", tabindex: 0, role: "group", "aria-label": "Picture" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${used.map(column => `${column.nodes.length} ${title(column.key)}`).join(", ")}; ${holds}. The tables below say the same in words.` }, lines, drawn));
}
