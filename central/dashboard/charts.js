// Elements and charts. Text from events is hostile: it becomes text nodes and attributes, never HTML.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") node.addEventListener("click", value);
    else if (key === "width_share") node.style.width = `${value}%`;
    else node.setAttribute(key, value);
  }
  for (const child of children.flat()) {
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

function put(id, ...children) {
  document.getElementById(id).replaceChildren(...children.flat());
}

function nothing(text) {
  return element("p", {class: "nothing"}, text);
}

const UNITS = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

function short(number, unit = "") {
  for (const [size, letter] of UNITS) {
    if (number >= size) return `${(number / size).toPrecision(3)} ${letter}${unit}`;
  }
  return `${Math.round(number * 100) / 100}${unit ? " " + unit : ""}`;
}

function percent(share) {
  if (share === 0) return "0 %";
  if (share > 0 && share < 0.0001) return "< 0.01 %";
  return `${(share * 100).toFixed(share >= 0.1 ? 0 : 2)} %`;
}

function clock(ms, span_ms) {
  const text = new Date(ms).toISOString();
  return span_ms > 2 * 86400000 ? text.slice(5, 10) : text.slice(11, 16);
}

function since(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

// Bars over time. `columns` are {at, parts: [[class, number]...]}; what is said of each is its title.
function bars(columns, {from, to, step, unit = "", about}) {
  const width = 640, height = 170, left = 52, bottom = 20, top = 8;
  const total = column => column.parts.reduce((sum, part) => sum + part[1], 0);
  const largest = Math.max(1, ...columns.map(total));
  const x = ms => left + (ms - from) / (to - from) * (width - left);
  const y = number => top + (1 - number / largest) * (height - bottom - top);
  const picture = shape("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": about});
  for (const share of [0, 0.5, 1]) {
    const level = y(largest * share);
    picture.append(shape("line", {class: "axis", x1: left, x2: width, y1: level, y2: level}),
                   shape("text", {x: left - 6, y: level + 4, "text-anchor": "end"},
                         short(largest * share, unit)));
  }
  for (let i = 0; i <= 4; ++i) {
    const at = from + (to - from) * i / 4;
    picture.append(shape("text", {x: x(at), y: height - 5,
                                  "text-anchor": ["start", "middle", "middle", "middle", "end"][i]},
                         clock(at, to - from)));
  }
  for (const column of columns) {
    const begin = Math.max(left, x(column.at)), end = Math.min(width, x(column.at + step));
    let below = 0;
    const group = shape("g", {}, shape("title", {}, `${clock(column.at, 0)} UTC: ` + column.parts
        .map(([name, number]) => `${name === "bar" ? "" : name + " "}${short(number, unit)}`).join(", ")));
    for (const [name, number] of column.parts) {
      const high = y(below) - y(below + number);
      group.append(shape("rect", {class: name, x: begin, y: y(below + number), height: Math.max(0, high),
                                  width: Math.max(1.5, end - begin - 1)}));
      below += number;
    }
    picture.append(group);
  }
  return picture;
}

// A row each: [what, number, as text]; the bar is its share of the largest.
function ranks(rows, heading) {
  const largest = Math.max(...rows.map(row => row[1]), 1e-12);
  return element("table", {}, element("thead", {}, element("tr", {}, heading.map((text, i) =>
    element("th", i ? {class: "number", scope: "col"} : {scope: "col"}, text)), element("th", {"aria-hidden": true}))),
    element("tbody", {}, rows.map(([what, number, text]) => element("tr", {},
      element("td", {class: "text"}, what), element("td", {class: "number"}, text),
      element("td", {class: "track", "aria-hidden": true},
              element("span", {class: "share", width_share: 100 * number / largest}))))));
}
