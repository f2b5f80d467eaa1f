// People's ratings against the model's: a scatter with its outliers, and the reader's own ten ratings.
const root = element.querySelector(".wr");
const find = (name) => root.querySelector(`.wr-${name}`);
const canvas = find("plot");
let data = null, dots = [], rated = new Map();

const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
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
const two = (x) => (x === null ? "none (all the same)" : x.toFixed(2));
const measured = () => data && data.pairs.length && data.pairs[0].similarity !== undefined;

const sliders = () => {
  const box = find("sliders");
  if (!data || box.childElementCount) return;
  for (const k of data.ten) {
    const pair = data.pairs[k], label = document.createElement("label"), name = document.createElement("span");
    const input = document.createElement("input"), out = document.createElement("output");
    name.textContent = `${pair.word1} – ${pair.word2}`;
    Object.assign(input, { type: "range", min: 0, max: 10, step: 0.5, value: 5 });
    input.setAttribute("aria-label", `how related are ${pair.word1} and ${pair.word2}, 0 to 10`);
    out.textContent = "?";
    const note = () => {
      rated.set(k, Number(input.value));
      out.textContent = input.value;
      find("reveal").disabled = rated.size < data.ten.length;
      find("reveal").textContent = rated.size < data.ten.length ? `Rated ${rated.size} of ${data.ten.length}` : "Compare with the model and with people";
    };
    input.addEventListener("input", note);
    input.addEventListener("change", note);
    label.append(name, input, out);
    box.append(label);
  }
};

const reveal = () => {
  if (!measured()) { find("own").hidden = false; find("own").textContent = "Asking the model…"; trigger("click", {}); return; }
  const ten = data.ten, mine = ten.map((k) => rated.get(k));
  const model = ten.map((k) => data.pairs[k].similarity), people = ten.map((k) => data.pairs[k].rating);
  const you = spearman(mine, model), mean = spearman(people, model), both = spearman(mine, people);
  const closer = you === null || mean === null ? "" : you > mean + 0.05 ? " The model ranks these pairs more as you do." : mean > you + 0.05 ? " The model ranks these pairs more as the published mean does." : " It agrees about equally with both.";
  find("own").hidden = false;
  find("own").textContent = `Rank agreement (Spearman's rho) on these ten pairs: model and you ${two(you)}, model and published mean ${two(mean)}, you and published mean ${two(both)}.${closer} Ten pairs are few: a different ten can turn it round.`;
};

const draw = () => {
  find("all").hidden = !measured();
  if (!measured() || !root.offsetParent) return;
  const ratio = window.devicePixelRatio || 1, width = Math.min(760, root.clientWidth - 4), height = Math.max(300, Math.min(420, width * 0.6));
  canvas.width = width * ratio; canvas.height = height * ratio;
  canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const x = data.pairs.map((pair) => pair.rating), y = data.pairs.map((pair) => pair.similarity);
  const [y0, y1] = [Math.min(...y), Math.max(...y)];
  const px = (v) => 44 + (v / 10) * (width - 60), py = (v) => height - 40 - ((v - y0) / (y1 - y0 || 1)) * (height - 60);
  context.strokeStyle = css("--pg-line");
  context.strokeRect(36, 8, width - 44, height - 40);
  context.fillStyle = css("--pg-muted");
  context.font = "12px 'IBM Plex Sans', sans-serif";
  context.textAlign = "center";
  for (let v = 0; v <= 10; v += 2) context.fillText(String(v), px(v), height - 18);
  context.fillText("people's mean rating (0 to 10) →", width / 2, height - 3);
  context.save(); context.translate(14, height / 2); context.rotate(-Math.PI / 2); context.fillText("model: less surprised →", 0, 0); context.restore();
  const rx = ranks(x), ry = ranks(y);
  const far = x.map((_, k) => k).sort((a, b) => Math.abs(rx[b] - ry[b]) - Math.abs(rx[a] - ry[a])).slice(0, 6);
  dots = data.pairs.map((pair, k) => [px(x[k]), py(y[k]), pair]);
  dots.forEach(([cx, cy], k) => {
    context.fillStyle = far.includes(k) ? css("--pg-div-pos") : css("--pg-accent");
    context.globalAlpha = far.includes(k) ? 1 : 0.65;
    context.beginPath();
    if (far.includes(k)) context.rect(cx - 4, cy - 4, 8, 8); else context.arc(cx, cy, 4, 0, 7);
    context.fill();
  });
  context.globalAlpha = 1;
  context.fillStyle = css("--pg-ink");
  for (const k of far) {
    const [cx, cy, pair] = dots[k];
    context.textAlign = cx > width * 0.7 ? "right" : "left";
    context.fillText(`${pair.word1} – ${pair.word2}`, cx + (cx > width * 0.7 ? -8 : 8), cy + 4);
  }
  const text = `Spearman's rho with people: loss ${two(data.rho)}, MiniLM cosine ${two(data.rho_cosine)} (${data.pairs.length} pairs)`;
  find("title").textContent = text;
  canvas.setAttribute("aria-label", `${text}. Furthest from people: ${far.map((k) => `${data.pairs[k].word1} and ${data.pairs[k].word2}`).join(", ")}.`);
};

const twin = () => {
  const wrap = find("twin").querySelector(".pg-table-wrap");
  wrap.replaceChildren();
  if (!find("twin").open || !measured()) return;
  const table = document.createElement("table");
  table.className = "pg-table";
  const head = table.createTHead().insertRow();
  for (const text of ["pair", "people", "model", "exp(loss) →", "exp(loss) ←", "cosine"]) { const cell = document.createElement("th"); cell.scope = "col"; cell.textContent = text; if (text !== "pair") cell.className = "num"; head.append(cell); }
  const body = table.createTBody();
  for (const pair of data.pairs) {
    const row = body.insertRow();
    row.insertCell().textContent = `${pair.word1} – ${pair.word2}`;
    for (const v of [pair.rating.toFixed(2), pair.similarity.toFixed(2), Math.exp(pair.loss_forward).toPrecision(3), Math.exp(pair.loss_backward).toPrecision(3), pair.cosine.toFixed(2)]) { const cell = row.insertCell(); cell.className = "num"; cell.textContent = v; }
  }
  wrap.append(table);
};

const show = () => {
  data = props.value && props.value.pairs ? props.value : null;
  sliders();
  draw();
  twin();
  if (measured() && rated.size === data.ten.length && !find("own").hidden) reveal();
};
find("reveal").addEventListener("click", reveal);
find("twin").addEventListener("toggle", twin);
canvas.addEventListener("mousemove", (event) => {
  const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const near = dots.reduce((best, dot) => { const d = (dot[0] - x) ** 2 + (dot[1] - y) ** 2; return d < best[0] ? [d, dot] : best; }, [200, null])[1];
  find("hover").textContent = near ? `${near[2].word1} – ${near[2].word2}: people ${near[2].rating}, model ${near[2].similarity.toFixed(2)}, cosine ${near[2].cosine.toFixed(2)}` : "";
});
window.addEventListener("pg-theme", draw);
new ResizeObserver(draw).observe(root);
watch("value", show);
show();
