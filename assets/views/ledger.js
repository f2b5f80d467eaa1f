// What is in memory, per device and per model. Asks the server while it can be seen, and changes only what changed.
const root = element.querySelector(".lg");
const part = (name) => root.querySelector(name);
const rows = new Map(); // model id -> { box, seen, options }
let state = props.value;

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const bytes = (count) => {
  if (count === null || count === undefined) return "?";
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let step = 0;
  while (Math.abs(count) >= 999.5 && step < 4) { count /= 1000; step += 1; }
  return `${step < 2 || count >= 99.5 ? Math.round(count) : count.toFixed(1)} ${units[step]}`;
};
const many = (count) => (count >= 1e9 ? `${(count / 1e9).toFixed(1)} billion` : count >= 1e6 ? `${Math.round(count / 1e6)} million` : String(count));
const ago = (time) => {
  const seconds = Math.max(0, Date.now() / 1000 - time);
  if (seconds < 10) return "just now";
  return seconds < 90 ? `${Math.round(seconds / 10) * 10} s ago` : seconds < 5400 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
};
const BUSY = ["downloading", "waiting for room", "loading", "leaving"];
const tone = { resident: "good", failed: "bad", "not loaded": "", "in RAM": "" };
const said = (text, bad) => {
  const line = part(".lg-said");
  line.textContent = text;
  line.classList.toggle("bad", Boolean(bad));
};

// Devices

const segments = (device, at) => {
  const parked = device.device === "ram";
  const held = parked ? "in RAM" : "resident";
  const list = [];
  const caches = [];
  for (const model of state.models)
    for (const variant of model.variants)
      if (variant.state === held && variant.measured_bytes) {
        list.push({ kind: "model", name: `${model.title}, ${variant.quantization}`, count: variant.measured_bytes });
        if (variant.cache_bytes && !parked) caches.push({ kind: "cache", name: `KV cache of ${model.title}`, count: variant.cache_bytes });
      }
  const known = list.reduce((sum, one) => sum + one.count, 0);
  if (device.used_bytes > known) list.push({ kind: "model", name: "being loaded", count: device.used_bytes - known });
  // Where the budget was set by hand, caches take from it; where it was measured, they take from the reserve first.
  const measured = device.limit_bytes > device.budget_bytes;
  const free = Math.max(0, device.limit_bytes - device.used_bytes - device.cache_bytes);
  const room = Math.max(0, Math.min(device.budget_bytes - device.used_bytes, free));
  const reserve = measured ? free - room : device.reserve_bytes;
  list.push(...caches, { kind: "room", name: measured || parked ? "free for models" : "free for models and KV caches", count: room });
  if (reserve > 0) list.push({ kind: "reserve", name: measured ? "reserve for activations and KV caches" : "outside the budget", count: reserve });
  const rest = device.total_bytes - device.budget_bytes - device.reserve_bytes;
  if (rest > 0 && device.device !== "ram") list.push({ kind: "other", name: "other programs", count: rest });
  return list;
};
const showDevices = () => {
  const box = part(".lg-devices");
  if (!state.devices.length) {
    if (!box.childElementCount) box.append(make("div", "pg-card pg-muted", "Measuring the memory…"));
    return;
  }
  box.replaceChildren(...state.devices.map((device, at) => {
    const card = make("section", "pg-card lg-device");
    const head = make("h3", "", device.name);
    const shared = device.device !== "ram" && device.limit_bytes === device.budget_bytes;
    const purpose = shared ? "of it for weights and KV caches" : "of it for weights";
    const cached = device.cache_bytes ? ` + ${bytes(device.cache_bytes)} of KV cache` : "";
    head.append(make("span", "", `${device.device} · ${bytes(device.total_bytes)} in all, ${bytes(device.budget_bytes)} ${purpose}, ${bytes(device.used_bytes)} taken${cached}`));
    const bar = make("div", "lg-bar");
    const legend = make("ul", "lg-legend");
    const list = segments(device, at);
    const total = list.reduce((sum, one) => sum + one.count, 0) || 1;
    let number = 0;
    const wide = (one) => (one.name.length * 7 + 14) / Math.max(1, root.clientWidth - 34);
    for (const one of list) {
      const piece = make("div", `lg-part-${one.kind}`, one.count / total > wide(one) ? one.name : "");
      const color = one.kind === "model" ? `var(--pg-cat-${number++ % 6})` : "";
      piece.style.width = `${(100 * one.count) / total}%`;
      piece.title = `${one.name}: ${bytes(one.count)}`;
      if (one.count / total <= wide(one)) piece.style.padding = "0";
      const item = make("li");
      const swatch = make("i", `lg-part-${one.kind}`);
      if (color) piece.style.backgroundColor = swatch.style.backgroundColor = color;
      item.append(swatch, make("span", "", one.name), make("b", "", bytes(one.count)));
      bar.append(piece);
      legend.append(item);
    }
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", list.map((one) => `${one.name} ${bytes(one.count)}`).join(", "));
    card.append(head, bar, legend);
    return card;
  }));
};

// Rows

const best = (model) => {
  const order = ["failed", "in RAM", "leaving", "waiting for room", "downloading", "loading", "resident"];
  return [...model.variants].sort((a, b) => order.indexOf(b.state) - order.indexOf(a.state))[0];
};
const stateOf = (variant) => {
  const box = make("span", "lg-state");
  const name = variant ? variant.state : "not loaded";
  box.append(make("span", `pg-badge ${BUSY.includes(name) ? "warn" : tone[name] || ""}`, name));
  if (variant && variant.leases) box.append(" ", make("span", "pg-badge", `in use by ${variant.leases}`));
  if (variant && variant.pinned) box.append(" ", make("span", "pg-badge", "pinned"));
  if (variant && variant.waiting) box.append(" ", make("span", "pg-badge", `${variant.waiting} waiting`));
  if (variant && BUSY.includes(name) && name !== "leaving") {
    const track = make("div", `lg-progress${variant.progress === null ? " unknown" : ""}`);
    const done = make("div");
    done.style.width = `${Math.round(100 * (variant.progress || 0))}%`;
    track.append(done);
    track.setAttribute("role", "progressbar");
    track.setAttribute("aria-valuemin", "0");
    track.setAttribute("aria-valuemax", "100");
    track.setAttribute("aria-label", `loading, ${variant.message}`);
    if (variant.progress !== null) track.setAttribute("aria-valuenow", String(Math.round(100 * variant.progress)));
    box.append(track, make("small", "pg-muted", variant.message));
  }
  return box;
};
const sizeOf = (model, variant) => {
  const box = make("span", "lg-size");
  const held = model.variants.filter((one) => one.measured_bytes);
  if (held.length) {
    box.append(bytes(held.reduce((sum, one) => sum + one.measured_bytes, 0)));
    const cached = model.variants.reduce((sum, one) => sum + one.cache_bytes, 0);
    const words = held.map((one) => one.quantization).join(" + ");
    box.append(make("small", "", cached ? `${words} + ${bytes(cached)} KV cache` : words));
  } else if (model.parameters) {
    box.append(make("small", "", `${many(model.parameters)} parameters`));
  }
  return box;
};
const button = (label, key, work, primary) => {
  const node = make("button", `lg-button${primary ? " primary" : ""}`, label);
  node.type = "button";
  node.dataset.key = key;
  node.addEventListener("click", work);
  return node;
};
const command = async (name, id, task, quantization, words) => {
  said(words);
  try {
    const answer = await server.model_command(name, id, task, quantization);
    if (answer.error) said(answer.error, true);
  } catch (error) {
    said("The server doesn't answer; please try again.", true);
  }
  await ask();
};
const variantBox = (model, variant) => {
  const box = make("div", "lg-variant");
  const words = make("div", "lg-words");
  const head = make("div");
  head.append(make("b", "", variant.quantization), ` for ${variant.task} · `, stateOf(variant));
  words.append(head);
  if (variant.measured_bytes) {
    const same = variant.measured_bytes === variant.predicted_bytes;
    const gap = (100 * (variant.measured_bytes - variant.predicted_bytes)) / variant.predicted_bytes;
    words.append(make("div", "pg-mono", `predicted ${bytes(variant.predicted_bytes)}, measured ${bytes(variant.measured_bytes)} (${same ? "exactly as predicted" : `${gap > 0 ? "+" : ""}${gap.toFixed(1)} %`})`));
    const facts = [`dtype ${variant.dtype}`, `on ${variant.device}`];
    if (variant.load_seconds !== null) facts.push(`loaded in ${variant.load_seconds.toFixed(1)} s`);
    facts.push(`${variant.loads} ${variant.loads === 1 ? "load" : "loads"}`, `${variant.evictions} evictions`);
    if (variant.last_used) facts.push(`last used ${ago(variant.last_used)}`);
    if (variant.cache_bytes) words.append(make("div", "pg-mono", `KV cache of running replies: ${bytes(variant.cache_bytes)}`));
    words.append(make("div", "pg-muted", facts.join(" · ")));
  } else if (variant.predicted_bytes) {
    words.append(make("div", "pg-mono", `predicted ${bytes(variant.predicted_bytes)}`));
  }
  if (variant.state === "failed") words.append(make("div", "lg-error", variant.message));
  box.append(words);
  if (state.public) return box;
  const key = `${variant.task} ${variant.quantization}`;
  const run = (name, text) => () => command(name, model.id, variant.task, variant.quantization, text);
  if (variant.state === "resident") {
    box.append(variant.pinned
      ? button("Unpin", `pin ${key}`, run("unpin", `${model.title} may leave again when room is needed.`))
      : button("Pin", `pin ${key}`, run("pin", `${model.title} stays until you unpin or unload it.`)));
    const unload = button("Unload", `unload ${key}`, run("unload", `Unloading ${model.title}…`));
    unload.disabled = variant.leases > 0 || variant.waiting > 0;
    if (unload.disabled) unload.title = `In use by ${variant.leases}: it can't be unloaded now.`;
    box.append(unload);
  } else if (variant.state === "in RAM") {
    box.append(button("Unload", `unload ${key}`, run("unload", `Unloading ${model.title}…`)));
  } else if (BUSY.includes(variant.state) && variant.state !== "leaving") {
    const stop = button("Stop loading", `unload ${key}`, run("unload", `Stopping…`));
    stop.disabled = variant.waiting > 0;
    box.append(stop);
  } else if (variant.state === "failed") {
    box.append(button("Try again", `load ${key}`, run("load", `Loading ${model.title}…`)));
  }
  return box;
};
const optionsTable = (model, options) => {
  const wrap = make("div", "pg-table-wrap");
  const table = make("table", "pg-table lg-options");
  const head = table.createTHead().insertRow();
  for (const [text, kind] of [["quantization", ""], ["memory", "num"], ["", "lg-bits"], ["against float32", "num"], ["", ""], ["", ""]]) {
    const cell = make("th", kind, text);
    cell.scope = "col";
    head.append(cell);
  }
  const full = options.find((one) => one.name === "float32");
  const most = Math.max(...options.map((one) => one.predicted_bytes || 0)) || 1;
  const body = table.createTBody();
  for (const option of options) {
    const row = body.insertRow();
    if (!option.available) row.className = "off";
    row.append(make("td", "pg-mono", option.name), make("td", "num", bytes(option.predicted_bytes)));
    const cell = make("td", "lg-bits");
    const track = make("span", "lg-track");
    const fill = make("span");
    fill.style.width = `${(100 * (option.predicted_bytes || 0)) / most}%`;
    track.append(fill);
    cell.append(track);
    const share = full && full.predicted_bytes && option.predicted_bytes ? `${Math.round((100 * option.predicted_bytes) / full.predicted_bytes)} %` : "";
    row.append(cell, make("td", "num", share), make("td", "lg-why", option.reason));
    const last = make("td");
    const there = model.variants.find((one) => one.quantization === option.name && one.task === model.task);
    if (!state.public && !(there && there.state !== "not loaded" && there.state !== "failed")) {
      const load = button("Load", `load ${option.name}`, () => command("load", model.id, model.task, option.name, `Loading ${model.title} in ${option.name}…`), option.available && option.name === options.find((one) => one.available).name);
      load.setAttribute("aria-label", `Load ${model.title} in ${option.name}`);
      load.disabled = !option.available;
      load.title = option.reason;
      last.append(load);
    } else if (there) {
      last.append(make("span", "pg-muted", there.state));
    }
    row.append(last);
  }
  wrap.append(table);
  return wrap;
};
const why = (options) => {
  const [full, four] = ["float32", "4-bit"].map((name) => (options.find((one) => one.name === name) || {}).predicted_bytes);
  if (!full || !four) return "";
  return `In 4-bit each weight of a linear layer is one of 16 values: half a byte in place of 4, and every 64 weights share a scale. ` +
    `Embeddings, norms and the head keep their precision, so ${bytes(full)} shrink to ${bytes(four)} and not to an eighth (${bytes(full / 8)}).`;
};
const fill = (model, record) => {
  const body = record.box.querySelector(".lg-body");
  const focus = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const facts = [model.id, model.task, `licence ${model.licence}`];
  if (model.parameters) facts.push(`${many(model.parameters)} parameters`);
  facts.push({ embedded: "needs no network", folder: "from a folder on this machine", hub: "downloaded from the Hub on first use" }[model.source]);
  const parts = [make("p", "", model.note), make("p", "lg-facts", facts.join(" · "))];
  for (const variant of model.variants) if (variant.state !== "not loaded") parts.push(variantBox(model, variant));
  if (record.options && record.options.length) parts.push(optionsTable(model, record.options), make("p", "lg-facts", why(record.options)));
  else parts.push(make("p", "pg-muted", record.trouble || "Working out what it would take…"));
  body.replaceChildren(...parts);
  if (focus) {
    const again = [...body.querySelectorAll("button")].find((one) => one.dataset.key === focus);
    if (again) again.focus();
  }
};
const open = async (model, record) => {
  fill(model, record);
  let answer;
  try {
    answer = await server.model_options(model.id, model.task);
  } catch (error) {
    answer = { error: "The server doesn't answer; close and open this row to try again." };
  }
  record.trouble = answer.error || "";
  if (!answer.error) record.options = answer.value;
  const now = state.models.find((one) => one.id === model.id);
  if (now) fill(now, record);
};
const showRows = () => {
  const list = part(".lg-rows");
  const wanted = new Set(state.models.map((model) => model.id));
  for (const [id, record] of rows) if (!wanted.has(id)) { record.box.remove(); rows.delete(id); }
  for (const model of state.models) {
    let record = rows.get(model.id);
    if (!record) {
      record = { box: make("details", "lg-row"), seen: "" };
      record.box.setAttribute("role", "listitem");
      record.box.append(make("summary"), make("div", "lg-body"));
      const id = model.id;
      record.box.addEventListener("toggle", () => record.box.open && open(state.models.find((one) => one.id === id), record));
      rows.set(model.id, record);
      list.append(record.box);
    }
    const key = JSON.stringify(model);
    if (key === record.seen) continue;
    record.seen = key;
    const variant = best(model);
    const name = make("span", "lg-name");
    name.append(make("b", "", model.title), make("small", "", `${model.task}${model.source === "hub" ? " · Hub" : ""}`));
    record.box.querySelector("summary").replaceChildren(name, stateOf(variant), sizeOf(model, variant));
    if (record.box.open) fill(model, record);
  }
};

// The form for any other model

const form = part(".lg-typed");
const show = () => {
  const problem = part(".lg-problem");
  problem.textContent = state.public ? "This page is public: you see everything, and using a model in another tab loads it; loading, unloading and pinning by hand are for its owner." : state.problem;
  problem.hidden = !problem.textContent;
  problem.classList.toggle("warn", !state.public);
  form.hidden = !state.typing;
  showDevices();
  showRows();
};
for (const task of state.tasks) form.elements.task.append(new Option(task));
form.elements.task.value = "text-generation";
for (const name of ["auto", "float32", "bfloat16", "float16", "8-bit", "4-bit"]) form.elements.quantization.append(new Option(name));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const id = form.elements.id.value.trim();
  if (!id) return said("Write the id of a model first, such as openai-community/gpt2.", true);
  command("load", id, form.elements.task.value, form.elements.quantization.value, `Asking the Hub for ${id}…`);
});

// Asking, only while somebody looks

let asking = false;
const visible = () => !document.hidden && root.offsetParent !== null;
const ask = async () => {
  if (asking) return;
  asking = true;
  try {
    const answer = await server.models_state();
    if (answer.error) state = { ...state, problem: answer.error };
    else state = answer.value;
    show();
  } catch (error) {
    state = { ...state, problem: "The server doesn't answer; trying again." };
    show();
  } finally {
    asking = false;
  }
};
const any = (test) => state.models.some((model) => model.variants.some(test));
const pause = () => (any((variant) => BUSY.includes(variant.state)) ? 400 : any((variant) => variant.leases) ? 1000 : 2000);
let asked = 0;
const tick = () => {
  if (!root.isConnected) return clearInterval(timer);
  if (visible() && Date.now() - asked > pause()) {
    asked = Date.now();
    ask();
  }
};
const timer = setInterval(tick, 200);
show();
