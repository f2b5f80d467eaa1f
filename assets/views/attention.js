// Draws attention weights on canvases: all heads small, one head large as a heatmap, as lines, or its mask.
//
// The value is JSON text: tokens, masks as runs, summaries and 8-bit thumbnails of every head, and the exact float32
// weights of one head. The weights of the other heads are fetched when they are looked at. The same script runs in the
// stand-alone page, where `server` answers from data in the page. Text of people and models is only ever put into the
// page with textContent or drawn on a canvas.

const $ = (selector) => element.querySelector(selector);
const $$ = (selector) => [...element.querySelectorAll(selector)];
const stage = $(".at-stage"), thumbs = $(".at-thumbs"), scroll = $(".at-scroll");
const REASONS = {
  1: { name: "padding", why: "the key is padding: its attention_mask is 0", lines: [[0, 8, 8, 0]] },
  2: { name: "causal", why: "the key comes later than the query: a causal model may not look ahead", lines: [[0, 0, 8, 8]] },
  3: { name: "sliding window", why: "the key is too far away for this layer's sliding window", lines: [[0, 4, 8, 4], [4, 0, 4, 8]] },
  4: { name: "always 0", why: "every head of this layer gives exactly 0 here", lines: [[3, 4, 5, 4]] },
  5: { name: "padding query", why: "the query is padding: nobody reads this row", lines: [[0, 4, 8, 4]] },
};
const FINDERS = [
  ["previous_token_share", "most", () => "read the previous token", share],
  ["first_token_share", "most", (kind) => `read the first token (${kind.firstLabel})`, share],
  ["separator_share", "most", (kind) => `read the separators (${kind.separatorLabel})`, share],
  ["same_token_share", "most", () => "read the token itself", share],
  ["entropy_nats", "least", () => "read few tokens (low entropy)", nats],
  ["entropy_nats", "most", () => "read everything alike (high entropy)", nats],
  ["mean_distance_tokens", "most", () => "look far away", (number) => `${number.toFixed(1)} tokens`],
];
const state = { value: null, kind: 0, layer: 0, head: 0, mode: "heatmap", hide: false, scale: "head", zoom: 0, q: 0, k: 0, over: null, found: [] };
let colours = null, overview = null, matrix = null, drawn = null, base = null, wanted = 0, told = "", asked = false, selectTimer = 0;
const cache = new Map();

// Reading the value

function share(number) { return `${(100 * number).toFixed(0)} %`; }
function nats(number) { return `${number.toFixed(2)} nats`; }
function bytes(text) {
  const binary = atob(text), list = new Uint8Array(binary.length);
  for (let index = 0; index < list.length; index++) list[index] = binary.charCodeAt(index);
  return list;
}
function floats(text) { return new Float32Array(bytes(text).buffer); }
function kindNow() { return state.value.kinds[state.kind]; }
function side(name) { return state.value[kindNow()[name]]; }
function sizes() { return [side("queries").text.length, side("keys").text.length]; }
function isAverage() { return state.head === kindNow().heads; }

function unrolled(runs, length) {
  const cells = new Uint8Array(length);
  for (let index = 0, at = 0; index < runs.length; index += 2) { cells.fill(runs[index], at, at + runs[index + 1]); at += runs[index + 1]; }
  return cells;
}

function maskNow() {
  const kind = kindNow(), number = kind.mask_of_layer[state.layer], [q, k] = sizes();
  kind.cells ??= {};
  return (kind.cells[number] ??= unrolled(kind.masks[number], q * k));
}

function named(which, index) {
  const { text } = side(which), word = text[index];
  return text.indexOf(word) === text.lastIndexOf(word) ? word : `${word} #${index}`;
}

async function take(value) {
  if (!value) return;
  const before = state.value && { ...state, title: state.value.title };
  state.value = JSON.parse(value);
  cache.clear();
  status("");
  const { first, kinds, notes, title } = state.value;
  // The same model again: stay with the head that is being looked at.
  const stay = before?.title === title ? before : first;
  Object.assign(state, { kind: stay.kind, layer: stay.layer, head: stay.head, q: 0, k: 0, over: null, zoom: 0 });
  for (const kind of kinds) {
    kind.firstLabel = state.value[kind.keys].text[Math.max(0, state.value[kind.keys].attended.indexOf(1))];
  }
  cache.set(`${first.kind}/${first.layer}/${first.head}`, floats(first.weights));
  cache.set(`overview/${first.kind}/false`, { ...first.overview, cells: bytes(first.overview.cells) });
  $(".at-empty").hidden = true;
  $(".at-main").hidden = false;
  $(".at-note").hidden = !notes.length;
  $(".at-note").textContent = notes.join(" ");
  buildKinds();
  state.q = Math.min(3, side("queries").text.length - 1);
  await changeKind(stay.kind, stay.layer, stay.head);
  const [, k] = sizes(), row = matrix.subarray(state.q * k, (state.q + 1) * k);
  state.k = row.indexOf(Math.max(...row));
  refresh();
  $(".at").dataset.drawn = state.value.ticket;
  if (stay !== first) choose();  // the code must be that of the head which is looked at
}

function choose() {
  trigger("head_chosen", { ticket: state.value.ticket, kind: kindNow().kind, layer: state.layer, head: isAverage() ? -1 : state.head });
}

async function changeKind(number, layer = 0, head = 0) {
  state.kind = number;
  const kind = kindNow(), [q, k] = sizes();
  Object.assign(state, { layer: Math.min(layer, kind.layers - 1), head: Math.min(head, kind.heads) });
  state.q = Math.min(state.q, q - 1);
  state.k = Math.min(state.k, k - 1);
  $(".at-shape").textContent = `${kind.layers} × ${kind.heads}, ${q} queries × ${k} keys; the last column is the average`;
  $(".at-layer").max = kind.layers - 1;
  $(".at-headslider").max = kind.heads;
  for (const button of $$(".at-kinds button")) button.setAttribute("aria-pressed", String(Number(button.dataset.kind) === number));
  buildFinders();
  buildQueries();
  await Promise.all([loadOverview(), look(state.layer, state.head, false)]);
}

async function loadOverview() {
  const key = `overview/${state.kind}/${state.hide}`;
  if (!cache.has(key)) {
    const answer = await ask("attention_overview", state.value.ticket, kindNow().kind, state.hide);
    if (!answer) return;
    cache.set(key, { ...answer, cells: bytes(answer.cells) });
  }
  overview = cache.get(key);
  drawThumbs();
}

async function look(layer, head, say = true) {
  Object.assign(state, { layer, head });
  const kind = kindNow(), key = `${state.kind}/${layer}/${head}`, ticket = ++wanted;
  $(".at-layer").value = layer;
  $(".at-headslider").value = head;
  $(".at-layer-out").textContent = `${layer} / ${kind.layers - 1}`;
  $(".at-head-out").textContent = isAverage() ? "average" : `${head} / ${kind.heads - 1}`;
  $(".at-title").textContent = `Layer ${layer} · ${isAverage() ? `average of ${kind.heads} heads` : `head ${head}`}`;
  $(".at-code").textContent = `outputs.${kind.attribute}[${layer}]${isAverage() ? "[0].mean(0)" : `[0, ${head}]`}`;
  drawFound();
  drawCards();
  if (!cache.has(key)) {
    scroll.setAttribute("aria-busy", "true");
    const answer = await ask("attention_head", state.value.ticket, kind.kind, layer, isAverage() ? -1 : head);
    if (ticket !== wanted) return;
    scroll.removeAttribute("aria-busy");
    if (!answer) return;
    if (cache.size > 60) cache.delete([...cache.keys()].find((name) => !name.startsWith("overview")));
    cache.set(key, answer.weights instanceof Float32Array ? answer.weights : floats(answer.weights));
  }
  scroll.removeAttribute("aria-busy");
  matrix = cache.get(key);
  draw();
  drawTable();
  if (say) tell(`layer ${layer}, ${isAverage() ? "average of heads" : `head ${head}`}, ${cards().slice(0, 3).map((card) => `${card[0]} ${card[1]}`).join(", ")}`);
  clearTimeout(selectTimer);
  if (say) selectTimer = setTimeout(choose, 700);
}

async function ask(name, ...given) {
  try {
    const answer = await server[name](...given);
    if (answer && !answer.error) return status(""), answer;
    status(answer?.error ?? "The server gave no answer. Press Show attention again.");
  } catch {
    status("The server can't be reached. Check the connection and try again.");
  }
  return null;
}

function status(text) { $(".at-status").textContent = text; if (text) tell(text); }
function tell(text) { if (text !== told) $(".at-live").textContent = told = text; }

// The numbers on screen

function shown() {
  // The weights to draw, what was kept of each row before it was divided by it, and each weight's place on the ramp.
  const [q, k] = sizes(), kept = new Float64Array(q), tops = new Float64Array(q), mask = maskNow();
  const { special } = side("keys"), weights = state.hide ? new Float32Array(matrix) : matrix;
  let most = 0;
  for (let row = 0, at = 0; row < q; row++) {
    const start = at;
    let sum = 0, top = 0;
    for (let key = 0; key < k; key++, at++) { if (state.hide && special[key]) weights[at] = 0; sum += weights[at]; }
    at = start;
    for (let key = 0; key < k; key++, at++) {
      if (state.hide && sum > 0) weights[at] /= sum;
      if (!mask[at] && weights[at] > top) top = weights[at];
    }
    kept[row] = sum;
    tops[row] = top;
    if (top > most) most = top;
  }
  return { weights, kept, most, tops, steps: ramped(weights, most, tops) };
}

function ramped(weights, most, tops) {
  // 0 to 255 along the colour ramp: the square root, so that small weights stay visible.
  const [q, k] = sizes(), steps = new Uint8Array(weights.length);
  for (let row = 0, at = 0; row < q; row++) {
    const top = state.scale === "one" ? 1 : state.scale === "row" ? tops[row] : most, factor = top > 0 ? 1 / top : 0;
    for (let key = 0; key < k; key++, at++) steps[at] = Math.min(255, Math.round(255 * Math.sqrt(weights[at] * factor)));
  }
  return steps;
}

function level(index) { return drawn.steps[index] / 255; }

function digits(weight) { return weight === 0 ? "0" : weight < 0.00005 ? "less than 0.0001" : weight.toFixed(4); }
function spoken(weight) { return weight === 0 ? "0" : weight >= 0.01 ? weight.toFixed(2) : weight >= 0.0005 ? weight.toFixed(3) : "less than 0.001"; }

function cards() {
  const kind = kindNow(), [, k] = sizes(), at = (name) => kind.summaries[name]?.[state.layer]?.[state.head];
  const list = [["entropy", at("entropy_nats").toFixed(2), at("entropy_nats") / Math.max(Math.log(k), 1e-9), `of ${Math.log(k).toFixed(2)} nats`]];
  const add = (name, label) => at(name) !== undefined && list.push([label, share(at(name)), at(name), ""]);
  add("first_token_share", `on first token (${kind.firstLabel})`);
  add("separator_share", `on ${kind.separatorLabel}`);
  add("previous_token_share", "on previous token");
  add("same_token_share", "on itself");
  if (at("mean_distance_tokens") !== undefined) list.push(["mean distance", at("mean_distance_tokens").toFixed(1), at("mean_distance_tokens") / k, "tokens"]);
  return list;
}

// Colours

function readColours() {
  const style = getComputedStyle(element), get = (name) => style.getPropertyValue(`--pg-${name}`).trim();
  const stops = Array.from({ length: 9 }, (_, index) => {
    const hex = get(`seq-${index}`);
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  });
  const ramp = new Uint8Array(256 * 3);
  for (let step = 0; step < 256; step++) {
    const place = (step / 255) * 8, low = Math.min(7, Math.floor(place)), part = place - low;
    for (let channel = 0; channel < 3; channel++) ramp[step * 3 + channel] = Math.round(stops[low][channel] * (1 - part) + stops[low + 1][channel] * part);
  }
  // The same colours as 32-bit pixels, in the byte order of ImageData (little-endian, as every browser's machine is).
  const shades = Uint32Array.from({ length: 256 }, (_, step) => (255 << 24) | (ramp[step * 3 + 2] << 16) | (ramp[step * 3 + 1] << 8) | ramp[step * 3]);
  colours = { ramp, shades, key: ramp.join(), ink: get("ink"), muted: get("muted"), line: get("line"), surface: get("surface"), surface2: get("surface-2"), accent: get("accent"), accentInk: get("accent-ink"), mark: get("div-pos"), font: style.fontFamily };
}

function rampCss(place) {
  const step = Math.round(place * 255) * 3;
  return `rgb(${colours.ramp[step]} ${colours.ramp[step + 1]} ${colours.ramp[step + 2]})`;
}

function inkOn(place) {
  const step = Math.round(place * 255) * 3, light = 0.299 * colours.ramp[step] + 0.587 * colours.ramp[step + 1] + 0.114 * colours.ramp[step + 2];
  return light > 140 ? "#10202c" : "#ffffff";
}

function hatch(context, reason) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 16;
  const pen = tile.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = colours.surface2;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = colours.muted;
  pen.globalAlpha = 0.6;
  pen.lineWidth = 0.9;
  pen.lineCap = "square";
  for (const [x1, y1, x2, y2] of REASONS[reason].lines) { pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke(); }
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(0.5));
  return pattern;
}

function sized(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

// All heads small

function thumbGeometry() {
  const kind = kindNow(), columns = kind.heads + 1, width = $(".at-thumbs-wrap").clientWidth, left = 22, top = 18;
  const size = Math.max(14, Math.min(56, Math.floor(Math.min((width - left - 8) / columns, 640 / kind.layers))));
  return { left, top, size, gap: size > 24 ? 3 : 2, columns, width: left + columns * size + 8, height: top + kind.layers * size };
}

function painted() {
  // All thumbnails on one canvas, made once for an overview and its colours.
  const key = `${state.scale}/${colours.key}`;
  if (overview.atlas && overview.key === key) return overview.atlas;
  const kind = kindNow(), { rows, columns, cells, largest } = overview, heads = kind.heads + 1;
  const atlas = document.createElement("canvas");
  atlas.width = columns * heads;
  atlas.height = rows * kind.layers;
  const pixels = new ImageData(atlas.width, atlas.height), shades = new Uint32Array(pixels.data.buffer), steps = new Uint32Array(256);
  for (let layer = 0, at = 0; layer < kind.layers; layer++) for (let head = 0; head < heads; head++) {
    const factor = state.scale === "one" ? largest[layer][head] : 1;
    for (let cell = 0; cell < 256; cell++) steps[cell] = colours.shades[Math.round(Math.sqrt((cell / 255) * factor) * 255)];
    for (let row = 0; row < rows; row++) {
      const to = (layer * rows + row) * atlas.width + head * columns;
      for (let column = 0; column < columns; column++) shades[to + column] = steps[cells[at++]];
    }
  }
  atlas.getContext("2d").putImageData(pixels, 0, 0);
  Object.assign(overview, { atlas, key });
  return atlas;
}

function drawThumbs() {
  if (!overview || !colours || !$(".at-thumbs-wrap").clientWidth) return;
  const kind = kindNow(), g = thumbGeometry(), context = sized(thumbs, g.width, g.height), { rows, columns } = overview, atlas = painted();
  context.font = `10px ${colours.font}`;
  context.fillStyle = colours.muted;
  context.textBaseline = "middle";
  context.imageSmoothingEnabled = columns > g.size;
  const every = Math.ceil(12 / g.size);
  for (let layer = 0; layer < kind.layers; layer++) {
    if (layer % every === 0) { context.textAlign = "right"; context.fillText(layer, g.left - 6, g.top + (layer + 0.5) * g.size); }
    for (let head = 0; head < g.columns; head++) {
      const x = g.left + head * g.size + (head === kind.heads ? 6 : 0), y = g.top + layer * g.size, edge = g.size - g.gap;
      context.drawImage(atlas, head * columns, layer * rows, columns, rows, x, y, edge, edge);
    }
  }
  context.textAlign = "center";
  for (let head = 0; head < g.columns; head++) {
    const label = head === kind.heads ? "avg" : head, x = g.left + (head + 0.5) * g.size + (head === kind.heads ? 6 : 0);
    if (head % Math.ceil(16 / g.size) === 0 || head === kind.heads) context.fillText(label, x, 8);
  }
  const frame = (layer, head, colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    const edge = g.size - g.gap;
    context.strokeRect(g.left + head * g.size + (head === kind.heads ? 6 : 0) - 1, g.top + layer * g.size - 1, edge + 2, edge + 2);
  };
  for (const [layer, head] of state.found) frame(layer, head, colours.mark, 2);
  frame(state.layer, state.head, colours.surface, 4);
  frame(state.layer, state.head, colours.accent, 2.5);
}

function drawFound() {
  const [name, order, , format] = FINDERS[$(".at-find").value] ?? [], list = $(".at-found");
  list.replaceChildren();
  state.found = [];
  if (!name) return drawThumbs();
  const table = kindNow().summaries[name], all = [];
  table.forEach((row, layer) => row.slice(0, kindNow().heads).forEach((number, head) => all.push([layer, head, number])));
  all.sort((a, b) => (order === "most" ? b[2] - a[2] : a[2] - b[2]));
  state.found = all.slice(0, 5);
  for (const [layer, head, number] of state.found) {
    const button = document.createElement("button"), figure = document.createElement("b");
    button.type = "button";
    button.textContent = `layer ${layer} head ${head}`;
    figure.textContent = format(number);
    button.append(figure);
    button.setAttribute("aria-pressed", String(layer === state.layer && head === state.head));
    button.addEventListener("click", () => look(layer, head));
    list.append(button);
  }
  drawThumbs();
}

function drawCards() {
  $(".at-cards").replaceChildren(...cards().map(([label, figure, part, small]) => {
    const card = document.createElement("div"), term = document.createElement("dt"), number = document.createElement("dd"), bar = document.createElement("i");
    term.textContent = label;
    number.textContent = `${figure} `;
    if (small) { const note = document.createElement("small"); note.textContent = small; number.append(note); }
    bar.style.width = `${Math.max(0, Math.min(1, part)) * 100}%`;
    card.append(term, number, bar);
    return card;
  }));
}

// One head large

function measured(words, limit) {
  const pen = stage.getContext("2d");
  pen.font = `12px ${colours.font}`;
  return Math.min(limit, Math.max(...words.map((word) => pen.measureText(word).width)));
}

function geometry() {
  const [q, k] = sizes(), width = scroll.clientWidth - 2, narrow = width < 480, zoom = 1.5 ** state.zoom;
  if (state.mode === "lines") {
    const row = (q > 64 || k > 64 ? 14 : q > 24 || k > 24 ? 18 : 24) * zoom, room = Math.min(width, 760);
    const left = measured(side("queries").text, narrow ? 90 : 150) + 22, right = measured(side("keys").text, narrow ? 90 : 150) + 22;
    return { lines: true, q, k, row, left, right, top: 26, width: room, height: 26 + Math.max(q, k) * row + 6 };
  }
  const left = measured(side("queries").text, narrow ? 64 : 120) + 22, tall = measured(side("keys").text, narrow ? 70 : 110);
  const top = tall * 0.82 + 18, right = Math.max(46, tall * 0.58);
  let cell = Math.max(1.5, Math.min(k > 6 ? 38 : 56, (width - left - right) / k)) * zoom;
  cell = cell > 4 ? Math.floor(cell) : cell;
  return { q, k, cell, left, top, right, width: left + k * cell + right, height: top + q * cell + 4 };
}

function draw() {
  if (!state.value || !matrix || !colours || scroll.clientWidth < 40) return;
  drawn = shown();
  const g = (state.g = geometry()), ratio = Math.min(window.devicePixelRatio || 1, 2);
  sized(stage, g.width, g.height);
  base = document.createElement("canvas");
  base.width = stage.width;
  base.height = stage.height;
  const context = base.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  (g.lines ? paintLines : paintCells)(context, g);
  refresh();
  drawLegend();
}

function refresh() {
  if (!base || !state.g) return;
  const context = stage.getContext("2d"), g = state.g;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, stage.width, stage.height);
  const at = state.over ?? { q: state.q, k: state.k };
  if (g.lines) context.globalAlpha = 0.22;
  context.drawImage(base, 0, 0);
  context.restore();
  if (g.lines) {
    context.clearRect(0, 0, g.left - 1, g.height);
    context.clearRect(g.width - g.right + 1, 0, g.right, g.height);
    lineLabels(context, g);
  }
  (g.lines ? focusLines : focusCell)(context, g, at);
  readout(at);
}

function paintCells(context, g) {
  const cells = maskNow(), image = pixels(cells), isMask = state.mode === "mask";
  context.imageSmoothingEnabled = false;
  context.drawImage(image, g.left, g.top, g.k * g.cell, g.q * g.cell);
  for (const reason of Object.keys(REASONS)) {
    const rectangles = runs(cells, Number(reason), g);
    if (!rectangles.length) continue;
    context.fillStyle = hatch(context, reason);
    for (const [x, y, width, height] of rectangles) context.fillRect(x, y, width, height);
  }
  if (g.cell >= 9) gridLines(context, g);
  if (g.cell >= 34 && !isMask) numbers(context, g, cells);
  labels(context, g);
  if (!isMask) sums(context, g);
}

function pixels(cells) {
  const [q, k] = sizes(), canvas = document.createElement("canvas"), special = side("keys").special;
  canvas.width = k;
  canvas.height = q;
  const image = new ImageData(k, q), shades = new Uint32Array(image.data.buffer);
  for (let index = 0; index < q * k; index++) {
    if (cells[index] || (state.hide && state.mode !== "mask" && special[index % k])) continue;
    shades[index] = colours.shades[state.mode === "mask" ? 153 : drawn.steps[index]];
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function runs(cells, reason, g) {
  const list = [];
  for (let row = 0; row < g.q; row++) for (let key = 0; key < g.k; key++) {
    if (cells[row * g.k + key] !== reason) continue;
    const start = key;
    while (key < g.k && cells[row * g.k + key] === reason) key++;
    list.push([g.left + start * g.cell, g.top + row * g.cell, (key - start) * g.cell, g.cell]);
  }
  return list;
}

function gridLines(context, g) {
  context.fillStyle = colours.surface;
  for (let key = 0; key <= g.k; key++) context.fillRect(g.left + key * g.cell - 0.5, g.top, 1, g.q * g.cell);
  for (let row = 0; row <= g.q; row++) context.fillRect(g.left, g.top + row * g.cell - 0.5, g.k * g.cell, 1);
}

function numbers(context, g, cells) {
  context.font = `${g.cell >= 38 ? 11 : 10}px ${colours.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let index = 0; index < g.q * g.k; index++) {
    const weight = drawn.weights[index];
    if (cells[index] || weight < 0.005 || (state.hide && side("keys").special[index % g.k])) continue;
    context.fillStyle = inkOn(level(index));
    context.fillText(weight >= 0.995 ? "1.0" : weight.toFixed(2).slice(1), g.left + ((index % g.k) + 0.5) * g.cell, g.top + (Math.floor(index / g.k) + 0.5) * g.cell);
  }
}

function clipped(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let short = text;
  while (short.length > 1 && context.measureText(`${short}…`).width > room) short = short.slice(0, -1);
  return `${short}…`;
}

function label(context, g, which, index, colour, weight = 400) {
  const token = side(which), text = token.text[index];
  context.font = `${weight} ${token.special[index] ? "italic " : ""}12px ${colours.font}`;
  context.fillStyle = colour;
  context.textBaseline = "middle";
  if (which === "queries") {
    context.textAlign = "right";
    context.fillText(clipped(context, text, g.left - 12), g.left - 7, g.top + (index + 0.5) * g.cell);
  } else {
    context.save();
    context.translate(g.left + (index + 0.5) * g.cell + 1, g.top - 7);
    context.rotate(-0.96);
    context.textAlign = "left";
    context.fillText(clipped(context, text, (g.top - 16) / 0.82), 0, 0);
    context.restore();
  }
}

function labels(context, g) {
  const every = Math.max(1, Math.ceil(13 / g.cell));
  for (let row = 0; row < g.q; row += every) label(context, g, "queries", row, colours.ink);
  for (let key = 0; key < g.k; key += every) {
    label(context, g, "keys", key, state.hide && side("keys").special[key] ? colours.line : colours.ink);
  }
}

function sums(context, g) {
  const x = g.left + g.k * g.cell + 7, every = Math.max(1, Math.ceil(13 / g.cell));
  context.font = `11px ${colours.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = colours.muted;
  for (let row = 0; row < g.q; row += every) context.fillText(drawn.kept[row].toFixed(2), x, g.top + (row + 0.5) * g.cell);
  context.save();
  context.textBaseline = "bottom";
  context.fillText(state.hide ? "kept" : "sum", x, g.top - 4);
  context.restore();
}

function focusCell(context, g, at) {
  const x = g.left + at.k * g.cell, y = g.top + at.q * g.cell;
  context.fillStyle = colours.accent;
  context.globalAlpha = 0.9;
  context.fillRect(g.left, y - 1, g.k * g.cell, 1);
  context.fillRect(g.left, y + g.cell, g.k * g.cell, 1);
  context.fillRect(x - 1, g.top, 1, g.q * g.cell);
  context.fillRect(x + g.cell, g.top, 1, g.q * g.cell);
  context.globalAlpha = 1;
  context.strokeStyle = colours.surface;
  context.lineWidth = 5;
  context.strokeRect(x - 1, y - 1, g.cell + 2, g.cell + 2);
  context.strokeStyle = colours.accent;
  context.lineWidth = 2.5;
  context.strokeRect(x - 1, y - 1, g.cell + 2, g.cell + 2);
  pill(context, g, "queries", at.q);
  pill(context, g, "keys", at.k);
}

function pill(context, g, which, index) {
  // The label of the row or column in focus, on a ground of its own: readable where labels are thinned out.
  const text = side(which).text[index];
  context.font = `600 12px ${colours.font}`;
  const width = Math.min(context.measureText(text).width, which === "queries" ? g.left - 12 : (g.top - 16) / 0.82) + 8;
  context.save();
  if (which === "queries") context.translate(g.left - 3 - width, g.top + (index + 0.5) * g.cell);
  else { context.translate(g.left + (index + 0.5) * g.cell - 1, g.top - 5); context.rotate(-0.96); }
  context.fillStyle = colours.accent;
  context.beginPath();
  context.roundRect(0, -9, width, 18, 4);
  context.fill();
  context.fillStyle = colours.accentInk;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(clipped(context, text, width - 8), 4, 0.5);
  context.restore();
}

// Lines

function curve(context, g, row, key) {
  const x1 = g.left, x2 = g.width - g.right, y1 = g.top + (row + 0.5) * g.row, y2 = g.top + (key + 0.5) * g.row, bend = (x2 - x1) * 0.42;
  context.beginPath();
  context.moveTo(x1, y1);
  context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  context.stroke();
}

function drawLinesOf(context, g, list, strong) {
  context.strokeStyle = colours.accent;
  for (const index of list) {
    const place = level(index);
    context.globalAlpha = strong ? 0.25 + 0.75 * place : place * place;
    context.lineWidth = (strong ? 1 : 0.6) + place * (strong ? 3.5 : 2.2);
    curve(context, g, Math.floor(index / g.k), index % g.k);
  }
  context.globalAlpha = 1;
}

function heavy(list) {
  const mask = maskNow();
  return list.filter((index) => !mask[index] && drawn.steps[index] > 40).sort((a, b) => drawn.weights[a] - drawn.weights[b]).slice(-4000);
}

function paintLines(context, g) {
  drawLinesOf(context, g, heavy([...drawn.weights.keys()]), false);
  lineLabels(context, g);
}

function lineLabels(context, g) {
  for (let row = 0; row < g.q; row++) lineLabel(context, g, "queries", row, colours.ink);
  for (let key = 0; key < g.k; key++) lineLabel(context, g, "keys", key, colours.ink);
  context.font = `11px ${colours.font}`;
  context.fillStyle = colours.muted;
  context.textAlign = "right";
  context.fillText("query", g.left - 8, 12);
  context.textAlign = "left";
  context.fillText("key", g.width - g.right + 8, 12);
}

function lineLabel(context, g, which, index, colour, weight = 400) {
  const isQuery = which === "queries", token = side(which), room = (isQuery ? g.left : g.right) - 14;
  context.font = `${weight} ${token.special[index] ? "italic " : ""}${g.row < 16 ? 11 : 12.5}px ${colours.font}`;
  context.fillStyle = colour;
  context.textAlign = isQuery ? "right" : "left";
  context.textBaseline = "middle";
  context.fillText(clipped(context, token.text[index], room), isQuery ? g.left - 8 : g.width - g.right + 8, g.top + (index + 0.5) * g.row);
}

function focusLines(context, g, at) {
  const byKey = state.over?.side === "keys", count = byKey ? g.q : g.k;
  const list = Array.from({ length: count }, (_, index) => (byKey ? index * g.k + at.k : at.q * g.k + index));
  drawLinesOf(context, g, heavy(list), true);
  for (const index of list) {
    const place = level(index), other = byKey ? Math.floor(index / g.k) : index % g.k;
    if (maskNow()[index]) continue;
    const y = g.top + other * g.row + 1, room = byKey ? g.left : g.right, width = (room - 4) * (place * place);
    context.globalAlpha = 0.28;
    context.fillStyle = colours.accent;
    context.fillRect(byKey ? g.left - 4 - width : g.width - g.right + 4, y, width, g.row - 2);
    context.globalAlpha = 1;
  }
  const which = byKey ? "keys" : "queries", index = byKey ? at.k : at.q, isQuery = !byKey;
  context.fillStyle = colours.accent;
  context.beginPath();
  context.roundRect(isQuery ? 2 : g.width - g.right + 3, g.top + index * g.row + 1, (isQuery ? g.left : g.right) - 6, g.row - 2, 4);
  context.fill();
  lineLabel(context, g, which, index, colours.accentInk, 600);
  if (!byKey) { context.strokeStyle = colours.mark; context.lineWidth = 2; context.strokeRect(g.width - g.right + 3, g.top + at.k * g.row + 1, g.right - 6, g.row - 2); }
}

// What is in focus, in words

function sentence(at, number) {
  const index = at.q * sizes()[1] + at.k, reason = maskNow()[index], query = named("queries", at.q), key = named("keys", at.k);
  if (reason === 5) return ["query ", query, ` is padding: nobody reads its row, here ${number(matrix[index])} to `, key];
  if (reason) return ["query ", query, " can't read ", key];
  if (state.mode === "mask") return ["query ", query, " may read ", key];
  if (state.hide && side("keys").special[at.k]) return ["the column of ", key, " is hidden; query ", query];
  return ["query ", query, " attends ", { weight: number(drawn.weights[index]) }, " to ", key];
}

function readout(at) {
  const line = $(".at-readout"), parts = sentence(at, digits), reason = maskNow()[at.q * sizes()[1] + at.k];
  line.replaceChildren(...parts.map((part, index) => {
    const node = document.createElement(part.weight ? "strong" : index % 2 ? "b" : "span");
    node.textContent = part.weight ?? part;
    return node;
  }));
  const small = document.createElement("small"), row = drawn.kept[at.q];
  const total = state.hide ? `special tokens hidden: ${row.toFixed(4)} of the row is kept and stands for 1` : `the row sums to ${row.toFixed(4)}`;
  small.textContent = reason ? `${REASONS[reason].why} · ${total}` : `${piece("queries", at.q)} → ${piece("keys", at.k)} · ${total}`;
  line.append(small);
}

function piece(which, index) { const { token, id } = side(which); return `${token[index]} (position ${index}, id ${id[index]})`; }

function say(at) {
  tell(sentence(at, spoken).map((part) => part.weight ?? part).join("") + (maskNow()[at.q * sizes()[1] + at.k] ? `: ${REASONS[maskNow()[at.q * sizes()[1] + at.k]].why}` : ""));
}

function drawLegend() {
  const isMask = state.mode === "mask", ramp = $(".at-ramp"), context = sized(ramp, 230, 30);
  ramp.hidden = isMask;
  for (let x = 0; x < 220; x++) { context.fillStyle = rampCss(x / 219); context.fillRect(5 + x, 0, 1, 12); }
  const top = state.scale === "one" ? 1 : drawn.most;
  context.font = `11px ${colours.font}`;
  context.fillStyle = colours.muted;
  for (const place of [0, 0.5, 1]) {
    context.textAlign = place === 0 ? "left" : place === 1 ? "right" : "center";
    context.fillText(state.scale === "row" ? (place === 0 ? "0" : place === 1 ? "row's largest" : "¼") : (top * place * place).toFixed(place ? 3 : 0), 5 + place * 220, 25);
  }
  const present = [...new Set(maskNow())].filter((reason) => reason > 0).sort();
  const entries = (isMask ? [["may be read", null]] : []).concat(present.map((reason) => [`masked: ${REASONS[reason].name}`, reason]));
  $(".at-keys").replaceChildren(...entries.map(([text, reason]) => {
    const entry = document.createElement("span"), swatch = document.createElement("canvas"), pen = sized(swatch, 22, 14);
    pen.fillStyle = reason === null ? rampCss(0.6) : hatch(pen, reason);
    pen.fillRect(0, 0, 22, 14);
    entry.append(swatch, document.createTextNode(text));
    return entry;
  }));
  const plain = isMask ? ["The mask of this layer: which keys each query may read at all. It is the same for every head."] : ["Each row is one query's softmax over the keys. Colours follow the square root, so that small weights stay visible."];
  if (state.hide && !isMask) plain.push("Columns of special tokens are hidden and each row is divided by what is left of it; “kept” says how much that was. These are not the model's own numbers. The figures above the picture are.");
  $(".at-plain").textContent = plain.join(" ");
}

// The table twin

function buildQueries() {
  const select = $(".at-query");
  const whole = sizes()[0] * sizes()[1] <= 900;
  select.replaceChildren();
  if (whole) select.add(new Option("all queries", "all"));
  side("queries").text.forEach((text, index) => select.add(new Option(`${index} ${text}`, index)));
}

function drawTable() {
  if (!$(".at-twin").open || !drawn) return;
  const chosen = $(".at-query").value, table = $(".at-table"), [q, k] = sizes(), cells = maskNow();
  const cell = (tag, text, scope) => { const node = document.createElement(tag); node.textContent = text; if (scope) node.scope = scope; return node; };
  const number = (row, key) => {
    const reason = cells[row * k + key], weight = drawn.weights[row * k + key], node = cell("td", reason ? REASONS[reason].name : weight > 0 && weight < 0.00005 ? "<0.0001" : digits(weight));
    node.className = reason ? "at-masked" : "num";
    return node;
  };
  const rows = [];
  if (chosen === "all") {
    const head = document.createElement("tr");
    head.append(cell("th", "query \\ key"), ...side("keys").text.map((text) => cell("th", text, "col")), cell("th", state.hide ? "kept" : "sum", "col"));
    rows.push(head);
    for (let row = 0; row < q; row++) {
      const line = document.createElement("tr");
      line.append(cell("th", side("queries").text[row], "row"), ...Array.from({ length: k }, (_, key) => number(row, key)), cell("td", drawn.kept[row].toFixed(4)));
      rows.push(line);
    }
  } else {
    const row = Number(chosen), head = document.createElement("tr"), order = Array.from({ length: k }, (_, key) => key);
    order.sort((a, b) => drawn.weights[row * k + b] - drawn.weights[row * k + a]);
    head.append(cell("th", "position", "col"), cell("th", "key", "col"), cell("th", "weight", "col"));
    rows.push(head);
    for (const key of order) { const line = document.createElement("tr"); line.append(cell("td", key), cell("th", side("keys").text[key], "row"), number(row, key)); rows.push(line); }
  }
  table.replaceChildren(...rows);
}

// Export

function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  status(`${name} is ready.`);
}

function fileName() { return `attention-${kindNow().kind}-layer-${state.layer}-${isAverage() ? "average" : `head-${state.head}`}`; }
function heading() { return `${state.value.title} · ${kindNow().name} · ${$(".at-title").textContent}`; }

const EXPORTS = {
  png() {
    const canvas = document.createElement("canvas"), g = state.g, context = canvas.getContext("2d");
    canvas.width = (Math.max(g.width, 560) + 24) * 2;
    canvas.height = (g.height + 56) * 2;
    context.scale(2, 2);
    context.fillStyle = colours.surface;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = colours.ink;
    context.font = `600 14px ${colours.font}`;
    context.fillText(heading(), 12, 24);
    context.translate(12, 44);
    (g.lines ? paintLines : paintCells)(context, g);
    canvas.toBlob((blob) => save(`${fileName()}.png`, blob));
  },
  svg() { save(`${fileName()}.svg`, svg(), "image/svg+xml"); },
  csv() {
    const quote = (text) => `"${String(text).replaceAll('"', '""')}"`, [q, k] = sizes();
    const lines = [[quote("query \\ key"), ...side("keys").text.map(quote)].join(",")];
    for (let row = 0; row < q; row++) lines.push([quote(side("queries").text[row]), ...Array.from(drawn.weights.subarray(row * k, (row + 1) * k))].join(","));
    save(`${fileName()}.csv`, "\ufeff" + lines.join("\r\n") + "\r\n", "text/csv");
  },
  async json() { await fromServer("json", "application/json"); },
  async html() { await fromServer("html", "text/html"); },
};

async function fromServer(format, type) {
  status("Writing the file …");
  const answer = await ask("attention_document", state.value.ticket, format, kindNow().kind);
  if (answer) save(answer.name, answer.text, type);
}

function svg() {
  const g = state.g, escape = (text) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\ufffd");
  const text = (x, y, content, more) => `<text x="${x}" y="${y}" ${more}>${escape(content)}</text>`, parts = [];
  if (g.lines) {
    for (const index of heavy([...drawn.weights.keys()])) {
      const place = level(index), row = Math.floor(index / g.k), x2 = g.width - g.right, bend = (x2 - g.left) * 0.42;
      const y1 = g.top + (row + 0.5) * g.row, y2 = g.top + ((index % g.k) + 0.5) * g.row;
      parts.push(`<path d="M${g.left} ${y1}C${g.left + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" fill="none" stroke="${colours.accent}" stroke-opacity="${(place * place).toFixed(3)}" stroke-width="${(0.6 + 2.2 * place).toFixed(2)}"/>`);
    }
    side("queries").text.forEach((word, row) => parts.push(text(g.left - 8, g.top + (row + 0.5) * g.row + 4, word, 'text-anchor="end"')));
    side("keys").text.forEach((word, key) => parts.push(text(g.width - g.right + 8, g.top + (key + 0.5) * g.row + 4, word, "")));
  } else {
    const cells = maskNow(), every = Math.max(1, Math.ceil(13 / g.cell));
    for (const [reason, { lines }] of Object.entries(REASONS)) {
      parts.push(`<pattern id="h${reason}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="${colours.surface2}"/>${lines.map(([x1, y1, x2, y2]) => `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="${colours.muted}" stroke-opacity="0.6"/>`).join("")}</pattern>`);
    }
    parts.push(`<image x="${g.left}" y="${g.top}" width="${g.k * g.cell}" height="${g.q * g.cell}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${pixels(cells).toDataURL()}"/>`);
    for (const reason of Object.keys(REASONS)) for (const [x, y, width, height] of runs(cells, Number(reason), g)) parts.push(`<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="url(#h${reason})"/>`);
    side("queries").text.forEach((word, row) => row % every || parts.push(text(g.left - 7, g.top + (row + 0.5) * g.cell + 4, word, 'text-anchor="end"')));
    side("keys").text.forEach((word, key) => { const x = g.left + (key + 0.5) * g.cell + 4; key % every || parts.push(text(x, g.top - 7, word, `transform="rotate(-55 ${x} ${g.top - 7})"`)); });
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.max(g.width, 560) + 24}" height="${g.height + 56}" font-family="system-ui, sans-serif" font-size="12" fill="${colours.ink}"><rect width="100%" height="100%" fill="${colours.surface}"/>${text(12, 24, heading(), 'font-size="14" font-weight="600"')}<g transform="translate(12 44)">${parts.join("")}</g></svg>`;
}

// Controls

function buildKinds() {
  const group = $(".at-kinds");
  group.hidden = state.value.kinds.length < 2;
  group.replaceChildren(...state.value.kinds.map((kind, index) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: kind.name });
    button.dataset.kind = index;
    button.addEventListener("click", () => changeKind(index, state.layer, state.head));
    return button;
  }));
}

function buildFinders() {
  const select = $(".at-find"), before = select.value;
  select.replaceChildren(new Option("choose …", ""));
  FINDERS.forEach(([name, , text], index) => kindNow().summaries[name] && select.add(new Option(text(kindNow()), index)));
  select.value = [...select.options].some((option) => option.value === before) ? before : "";
}

function cellAt(event) {
  const box = stage.getBoundingClientRect(), g = state.g, x = event.clientX - box.left, y = event.clientY - box.top;
  if (g.lines) {
    const index = Math.floor((y - g.top) / g.row), isKey = x > g.width / 2, count = isKey ? g.k : g.q;
    if (index < 0 || index >= count) return null;
    return isKey ? { q: state.q, k: index, side: "keys" } : { q: index, k: state.k, side: "queries" };
  }
  const k = Math.floor((x - g.left) / g.cell), q = Math.floor((y - g.top) / g.cell);
  return q >= 0 && k >= 0 && q < g.q && k < g.k ? { q, k } : null;
}

stage.addEventListener("pointermove", (event) => { if (state.g) { state.over = cellAt(event); refresh(); } });
stage.addEventListener("pointerleave", () => { state.over = null; refresh(); });
stage.addEventListener("click", (event) => {
  const at = state.g && cellAt(event);
  if (!at) return;
  Object.assign(state, { q: at.q, k: at.k });
  refresh();
  say(at);
});
stage.addEventListener("keydown", (event) => {
  const [q, k] = sizes(), moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -k], End: [0, k], PageUp: [-10, 0], PageDown: [10, 0] };
  const move = moves[event.key];
  if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  state.over = null;
  state.q = Math.max(0, Math.min(q - 1, state.q + move[0]));
  state.k = Math.max(0, Math.min(k - 1, state.k + move[1]));
  refresh();
  reveal();
  say(state);
});

function reveal() {
  // Keeps the cursor in sight where the picture is larger than its frame.
  const g = state.g, x = g.lines ? 0 : g.left + state.k * g.cell, y = g.lines ? g.top + state.q * g.row : g.top + state.q * g.cell, edge = 40;
  if (x < scroll.scrollLeft + edge) scroll.scrollLeft = x - edge;
  if (x > scroll.scrollLeft + scroll.clientWidth - edge) scroll.scrollLeft = x - scroll.clientWidth + edge;
  if (y < scroll.scrollTop + edge) scroll.scrollTop = y - edge;
  if (y > scroll.scrollTop + scroll.clientHeight - edge) scroll.scrollTop = y - scroll.clientHeight + edge;
}

thumbs.addEventListener("click", (event) => {
  const g = thumbGeometry(), box = thumbs.getBoundingClientRect(), kind = kindNow();
  const head = Math.floor((event.clientX - box.left - g.left) / g.size), layer = Math.floor((event.clientY - box.top - g.top) / g.size);
  if (head >= 0 && layer >= 0 && head <= kind.heads && layer < kind.layers) look(layer, head);
});
thumbs.addEventListener("keydown", (event) => {
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key], kind = kindNow();
  if (!move) return;
  event.preventDefault();
  look(Math.max(0, Math.min(kind.layers - 1, state.layer + move[0])), Math.max(0, Math.min(kind.heads, state.head + move[1])));
});
$(".at-layer").addEventListener("input", (event) => look(Number(event.target.value), state.head));
$(".at-headslider").addEventListener("input", (event) => look(state.layer, Number(event.target.value)));
$(".at-scale").addEventListener("change", (event) => { state.scale = event.target.value; drawThumbs(); draw(); });
$(".at-hide").addEventListener("change", (event) => { state.hide = event.target.checked; loadOverview(); draw(); drawTable(); say(state); });
$(".at-find").addEventListener("change", () => { drawFound(); if (state.found.length) look(state.found[0][0], state.found[0][1]); });
$(".at-query").addEventListener("change", drawTable);
$(".at-twin").addEventListener("toggle", drawTable);
for (const button of $$("[data-mode]")) button.addEventListener("click", () => {
  state.mode = button.dataset.mode;
  for (const other of $$("[data-mode]")) other.setAttribute("aria-pressed", String(other === button));
  draw();
});
for (const button of $$("[data-zoom]")) button.addEventListener("click", () => {
  const step = Number(button.dataset.zoom);
  state.zoom = step ? Math.max(-3, Math.min(8, state.zoom + step)) : 0;
  draw();
});
for (const button of $$("[data-export]")) button.addEventListener("click", () => EXPORTS[button.dataset.export]());

function repaint() {
  readColours();
  const look = `${colours.key} ${colours.ink} ${scroll.clientWidth} ${$(".at-thumbs-wrap").clientWidth}`;
  if (look !== painting) { painting = look; drawThumbs(); draw(); }
}
let pending = 0, painting = "";
function later() { cancelAnimationFrame(pending); pending = requestAnimationFrame(repaint); }
window.addEventListener("pg-theme", later);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
new MutationObserver(later).observe(document.body, { attributes: true, attributeFilter: ["class"] });
new ResizeObserver(() => {
  if (!element.clientWidth) { painting = ""; return; }
  if (!state.value && !asked) { asked = true; trigger("first_view"); }
  later();
}).observe(element);
readColours();
watch("value", () => take(props.value));
take(props.value);
