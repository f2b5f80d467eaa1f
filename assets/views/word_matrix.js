// Losses of up to 60 words against each other: a heatmap with a cursor, switches that say what the number hides,
// a ranking, a scatter against cosine, and a table twin. All from one table of losses; nothing is asked again.
const root = element.querySelector(".wm");
const canvas = root.querySelector(".wm-canvas");
const scatter = root.querySelector(".wm-scatter");
const find = (name) => root.querySelector(`.wm-${name}`);
const on = { total: false, baseline: false, symmetric: false, cosine: false };
let data = null, order = [], cursor = [0, 1], size = 20, left = 80, top_ = 80, dots = [];

const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
const loss = (i, j) => {
  const per = data.loss[i][j] - (on.baseline ? data.baseline_sum[j] / data.pieces[j] : 0);
  return per * (on.total ? data.pieces[j] : 1);
};
const measure = (i, j) => {
  if (on.cosine) return data.cosine[i][j];
  return on.symmetric ? (loss(i, j) + loss(j, i)) / 2 : loss(i, j);
};
const plain = () => !on.cosine && !on.baseline && !on.total;
const number = (x) => (Math.abs(x) >= 1e6 ? x.toExponential(1) : Math.abs(x) >= 100 ? Math.round(x).toLocaleString("en") : x.toPrecision(3));
const shown = (x) => (plain() ? number(Math.exp(x)) : x.toFixed(2));
const unit = () => (on.cosine ? "cosine" : plain() ? "exp(loss)" : on.baseline ? "nats above the baseline" : "summed loss in nats");

const pairs = () => {
  const list = [];
  for (let i = 0; i < data.words.length; i++) for (let j = 0; j < data.words.length; j++) if (i !== j) list.push([i, j]);
  return list;
};
const ranks = (values) => {
  const index = values.map((_, k) => k).sort((a, b) => values[a] - values[b]);
  const result = new Array(values.length);
  for (let k = 0; k < index.length; ) {
    let end = k;
    while (end + 1 < index.length && values[index[end + 1]] === values[index[k]]) end++;
    for (let m = k; m <= end; m++) result[index[m]] = (k + end) / 2;
    k = end + 1;
  }
  return result;
};
const spearman = (a, b) => {
  const x = ranks(a), y = ranks(b), mean = (x.length - 1) / 2;
  let xy = 0, xx = 0, yy = 0;
  x.forEach((_, k) => { xy += (x[k] - mean) * (y[k] - mean); xx += (x[k] - mean) ** 2; yy += (y[k] - mean) ** 2; });
  return xx && yy ? xy / Math.sqrt(xx * yy) : null;
};

const setOrder = () => {
  const kind = find("order").value, all = data.words.map((_, k) => k);
  order = kind === "clustered" ? data.clustered : kind === "alphabet" ? all.sort((a, b) => data.words[a].localeCompare(data.words[b])) : all;
};
const fit = (context, text, width) => {
  if (context.measureText(text).width <= width) return text;
  while (text.length > 1 && context.measureText(text + "…").width > width) text = text.slice(0, -1);
  return text + "…";
};

const draw = () => {
  if (!data || !root.offsetParent) return;
  const count = data.words.length, ratio = window.devicePixelRatio || 1;
  const probe = canvas.getContext("2d");
  probe.font = "13px 'IBM Plex Sans', sans-serif";
  const widest = Math.max(...data.words.map((word) => probe.measureText(word).width));
  left = Math.min(130, widest + 12); top_ = left;
  const room = Math.max(240, root.querySelector(".wm-map").clientWidth) - left - 2;
  size = Math.max(8, Math.min(58, Math.floor(room / count)));
  const width = left + size * count + 2, height = top_ + size * count + 2;
  canvas.width = width * ratio; canvas.height = height * ratio;
  canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const list = pairs(), values = list.map(([i, j]) => measure(i, j));
  let low = Math.min(...values), high = Math.max(...values);
  const ramp = [...Array(9).keys()].map((k) => css(`--pg-seq-${k}`));
  const ink = css("--pg-ink"), line = css("--pg-line"), font = Math.min(13, Math.max(8, size - 3));
  context.textBaseline = "middle";
  order.forEach((i, row) => {
    context.font = `${font}px 'IBM Plex Sans', sans-serif`;
    context.fillStyle = ink;
    context.textAlign = "right";
    context.fillText(fit(context, data.words[i], left - 10), left - 6, top_ + row * size + size / 2);
    context.save();
    context.translate(left + row * size + size / 2, top_ - 6);
    context.rotate(-Math.PI / 2);
    context.textAlign = "left";
    context.fillText(fit(context, data.words[i], top_ - 10), 0, 0);
    context.restore();
    order.forEach((j, column) => {
      const x = left + column * size, y = top_ + row * size;
      if (i === j) {
        context.fillStyle = line;
        context.fillRect(x, y, size - 1, size - 1);
        return;
      }
      const value = measure(i, j);
      let strength = high > low ? (value - low) / (high - low) : 0.5;
      if (!on.cosine) strength = 1 - strength;  // a small loss is a close pair: the strong colour always means close
      const step = Math.min(8, Math.round(strength * 8));
      context.fillStyle = ramp[step];
      context.fillRect(x, y, size - 1, size - 1);
      if (size >= 40) {
        const [r, g, b] = rgb(ramp[step]);
        context.fillStyle = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#10161c" : "#ffffff";
        context.textAlign = "center";
        context.font = "11px 'IBM Plex Mono', monospace";
        context.fillText(shown(value), x + size / 2, y + size / 2);
      }
    });
  });
  const [row, column] = cursor;
  context.strokeStyle = css("--pg-div-pos");
  context.lineWidth = 2;
  context.strokeRect(left + column * size - 0.5, top_ + row * size - 0.5, size, size);
  find("low").textContent = `close: ${shown(on.cosine ? high : low)}`;
  find("high").textContent = `far: ${shown(on.cosine ? low : high)}`;
};

const say = () => {
  const i = order[cursor[0]], j = order[cursor[1]];
  const a = data.words[i], b = data.words[j];
  let text = `${a} → ${b}: ${unit()} ${shown(measure(i, j))}`;
  if (i === j) text = `${a} with itself: ${unit()} ${shown(measure(i, i))} (left out of the colours)`;
  else if (!on.symmetric && !on.cosine) text += ` · ${b} → ${a}: ${shown(measure(j, i))}`;
  if (!on.cosine && data.cosine) text += ` · cosine ${data.cosine[i][j].toFixed(2)}`;
  find("cell").textContent = text + " · click or Enter for the pieces";
  canvas.setAttribute("aria-label", text);
};

const rank = () => {
  const i = Number(find("word").value), list = find("ranking");
  list.replaceChildren();
  const others = data.words.map((_, j) => j).filter((j) => j !== i);
  others.sort((a, b) => (on.cosine ? -1 : 1) * (measure(i, a) - measure(i, b)));
  for (const j of others.slice(0, 8)) {
    const item = document.createElement("li"), value = document.createElement("span");
    value.className = "v";
    value.textContent = shown(measure(i, j));
    item.append(value, document.createTextNode(data.words[j]));
    list.append(item);
  }
};

const plot = () => {
  const rho = find("rho");
  const context = scatter.getContext("2d"), ratio = window.devicePixelRatio || 1, width = 300, height = 220;
  scatter.width = width * ratio; scatter.height = height * ratio;
  scatter.style.width = `${width}px`; scatter.style.height = `${height}px`;
  context.scale(ratio, ratio);
  if (!data.cosine) return;
  const was = on.cosine;
  on.cosine = false;
  const list = pairs().filter(([i, j]) => !on.symmetric || i < j);
  const x = list.map(([i, j]) => measure(i, j)), y = list.map(([i, j]) => data.cosine[i][j]);
  const name = unit() === "exp(loss)" ? "loss" : unit();
  on.cosine = was;
  const [x0, x1, y0, y1] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
  const px = (v) => 34 + ((v - x0) / (x1 - x0 || 1)) * (width - 44), py = (v) => height - 30 - ((v - y0) / (y1 - y0 || 1)) * (height - 42);
  context.strokeStyle = css("--pg-line");
  context.strokeRect(29, 7, width - 36, height - 32);
  context.fillStyle = css("--pg-accent");
  context.globalAlpha = list.length > 400 ? 0.35 : 0.7;
  dots = list.map(([i, j], k) => [px(x[k]), py(y[k]), i, j]);
  for (const [cx, cy] of dots) { context.beginPath(); context.arc(cx, cy, list.length > 400 ? 2 : 3.5, 0, 7); context.fill(); }
  context.globalAlpha = 1;
  context.fillStyle = css("--pg-muted");
  context.font = "11px 'IBM Plex Sans', sans-serif";
  context.textAlign = "center";
  context.fillText(`${name} →`, width / 2, height - 8);
  context.save(); context.translate(14, height / 2); context.rotate(-Math.PI / 2); context.fillText("cosine →", 0, 0); context.restore();
  const r = spearman(x, y);
  const text = r === null ? "Too few pairs for a correlation." : `Spearman's rho of ${name} and cosine: ${r.toFixed(2)} (${list.length} pairs; -1 would be the same ranking).`;
  rho.textContent = text;
  scatter.setAttribute("aria-label", text);
};

const meaning = () => {
  const parts = [];
  if (on.cosine) parts.push("The cosine of two MiniLM embeddings: no direction, no label, no loss; 1 means the same.");
  else {
    parts.push(on.total ? "Summed loss of all pieces: long words cost more." : "Rows are sources, columns are labels; exp of the mean loss per piece.");
    if (on.baseline) parts.push("Less what the label costs after an empty source: below 0 means the source helps.");
    if (on.symmetric) parts.push("Mean of both directions.");
  }
  find("meaning").textContent = parts.join(" ");
};

const twin = () => {
  const wrap = find("twin").querySelector(".pg-table-wrap");
  wrap.replaceChildren();
  if (!find("twin").open) return;
  const table = document.createElement("table");
  table.className = "pg-table";
  const caption = table.createCaption();
  caption.textContent = `Rows: source, columns: label; ${unit()}`;
  const head = table.createTHead().insertRow();
  head.insertCell();
  for (const j of order) { const cell = document.createElement("th"); cell.scope = "col"; cell.className = "num"; cell.textContent = data.words[j]; head.append(cell); }
  const body = table.createTBody();
  for (const i of order) {
    const row = body.insertRow(), first = document.createElement("th");
    first.scope = "row"; first.textContent = data.words[i]; row.append(first);
    for (const j of order) { const cell = row.insertCell(); cell.className = "num"; cell.textContent = i === j ? "–" : shown(measure(i, j)); }
  }
  wrap.append(table);
};

const update = () => { if (!data) return; setOrder(); meaning(); draw(); say(); rank(); plot(); twin(); };
const show = () => {
  data = props.value && props.value.loss ? props.value : null;
  root.hidden = !data;
  if (!data) return;
  root.querySelector('[data-switch="cosine"]').disabled = !data.cosine;
  const select = find("word");
  select.replaceChildren(...data.words.map((word, k) => { const option = document.createElement("option"); option.value = k; option.textContent = word; return option; }));
  cursor = [0, Math.min(1, data.words.length - 1)];
  find("notes").textContent = (data.notes || []).join(" ");
  update();
};
const at = (event) => {
  const box = canvas.getBoundingClientRect();
  const column = Math.floor((event.clientX - box.left - left) / size), row = Math.floor((event.clientY - box.top - top_) / size);
  return row >= 0 && column >= 0 && row < order.length && column < order.length ? [row, column] : null;
};
const choose = () => {
  const i = order[cursor[0]], j = order[cursor[1]];
  if (i !== j) trigger("click", { source: data.words[i], target: data.words[j] });
};
canvas.addEventListener("mousemove", (event) => { const cell = data && at(event); if (cell && String(cell) !== String(cursor)) { cursor = cell; draw(); say(); } });
canvas.addEventListener("click", (event) => { const cell = data && at(event); if (cell) { cursor = cell; draw(); say(); choose(); } });
canvas.addEventListener("keydown", (event) => {
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (!data) return;
  if (move) {
    cursor = cursor.map((at, k) => Math.max(0, Math.min(order.length - 1, at + move[k])));
    draw(); say();
  } else if (event.key === "Enter" || event.key === " ") choose();
  else return;
  event.preventDefault();
});
scatter.addEventListener("mousemove", (event) => {
  const box = scatter.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const near = dots.reduce((best, dot) => { const d = (dot[0] - x) ** 2 + (dot[1] - y) ** 2; return d < best[0] ? [d, dot] : best; }, [144, null])[1];
  scatter.title = near ? `${data.words[near[2]]} → ${data.words[near[3]]}` : "";
});
for (const button of root.querySelectorAll("[data-switch]"))
  button.addEventListener("click", () => { const name = button.dataset.switch; on[name] = !on[name]; button.setAttribute("aria-pressed", String(on[name])); update(); });
find("order").addEventListener("change", update);
find("word").addEventListener("change", rank);
find("twin").addEventListener("toggle", () => data && twin());
window.addEventListener("pg-theme", () => { draw(); data && plot(); });
new ResizeObserver(() => draw()).observe(root);
watch("value", show);
show();
