// Elements of a page. Every text becomes a text node; nothing is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

// A table with a caption. It scrolls by itself if it is wider than the page, also with the keyboard.
export function table(caption, heads, rows, { hidden = false, empty = "None." } = {}) {
  const body = h("tbody", {}, rows.map(row => h("tr", {}, row.map((cell, index) => h(index ? "td" : "th", index ? {} : { scope: "row" }, cell)))));
  if (!rows.length) body.append(h("tr", {}, h("td", { colspan: heads.length, class: "empty" }, empty)));
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
    h("table", {},
      h("caption", { class: hidden ? "hidden" : false }, caption),
      h("thead", {}, h("tr", {}, heads.map(head => h("th", { scope: "col" }, head)))),
      body));
}

// Say something to a screen reader.
export function say(text) {
  document.getElementById("said").textContent = text;
}

export function showProblem(text) {
  const problem = document.getElementById("problem");
  if (problem.textContent !== text) problem.textContent = text;
}

export function button(label, action, attributes = {}) {
  return h("button", { type: "button", ...attributes, onclick: async event => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    try {
      await action();
      showProblem("");
    } catch (error) {
      showProblem(error.message);
    } finally {
      pressed.disabled = false;
      if (document.activeElement === document.body) pressed.focus();
    }
  } }, label);
}

// Like a button; the first press asks, the second one within five seconds does it.
export function dangerButton(label, action) {
  let sure = false;
  const ask = button(label, async () => {
    if (!sure) {
      sure = true;
      ask.textContent = `${label}: sure?`;
      say(`Press again to ${label.toLowerCase()}.`);
      setTimeout(() => { sure = false; ask.textContent = label; }, 5000);
      return;
    }
    await action();
  }, { class: "danger" });
  return ask;
}

export async function copy(text) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else { // pages without TLS, not of this machine, have no clipboard
    const area = h("textarea", { readonly: true, "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied.");
}

export function copyButton(label, text, of) {
  const copying = button(label, async () => {
    await copy(typeof text === "function" ? text() : text);
    copying.textContent = "Copied";
    setTimeout(() => { copying.textContent = label; }, 1500);
  }, { class: "copy", "aria-label": of && `${label} ${of}` });
  return copying;
}

// A labelled form field.
export function field(label, control, hint) {
  const id = `f-${field.count = (field.count ?? 0) + 1}`;
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return h("div", { class: "field" }, h("label", { for: id }, label), control, hint && h("small", { id: `${id}-hint` }, hint));
}

export function select(options, value) {
  const element = h("select", {}, options.map(([each, label]) => h("option", { value: each }, label ?? each)));
  if (value !== undefined) element.value = value;
  return element;
}

export function form(submit, label, ...fields) {
  const send = h("button", { class: "primary" }, label);
  const element = h("form", { onsubmit: async event => {
    event.preventDefault();
    send.disabled = true;
    try {
      await submit();
      showProblem("");
    } catch (error) {
      showProblem(error.message);
    } finally {
      send.disabled = false;
    }
  } }, fields, h("div", { class: "field" }, send));
  return element;
}

export const time = text => h("time", { datetime: text, title: text }, text.slice(11, 23).replace("Z", ""));

export function status(code) {
  const kind = code === null ? "dropped" : `s${Math.floor(code / 100)}`;
  return h("span", { class: `status ${kind}` }, code === null ? "dropped" : String(code));
}

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// A block of text with a button that copies it.
export function code(text, label = "Copy") {
  return h("div", { class: "code" }, h("pre", { tabindex: 0 }, text), copyButton(label, text));
}
