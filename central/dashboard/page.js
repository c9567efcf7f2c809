// Asks the named questions of central/pinot/questions.yaml, and shows what is wrong first.
"use strict";

const HOUR = 3600000;
const SPANS = {"1h": HOUR, "6h": 6 * HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR};
const REFRESH_MS = 15000;
const SILENT_MS = 30000;  // as central/flink/sql/silent_sensors.sql has it
const SEVERITIES = ["critical", "high", "medium", "low"];
const SIGNS = {critical: "\u25B2", high: "\u25C6", medium: "\u25A0", low: "\u25CF"};
const query = new URLSearchParams(location.search);
let span = SPANS[query.get("span")] ? query.get("span") : "24h";
let round = 0;

async function ask(name, more = {}) {
  const parameters = new URLSearchParams({span});
  if (query.get("to")) parameters.set("to", query.get("to"));
  for (const [key, value] of Object.entries(more)) {
    for (const each of [value].flat()) parameters.append(key, each);
  }
  const answer = await fetch(`ask/${name}?${parameters}`);
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function mark(severity) {
  const known = SIGNS[severity] ? severity : "low";
  return element("span", {class: `mark ${known}`}, `${SIGNS[known]} ${severity}`);
}

function device(id, names) {
  const [name, ip] = names[id] || ["", ""];
  const text = name ? `${name} (${ip || id})` : id;
  return element("button", {class: "link", title: id, onclick: () => showDevice(id, text)}, text);
}

function showIncidents(rows, names, now) {
  if (!rows.length) return put("open_incidents", nothing("None is open."));
  const head = ["", "about", "", "since", "alerts", "sensors"];
  put("open_incidents", element("div", {class: "scroll", tabindex: 0}, element("table", {},
    element("thead", {}, element("tr", {}, head.map(text => element("th", {scope: "col"}, text)))),
    element("tbody", {}, rows.map(row => {
      const [, severity, , subject, alerts, start, , sensors, message] = row;
      return element("tr", {}, element("td", {}, mark(severity)),
        element("td", {class: "text"}, device(subject, names)), element("td", {class: "text"}, message),
        element("td", {class: "number"}, since(now - start)),
        element("td", {class: "number"}, alerts), element("td", {class: "text"}, [sensors].flat().join(", ")));
    })))));
}

function showSensors(rows, now) {
  if (!rows.length) return put("sensors", nothing("No sensor was heard of in this span of time."));
  const head = ["sensor", "heard", "packets", "lost", "open", "waits", "version"];
  put("sensors", element("div", {class: "scroll", tabindex: 0}, element("table", {},
    element("thead", {}, element("tr", {}, head.map((text, i) =>
      element("th", {scope: "col", ...(i > 1 && i < 6 ? {class: "number"} : {})}, text)))),
    element("tbody", {}, rows.map(([name, last, received, lost, alerts, spooled, version]) => {
      const silent = now - last > SILENT_MS;
      return element("tr", {}, element("td", {class: "text"}, name),
        element("td", {class: silent ? "bad mark" : "fine"},
                silent ? `silent for ${since(now - last)}` : `${since(now - last)} ago`),
        element("td", {class: "number"}, short(received)),
        element("td", {class: lost > 0 ? "number bad mark" : "number"},
                received > 0 ? percent(lost / received) : "-"),
        element("td", {class: "number"}, alerts), element("td", {class: "number"}, short(spooled, "B")),
        element("td", {class: "text"}, version));
    })))));
}

function showAlerts(times, kinds, at) {
  const columns = new Map();
  for (const [ms, severity, count] of times) {
    if (!columns.has(ms)) columns.set(ms, {at: ms, parts: []});
    columns.get(ms).parts.push([SIGNS[severity] ? severity : "low", count]);
  }
  for (const column of columns.values()) {
    column.parts.sort((a, b) => SEVERITIES.indexOf(a[0]) - SEVERITIES.indexOf(b[0]));
  }
  put("alerts_over_time", times.length ? [
    element("p", {class: "legend"}, SEVERITIES.map(name =>
      element("span", {class: name}, element("i"), name))),
    bars([...columns.values()], {...at, about: "Alerts by the time they began, by severity"})] :
    nothing("No alert began in this span of time."));
  put("alerts_by_kind", kinds.length ? ranks(
    kinds.sort((a, b) => b[1] - a[1]).map(([kind, count, devices]) =>
      [kind, count, `${count} on ${devices}`]), ["kind", "alerts on devices"]) :
    nothing("No alert in this span of time."));
}

function showDevices(id, rows, names, heading, text, empty) {
  put(id, rows.length ? ranks(rows.map(row => [device(row[0], names), row[1], text(row)]),
                              ["device", heading]) : nothing(empty));
}

function hours(rows, at) {
  return bars(rows.map(([ms, sent]) => ({at: ms, parts: [["bar", sent]]})),
              {...at, step: HOUR, unit: "B", about: "Bytes sent out of the house, by hour"});
}

function tile(number, text, state) {
  return element("div", {class: `tile ${state}`}, element("b", {}, number), element("span", {class: "quiet"}, text));
}

// What is wrong, in one line; every part of it is also said where its details are.
function verdict(incidents, sensors, now) {
  const worst = SEVERITIES.map(name => [name, incidents.filter(row => row[1] === name).length]);
  const silent = sensors.filter(row => now - row[1] > SILENT_MS).map(row => row[0]);
  const losing = sensors.filter(row => row[3] > 0).map(row => row[0]);
  const said = worst.slice(0, 2).filter(row => row[1]).map(([name, count]) => `${count} ${name}`);
  const parts = [];
  if (said.length) parts.push(`${said.join(" and ")} incident${incidents.length > 1 ? "s" : ""} open`);
  else if (incidents.length) parts.push(`${incidents.length} minor incidents open`);
  if (!sensors.length) parts.push("no sensor heard");
  if (silent.length) parts.push(`silent: ${silent.slice(0, 5).join(", ")}`);
  if (losing.length) parts.push(`packets lost at ${losing.slice(0, 5).join(", ")}`);
  const state = worst[0][1] || silent.length || !sensors.length ? "bad" : parts.length ? "worry" : "good";
  const line = document.getElementById("verdict");
  line.textContent = parts.length ? parts.join("; ") : "All quiet: nothing open, every sensor heard, nothing lost";
  line.className = `verdict ${state}`;
  document.title = parts.length ? `(${incidents.length}) Vedette` : "Vedette";
  const received = sensors.reduce((sum, row) => sum + row[2], 0);
  const lost = sensors.reduce((sum, row) => sum + row[3], 0);
  return [
    tile(incidents.length, "incidents open", worst[0][1] ? "bad" : incidents.length ? "worry" : "good"),
    tile(`${sensors.length - silent.length} of ${sensors.length}`, "sensors heard in 30 s",
         silent.length || !sensors.length ? "bad" : "good"),
    tile(received ? percent(lost / received) : "-", "of packets lost", lost ? "worry" : "good")];
}

async function namesOf(devices) {
  const names = {};
  const some = [...new Set(devices)].slice(0, 50);
  if (!some.length) return names;
  for (const [id, name, ip] of (await ask("device_names", {device: some})).rows) names[id] = [name, ip];
  return names;
}

async function refresh() {
  const mine = ++round;
  try {
    const questions = ["open_incidents", "sensors", "alerts_over_time", "alerts_by_kind", "egress_by_hour",
                       "top_talkers", "new_destinations_by_device", "error_share", "new_destinations"];
    const answers = await Promise.all(questions.map(name => ask(name)));
    const [incidents, sensors, times, kinds, egress, talkers, fresh, errors, destinations] =
      answers.map(answer => answer.rows);
    const at = answers[0];
    const names = await namesOf([...incidents.map(row => row[3]), ...talkers.map(row => row[0]),
                                 ...fresh.map(row => row[0]), ...errors.map(row => row[0])]);
    if (mine !== round) return;  // another span has been asked about meanwhile
    const alerts = kinds.reduce((sum, row) => sum + row[1], 0);
    put("tiles", verdict(incidents, sensors, at.to), tile(short(alerts), "alerts", ""),
        tile(short(destinations.length ? destinations[0][0] : 0), "new destinations", ""));
    showIncidents(incidents, names, at.to);
    showSensors(sensors, at.to);
    showAlerts(times, kinds, at);
    put("egress_by_hour", egress.length ? hours(egress, at) : nothing("Nothing was told for this span."));
    showDevices("top_talkers", talkers.filter(row => row[1] > 0), names, "sent", row => short(row[1], "B"),
                "Nobody sent anything out.");
    showDevices("new_destinations_by_device", fresh.filter(row => row[1] > 0), names, "places",
                row => short(row[1]), "Nobody sent to a new place.");
    showDevices("error_share", errors, names, "share", row => `${percent(row[1])} (${short(row[2])})`,
                "Every packet decodes.");
    document.getElementById("as_of").textContent = `as of ${new Date(at.to).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    trouble("");
  } catch (error) {
    if (mine === round) trouble(error.message);
  }
  document.body.dataset.rounds = mine;  // for who waits until it is drawn
}

function trouble(text) {
  const line = document.getElementById("trouble");
  line.textContent = text;
  line.hidden = !text;
  document.body.classList.toggle("stale", text !== "");
  if (text) {
    document.getElementById("verdict").textContent = "Nothing is known: the questions are not answered";
    document.getElementById("verdict").className = "verdict bad";
  }
}

async function showDevice(id, text) {
  document.getElementById("device_title").textContent = text === id ? id : `${text}: ${id}`;
  put("sliding_five_minutes", nothing("Asking"));
  put("device_by_hour");
  const dialog = document.getElementById("device");
  if (!dialog.open) dialog.showModal();
  try {
    const [windows, egress] = await Promise.all(
      [ask("sliding_five_minutes", {device: id}), ask("device_by_hour", {device: id})]);
    put("sliding_five_minutes", windows.rows.length ? [
      element("p", {class: "legend"}, element("span", {class: "bar"}, element("i"), "sent"),
              element("span", {class: "bar2"}, element("i"), "received")),
      bars(windows.rows.map(([ms, received, sent]) =>
             ({at: ms, parts: [["bar", sent], ["bar2", received]]})),
           {...windows, step: 60000, about: "Packets in any five minutes"})] :
      nothing("Nothing was told of it in this span of time."));
    put("device_by_hour", hours(egress.rows, egress));
  } catch (error) {
    put("sliding_five_minutes", nothing(error.message));
  }
}

function chooseSpan(name) {
  span = name;
  put("spans", Object.keys(SPANS).map(each => element(
    "button", {"aria-pressed": each === span, onclick: () => chooseSpan(each)}, each)));
  refresh();
}

chooseSpan(span);
setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
