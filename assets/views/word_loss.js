// Every ordered pair of words: exp(loss) as a bar, and on request the pieces that make it.
const verdict = element.querySelector(".wl-verdict");
const rows = element.querySelector(".wl-rows");
const notes = element.querySelector(".wl-notes");

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const number = (x) => (x >= 1e6 ? x.toExponential(2) : x >= 100 ? Math.round(x).toLocaleString("en") : x.toPrecision(3));

const detail = (loss) => {
  const box = make("div", "wl-detail");
  const table = make("table", "pg-table");
  const head = table.createTHead().insertRow();
  for (const [text, kind] of [["piece of the label", ""], ["token_id", "num"], ["probability", "num"], ["loss = -ln(probability)", "num"]]) {
    const cell = make("th", kind, text);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const piece of loss.pieces) {
    const row = body.insertRow();
    const first = row.insertCell();
    first.append(make("span", "wl-piece", piece.piece));
    for (const text of [String(piece.token_id), piece.probability.toPrecision(4), piece.loss.toFixed(4)]) {
      const cell = row.insertCell();
      cell.className = "num";
      cell.textContent = text;
    }
  }
  const sum = loss.pieces.map((piece) => piece.loss.toFixed(4)).join(" + ");
  box.append(table);
  box.append(make("p", "pg-mono", `loss = (${sum}) / ${loss.pieces.length} = ${loss.loss.toFixed(4)} nats`));
  box.append(make("p", "pg-mono", `exp(loss) = ${loss.perplexity.toPrecision(6)}  (the perplexity)`));
  box.append(make("p", "pg-muted", `The model is as unsure as between ${number(loss.perplexity)} equally likely pieces, on average over the label's pieces.`));
  return box;
};

const show = () => {
  const value = props.value;
  rows.replaceChildren();
  notes.textContent = "";
  verdict.hidden = true;
  if (!value || !value.losses) return;
  const least = Math.min(...value.losses.map((loss) => loss.loss));
  const most = Math.max(...value.losses.map((loss) => loss.loss));
  verdict.textContent = value.verdict;
  verdict.hidden = !value.verdict;
  value.losses.forEach((loss, index) => {
    const row = make("details", "wl-row");
    row.setAttribute("role", "listitem");
    const line = make("summary");
    line.append(make("span", "wl-pair", `${loss.source} → ${loss.target}`));
    const track = make("span", "wl-track");
    const bar = make("div", "wl-bar");
    bar.style.width = `${most > 0 ? Math.max(1, (100 * loss.loss) / Math.max(most, 0.1)) : 1}%`;
    track.append(bar);
    line.append(track, make("span", "wl-number", number(loss.perplexity)));
    line.setAttribute("aria-label", `${loss.source} to ${loss.target}: exp(loss) ${number(loss.perplexity)}; open for the pieces`);
    row.append(line);
    row.addEventListener("toggle", () => row.open && row.childElementCount === 1 && row.append(detail(loss)));
    if (index === 0) { row.append(detail(loss)); row.open = Boolean(value.open); }
    rows.append(row);
  });
  notes.textContent = [value.scale || "", ...(value.notes || [])].filter(Boolean).join(" ");
};
watch("value", show);
show();
