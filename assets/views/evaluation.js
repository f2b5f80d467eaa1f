// Metrics of a labelled run: cards, a confusion matrix whose cells list their rows, a reliability diagram.
const view = element.querySelector(".ev");
const find = (name) => element.querySelector(".ev-" + name);
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const draw = (name, attributes, text) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  if (text !== undefined) node.textContent = text;
  return node;
};
const table = (host, heads, rows) => {
  const line = (cells, tag) => {
    const row = make("tr");
    cells.forEach((cell, n) => row.append(make(tag, n ? "num" : "", cell)));
    return row;
  };
  host.querySelector("thead").replaceChildren(line(heads, "th"));
  host.querySelector("tbody").replaceChildren(...rows.map((row) => line(row, "td")));
};
const listed = (value, gold, predicted) => Boolean(value.listed && value.listed[0] === gold && value.listed[1] === predicted);
const matrix = (value) => {
  const held = [...find("matrix").querySelectorAll("button")].indexOf(document.activeElement);
  const head = make("tr");
  head.append(make("th", "", "right ↓ said →"), ...value.labels.map((label) => make("th", "", label)));
  find("matrix").querySelector("thead").replaceChildren(head);
  const most = Math.max(1, ...value.confusion.flat());
  find("matrix").querySelector("tbody").replaceChildren(...value.confusion.map((counts, gold) => {
    const row = make("tr");
    row.append(make("th", "", value.labels[gold]));
    counts.forEach((count, predicted) => {
      const cell = make("td", gold === predicted ? "right" : "");
      const button = make("button", "", String(count));
      const level = count ? 1 + Math.round(count / most * 6) : 0;
      button.type = "button";
      button.style.background = `var(--pg-seq-${level})`;
      button.classList.toggle("deep", level >= 5);
      button.setAttribute("aria-pressed", String(listed(value, gold, predicted)));
      button.setAttribute("aria-label", `${count} rows: right ${value.labels[gold]}, said ${value.labels[predicted]}`);
      button.addEventListener("click", () => trigger("select", { gold, predicted }));
      cell.append(button);
      row.append(cell);
    });
    return row;
  }));
  find("matrix").querySelectorAll("button")[held]?.focus({ preventScroll: true });
};
const plot = (value) => {
  const x = (share) => 46 + share * 200, y = (share) => 190 - share * 180;
  const parts = [0, 0.25, 0.5, 0.75, 1].flatMap((tick) => [
    draw("line", { class: "axis", x1: x(tick), x2: x(tick), y1: y(0), y2: y(1) }),
    draw("line", { class: "axis", x1: x(0), x2: x(1), y1: y(tick), y2: y(tick) }),
    draw("text", { x: x(tick), y: 203, "text-anchor": "middle" }, tick * 100 + " %"),
    draw("text", { x: 42, y: y(tick) + 3, "text-anchor": "end" }, tick * 100 + " %"),
  ]);
  parts.push(draw("text", { x: 146, y: 216, "text-anchor": "middle" }, "how sure the model was"));
  parts.push(draw("text", { x: 8, y: 100, "text-anchor": "middle", transform: "rotate(-90 8 100)" }, "how often it was right"));
  value.bins.filter((bin) => bin.count).forEach((bin) => parts.push(draw("rect", {
    class: "bar", x: x(bin.low) + 2, width: (bin.high - bin.low) * 200 - 4, y: y(bin.accuracy) - 1, height: bin.accuracy * 180 + 1,
    opacity: (0.35 + 0.65 * Math.min(1, bin.count / Math.max(1, value.count) * 4)).toFixed(2),
  })));
  parts.push(draw("line", { class: "diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }));
  find("plot").replaceChildren(...parts);
  find("plot").setAttribute("aria-label", "Reliability diagram; its numbers are in the table below");
};
const percent = (share) => (share * 100).toFixed(1) + " %";
const show = () => {
  const value = props.value;
  view.hidden = !value;
  if (!value) return;
  find("cards").replaceChildren(...value.cards.map(([name, number]) => {
    const card = make("div", "pg-card");
    card.append(make("b", "", number), make("span", "pg-muted", name));
    return card;
  }));
  matrix(value);
  plot(value);
  table(find("bins"), ["said", "rows", "mean probability", "right"], value.bins.filter((bin) => bin.count).map((bin) => [percent(bin.low) + " – " + percent(bin.high), bin.count, percent(bin.confidence), percent(bin.accuracy)]));
  table(find("per-label"), ["label", "precision", "recall", "F1", "rows"], value.per_label);
};
watch("value", () => {
  show();
  if (props.value?.listed) document.getElementById("table-results")?.scrollIntoView({ block: "nearest" });
});
show();
