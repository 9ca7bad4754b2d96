"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmpv6: 58 };
const EVERYTHING = (256 << 16) - 1;

const cells = new Map();
for (const [source, destination, allowed, egress, ingress] of data.cells) {
  cells.set(source * data.nodes.length + destination, { source, destination, allowed, egress, ingress });
}
const cellAt = (source, destination) => cells.get(source * data.nodes.length + destination);

function make(name, attributes, ...children) {
  const svg = ["svg", "defs", "marker", "path", "text", "circle", "g", "title"].includes(name);
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// --- what is chosen by the filters -----------------------------------------------------------

function wantedServices(text) {
  const found = /^\s*([a-z0-9]+)\s*(?:\/\s*(\d+)\s*(?:-\s*(\d+))?)?\s*$/i.exec(text);
  if (!found) return null;
  const protocol = PROTOCOLS[found[1].toLowerCase()] ?? (/^\d+$/.test(found[1]) ? Number(found[1]) : null);
  if (protocol === null || protocol > 255) return null;
  const low = found[2] === undefined ? 0 : Number(found[2]);
  const high = found[2] === undefined ? 65535 : Number(found[3] ?? found[2]);
  return low > high || high > 65535 ? null : [protocol * 65536 + low, protocol * 65536 + high];
}

function kindOf(cell) {
  const allowed = data.allowed[cell.allowed];
  if (!allowed.some) return "none";
  if (allowed.requests) return "requests";
  const whole = allowed.spans.length === 1 && allowed.spans[0][0] === 0 && allowed.spans[0][1] === EVERYTHING;
  return whole ? "all" : "some";
}

function readFilters() {
  const text = byId("service").value.trim();
  const services = text ? wantedServices(text) : undefined;
  byId("service").setAttribute("aria-invalid", String(services === null));
  const name = (id) => byId(id).value.trim().toLowerCase();
  return { from: name("from"), to: name("to"), services: services ?? undefined, requests: byId("requests").checked, external: byId("external").checked };
}

function matches(cell, filters) {
  const allowed = data.allowed[cell.allowed];
  if (filters.requests && !allowed.requests) return false;
  if (filters.services) {
    const [low, high] = filters.services;
    return allowed.spans.some(([first, last]) => first <= high && low <= last);
  }
  return true;
}

function chosenNodes(filters) {
  const narrowed = filters.requests || filters.services !== undefined;
  const named = (text) => data.nodes.map((node) => node.name.toLowerCase().includes(text) && (filters.external || node.kind !== "external"));
  const rows = named(filters.from), columns = named(filters.to);
  if (!narrowed) return { rows, columns };
  const usedRows = data.nodes.map(() => false), usedColumns = data.nodes.map(() => false);
  for (const cell of cells.values()) {
    if (rows[cell.source] && columns[cell.destination] && matches(cell, filters)) {
      usedRows[cell.source] = usedColumns[cell.destination] = true;
    }
  }
  return { rows: usedRows, columns: usedColumns };
}

// --- the views -------------------------------------------------------------------------------

function label(cell) {
  return `${data.nodes[cell.source].name} to ${data.nodes[cell.destination].name}: ${data.allowed[cell.allowed].words}`;
}

function drawMatrix(filters) {
  const { rows, columns } = chosenNodes(filters);
  const head = make("tr", {}, make("th", {}, "from \\ to"));
  data.nodes.forEach((node, n) => {
    if (columns[n]) head.append(make("th", { scope: "col", title: node.name }, make("div", {}, node.name)));
  });
  const body = document.createElement("tbody");
  let first = true, passing = 0;
  data.nodes.forEach((node, source) => {
    if (!rows[source]) return;
    const row = make("tr", {}, make("th", { scope: "row", title: node.name }, node.name));
    data.nodes.forEach((_, destination) => {
      if (!columns[destination]) return;
      const cell = cellAt(source, destination);
      if (!cell) {
        row.append(make("td", { class: "void", title: "nobody decides here" }));
        return;
      }
      const kind = matches(cell, filters) ? kindOf(cell) : "none";
      passing += kind === "none" ? 0 : 1;
      const words = label(cell);
      row.append(make("td", { class: kind, tabindex: first ? "0" : "-1", title: words, "aria-label": words, "data-source": source, "data-destination": destination }));
      first = false;
    });
    body.append(row);
  });
  byId("matrix").firstElementChild.replaceChildren(make("thead", {}, head), body);
  byId("summary").textContent = `${passing} of ${cells.size} pairs may connect`;
}

function drawGraph(filters) {
  const { rows, columns } = chosenNodes(filters);
  const shown = data.nodes.map((_, n) => n).filter((n) => rows[n] || columns[n]);
  const radius = Math.max(160, shown.length * 7), size = radius + 190;
  const svg = make("svg", { viewBox: `${-size} ${-size} ${2 * size} ${2 * size}`, role: "group" });
  const tip = make("path", { d: "M0 0L8 4L0 8z", class: "tip" });
  svg.append(make("defs", {}, make("marker", { id: "tip", viewBox: "0 0 8 8", refX: 12, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" }, tip)));
  const place = new Map();
  shown.forEach((n, index) => {
    const angle = (2 * Math.PI * index) / shown.length - Math.PI / 2;
    place.set(n, { x: radius * Math.cos(angle), y: radius * Math.sin(angle), angle });
  });
  for (const cell of cells.values()) {
    if (!rows[cell.source] || !columns[cell.destination] || !matches(cell, filters)) continue;
    const kind = kindOf(cell), a = place.get(cell.source), b = place.get(cell.destination);
    if (kind === "none") continue;
    const bend = `${(a.x + b.x) * 0.18 + (b.y - a.y) * 0.1} ${(a.y + b.y) * 0.18 - (b.x - a.x) * 0.1}`;
    svg.append(make("path", { d: `M${a.x} ${a.y}Q${bend} ${b.x} ${b.y}`, class: kind, "marker-end": "url(#tip)", tabindex: "0", "aria-label": label(cell), "data-source": cell.source, "data-destination": cell.destination }, make("title", {}, label(cell))));
  }
  for (const [n, at] of place) {
    const left = Math.cos(at.angle) < 0, turned = (at.angle * 180) / Math.PI + (left ? 180 : 0);
    const text = make("text", { transform: `translate(${at.x * 1.04} ${at.y * 1.04}) rotate(${turned})`, "text-anchor": left ? "end" : "start", "dominant-baseline": "middle" }, data.nodes[n].name);
    svg.append(make("g", { class: "node", "data-node": n }, make("circle", { cx: at.x, cy: at.y, r: 5, fill: "currentColor" }), text));
  }
  byId("graph").replaceChildren(svg);
}

// --- what decides ----------------------------------------------------------------------------

function sideDetails(title, side) {
  const found = [make("h3", {}, title)];
  if (side < 0) return [...found, make("p", {}, "nobody manages this side: it lets everything pass")];
  for (const reason of data.sides[side]) {
    const verdict = reason.verdict === "redirect" ? "allow, some requests" : reason.verdict;
    const line = make("p", {}, make("span", { class: `verdict ${reason.verdict}` }, verdict), ` ${reason.services}`);
    if (reason.statement === undefined) {
      found.push(line);
      line.append(` — ${reason.why}`);
      continue;
    }
    const statement = data.statements[reason.statement];
    line.append(statement.name ? ` by ${statement.name}` : "", make("br", {}), `${statement.file}:${statement.line}`);
    found.push(line);
    if (statement.doc) found.push(make("p", {}, statement.doc));
    const width = String(statement.line + statement.lines.length).length;
    const numbered = statement.lines.map((text, n) => `${String(statement.line + n).padStart(width)} | ${text}`);
    found.push(make("pre", {}, numbered.join("\n")));
  }
  return found;
}

function choose(element) {
  const ends = [element.dataset.source, element.dataset.destination].map((n) => data.nodes[Number(n)].name);
  history.replaceState(null, "", `#${new URLSearchParams({ from: ends[0], to: ends[1] })}`);
  for (const old of document.querySelectorAll(".chosen")) old.classList.remove("chosen");
  element.classList.add("chosen");
  const source = Number(element.dataset.source), destination = Number(element.dataset.destination);
  const cell = cellAt(source, destination), names = [data.nodes[source], data.nodes[destination]];
  const ranges = names.filter((node) => node.ranges).map((node) => make("p", {}, `${node.name}: ${node.ranges.join(", ")}`));
  byId("details").replaceChildren(
    make("h2", {}, `${names[0].name} → ${names[1].name}`),
    make("p", {}, data.allowed[cell.allowed].words),
    ...ranges,
    ...sideDetails(`Egress of ${names[0].name}`, cell.egress),
    ...sideDetails(`Ingress of ${names[1].name}`, cell.ingress),
  );
}

function drawAll() {
  const filters = readFilters();
  const view = document.querySelector("input[name=view]:checked").value;
  byId("matrix").hidden = view !== "matrix";
  byId("graph").hidden = view !== "graph";
  drawMatrix(filters);
  if (view === "graph") drawGraph(filters);
}

function moved(element, key) {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
  let row = element.parentElement, at = [...row.children].indexOf(element);
  while (steps) {
    at += steps[1];
    if (steps[0]) row = steps[0] < 0 ? row.previousElementSibling : row.nextElementSibling;
    const next = row && at > 0 ? row.children[at] : null;
    if (!next) return null;
    if (next.dataset.source !== undefined) return next;
  }
  return null;
}

document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-source]");
  if (element) return choose(element);
  const node = event.target.closest("[data-node]");
  if (node) {
    byId("from").value = data.nodes[Number(node.dataset.node)].name;
    drawAll();
  }
});
document.addEventListener("keydown", (event) => {
  const element = event.target.closest?.("[data-source]");
  if (!element) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(element);
  } else if (element.tagName === "TD" && event.key.startsWith("Arrow")) {
    const next = moved(element, event.key);
    event.preventDefault();
    if (next) {
      element.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  }
});
function chooseLinked() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const at = (name) => data.nodes.findIndex((node) => node.name === wanted.get(name));
  const element = document.querySelector(`td[data-source="${at("from")}"][data-destination="${at("to")}"]`);
  if (element) choose(element);
}

window.addEventListener("hashchange", chooseLinked);
byId("filters").addEventListener("input", drawAll);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
drawAll();
chooseLinked();
