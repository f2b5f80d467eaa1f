// The same text under several tokenizers, one row each, aligned by character; thick orange edges are not shared by all.
const lines = element.querySelector(".lines"), legend = element.querySelector(".legend"), totals = element.querySelector(".totals");
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const draw = () => {
  const value = props.value;
  if (!value || !value.names) return;
  const contested = new Set(value.contested);
  legend.replaceChildren(make("span", "mark same"), "boundary that all share", make("span", "mark"), `boundary that only some have (${contested.size})`);
  const wide = element.clientWidth || 900, perLine = Math.max(12, Math.floor((wide - (wide < 640 ? 70 : 150)) / (wide < 640 ? 13.5 : 14.5)));
  // A line breaks where all agree, or where it must.
  const agreed = new Set(value.agreed), cuts = value.cuts;
  const breaks = [cuts[0]];
  let best = 0;
  for (let k = 1; k < cuts.length; k++) {
    const begin = breaks[breaks.length - 1];
    if (cuts[k] - begin > perLine && k - 1 > cuts.indexOf(begin)) { breaks.push(best > begin ? best : cuts[k - 1]); best = 0; }
    if (agreed.has(cuts[k])) best = cuts[k];
  }
  breaks.push(cuts[cuts.length - 1]);
  const shown = breaks.slice(0, -1).map((begin, k) => {
    const end = breaks[k + 1], inside = cuts.filter((cut) => cut >= begin && cut <= end);
    const grid = make("div", "line");
    grid.style.gridTemplateColumns = `auto repeat(${inside.length - 1}, auto)`;
    value.names.forEach((name, row) => {
      const label = make("div", "name", name);
      label.title = name;
      label.style.gridRow = row + 1;
      grid.append(label);
      value.rows[row].forEach((cell, index) => {
        const from = Math.max(cell.start, begin), to = Math.min(cell.end, end);
        if (from >= to) return;
        const node = make("div", `cell ${cell.tokens ? (index % 2 ? "odd" : "even") : "none"} ${cell.unknown ? "unknown" : ""} ${from === cell.start && contested.has(from) && cell.tokens ? "differs" : ""}`,
          value.letters.slice(from, to).join(""));
        if (cell.tokens > 1) node.append(make("sup", "", `×${cell.tokens}`));
        node.title = cell.tokens ? `${cell.title}` : "no token stands for this";
        node.style.gridRow = row + 1;
        node.style.gridColumn = `${2 + inside.indexOf(from)} / ${2 + inside.indexOf(to)}`;
        grid.append(node);
      });
    });
    return grid;
  });
  lines.replaceChildren(...shown);
  const head = make("tr");
  for (const [name, kind] of [["tokenizer", ""], ["algorithm", ""], ["vocabulary", "num"], ["tokens", "num"], ["unknown", "num"], ["tokens per word", "num"]]) head.append(make("th", kind, name));
  totals.replaceChildren(head, ...value.totals.map((cells) => {
    const tr = make("tr");
    cells.forEach((cell, k) => tr.append(make("td", k > 1 ? "num" : "", cell)));
    return tr;
  }));
};
watch("value", draw);
draw();
let width = element.clientWidth;
new ResizeObserver(() => { if (Math.abs(element.clientWidth - width) > 40) { width = element.clientWidth; draw(); } }).observe(element);
