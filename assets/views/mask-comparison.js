// What the model made of the right and of the wrong batch: numbers with their difference, and attention of one row.
const rows = element.querySelector(".rows"), bar = element.querySelector(".bar"), maps = element.querySelector(".maps");
const heard = element.querySelector(".heard"), place = { q: 0, k: 0 };
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const digits = (x) => (Math.abs(x) >= 100 ? x.toFixed(1) : Math.abs(x) >= 0.0001 || x === 0 ? x.toFixed(4) : x.toExponential(1));
const drawRow = (row, mistake) => {
  const box = make("div", "result");
  if (row.largest_difference < 2e-6) {
    box.append(make("p", "same", `${row.title}: the same answer; largest difference ${digits(row.largest_difference)}`));
    return box;
  }
  box.append(make("h4", "", row.title), make("p", "", row.summary));
  const table = make("table"), head = make("tr"), wrap = make("div", "pg-table-wrap");
  for (const [name, kind] of [[row.unit, ""], ["right", "num"], [mistake, "num"], ["difference", "num"]]) head.append(make("th", kind, name));
  table.append(head);
  const most = Math.max(...row.quantities.map((q) => Math.abs(q.wrong - q.right)), 1e-12);
  for (const q of row.quantities) {
    const tr = make("tr"), delta = q.wrong - q.right, cell = make("td", "num", (delta > 0 ? "+" : "") + digits(delta));
    const stripe = make("span", `delta ${delta < 0 ? "neg" : "pos"}`);
    stripe.style.width = `${Math.round((46 * Math.abs(delta)) / most)}px`;
    cell.append(stripe);
    tr.append(make("td", "", q.name), make("td", "num", digits(q.right)), make("td", "num", digits(q.wrong)), cell);
    table.append(tr);
  }
  wrap.append(table);
  box.append(wrap, make("p", "pg-muted", `largest difference over all ${row.compared} numbers: ${digits(row.largest_difference)}`));
  return box;
};

// ---- attention: 16-bit numbers, layer after layer
const decode = (text) => new Uint16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const rgb = (name) => {
  const probe = make("span");
  probe.style.color = getComputedStyle(element).getPropertyValue(name);
  element.append(probe);
  const parts = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return parts;
};
const mix = (a, b, t) => `rgb(${a.map((x, k) => Math.round(x + (b[k] - x) * t)).slice(0, 3)})`;
// One map: a canvas in a frame that can hold a cursor. `move` is told which cell the pointer or the keys are at.
const paint = (map, colour, mask, move) => {
  const { size, value } = map, cell = Math.max(7, Math.min(26, Math.floor(300 / size)));
  const canvas = make("canvas"), ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.height = size * cell * ratio;
  canvas.style.width = `${size * cell}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.strokeStyle = getComputedStyle(element).getPropertyValue("--pg-muted");
  for (let q = 0; q < size; q++) for (let k = 0; k < size; k++) {
    pen.fillStyle = colour(value(q, k));
    pen.fillRect(k * cell, q * cell, cell - 0.5, cell - 0.5);
    if (mask && !mask[k]) {
      pen.beginPath(); pen.moveTo(k * cell, q * cell + cell); pen.lineTo(k * cell + cell, q * cell); pen.stroke();
    }
  }
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "attention weights");
  canvas.setAttribute("aria-label", `${map.title}. Rows are queries, columns are keys; arrow keys move from cell to cell.`);
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const k = Math.floor(((event.clientX - box.left) / box.width) * size), q = Math.floor(((event.clientY - box.top) / box.height) * size);
    if (q >= 0 && k >= 0 && q < size && k < size) move(map, q, k, false);
  });
  canvas.addEventListener("focus", () => move(map, Math.min(place.q, size - 1), Math.min(place.k, size - 1), true));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -size], End: [0, size] }[event.key];
    if (!step) return;
    event.preventDefault();
    const within = (x) => Math.min(size - 1, Math.max(0, x));
    move(map, within(place.q + step[0]), within(place.k + step[1]), true);
  });
  map.cursor = make("span", "cursor");
  map.cursor.hidden = true;
  const frame = make("div", "frame");
  frame.append(canvas, map.cursor);
  return frame;
};
const pointAt = (map, q, k) => {
  map.cursor.hidden = false;
  Object.assign(map.cursor.style, { left: `${(100 * k) / map.size}%`, top: `${(100 * q) / map.size}%`, width: `${100 / map.size}%`, height: `${100 / map.size}%` });
};
const drawAttention = (attention) => {
  bar.replaceChildren();
  maps.replaceChildren();
  if (!attention) return;
  const right = decode(attention.right), wrong = decode(attention.wrong);
  const slider = make("input"), label = make("label"), shown = make("b"), said = make("div", "said");
  slider.type = "range"; slider.min = 0; slider.max = attention.layers - 1; slider.value = attention.layers - 1;
  slider.setAttribute("aria-label", "layer");
  label.append("Attention of row " + attention.row + ", mean over heads, layer ", shown, " ", slider);
  bar.append(label);
  const ramp = Array.from({ length: 9 }, (_, k) => rgb(`--pg-seq-${k}`));
  const strength = (x) => { const t = Math.min(0.9999, Math.sqrt(x)) * 8; return mix(ramp[Math.floor(t)], ramp[Math.ceil(t)], t % 1); };
  const [neg, mid, pos] = ["--pg-div-neg", "--pg-div-mid", "--pg-div-pos"].map(rgb);
  const change = (x) => mix(mid, x < 0 ? neg : pos, Math.min(1, Math.sqrt(Math.abs(x))));
  const draw = () => {
    const layer = Number(slider.value), n = attention.right_tokens.length, m = attention.wrong_tokens.length;
    shown.textContent = layer;
    maps.replaceChildren();
    said.textContent = "";
    const a = (q, k) => right[(layer * n + q) * n + k] / 65535, b = (q, k) => wrong[(layer * m + q) * m + k] / 65535;
    const drawn = [];
    const move = (map, q, k, aloud) => {
      Object.assign(place, { q, k });
      for (const other of drawn) if (attention.aligned || other === map) pointAt(other, q, k); else other.cursor.hidden = true;
      const numbers = attention.aligned ? drawn.map((other) => `${other.name} ${other.value(q, k).toFixed(4)}`).join(", ") : map.value(q, k).toFixed(4);
      said.textContent = `query ${map.names[q]} (${q}) → key ${map.names[k]} (${k}): ${numbers}`;
      if (aloud) heard.textContent = `query ${map.names[q]} attends to ${map.names[k]}: ${numbers}`;
    };
    const add = (title, name, size, value, colour, mask, names) => {
      const figure = make("figure"), map = { title, name, size, value, names };
      figure.append(make("figcaption", "", title), paint(map, colour, mask, move));
      drawn.push(map);
      maps.append(figure);
    };
    add("right (rows: queries, columns: keys)", "right", n, a, strength, attention.right_mask, attention.right_tokens);
    add(attention.mistake, attention.mistake, m, b, strength, attention.wrong_mask, attention.wrong_tokens);
    if (attention.aligned) {
      let most = 0;
      for (let q = 0; q < n; q++) for (let k = 0; k < n; k++) most = Math.max(most, Math.abs(b(q, k) - a(q, k)));
      add(`difference (largest ${most.toFixed(4)}): orange is more, blue is less`, "difference", n, (q, k) => b(q, k) - a(q, k), change, null, attention.right_tokens);
    }
  };
  slider.addEventListener("input", draw);
  draw();
  bar.append(said);
};
const draw = () => {
  const value = props.value;
  rows.replaceChildren();
  if (!value || !value.rows) { bar.replaceChildren(); maps.replaceChildren(); return; }
  rows.append(...value.rows.map((row) => drawRow(row, value.mistake)));
  drawAttention(value.attention);
  heard.textContent = value.rows.map((row) => `${row.title}: ` + (row.largest_difference < 2e-6 ? "the same answer" : `${row.summary}, largest difference ${digits(row.largest_difference)}`)).join(". ");
};
watch("value", draw);
draw();
