// A batch as rows of tokens with what tokenizer(...) returned beneath; pressing a bit of attention_mask turns it over.
// All bits are one stop for Tab: arrow keys move among them, Enter or Space flips.
const rows = element.querySelector(".rows"), heard = element.querySelector(".heard"), legend = element.querySelector(".legend");
const MAX_COLUMNS = 160;
let flips = new Set();
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const line = (name, values, draw) => {
  const tr = make("tr");
  const head = make("th", "", name);
  head.scope = "row";
  tr.append(head, ...values.slice(0, MAX_COLUMNS).map(draw));
  return tr;
};
const bit = (value, row, column, token) => {
  const td = make("td"), key = `${row},${column}`, button = make("button");
  const show = () => {
    const flipped = flips.has(key), now = flipped ? 1 - value : value;
    button.className = `bit ${now ? "on" : ""} ${flipped ? "flipped" : ""}`;
    button.textContent = now;
    button.setAttribute("aria-label", `row ${row}, token ${column}, ${token}: attention_mask ${now}${flipped ? ", flipped" : ""}`);
    return now;
  };
  button.type = "button";
  button.tabIndex = row || column ? -1 : 0;
  button.dataset.key = key;
  button.addEventListener("click", () => {
    flips.has(key) ? flips.delete(key) : flips.add(key);
    heard.textContent = `${token} in row ${row} is now ${show() ? "seen" : "hidden"}. The model runs with both masks.`;
    trigger("flip", { flips: [...flips].map((pair) => pair.split(",").map(Number)) });
  });
  show();
  td.append(button);
  return td;
};
const drawRow = (row, index, value) => {
  const box = make("div", "sample"), title = make("h4", "", `row ${index}: text ${row.sample}, ${row.input_ids.length} tokens `);
  const first = value.rows.findIndex((other) => other.sample === row.sample) === index;
  if (first && value.truncated[row.sample]) title.append(make("b", "", `${value.truncated[row.sample]} tokens cut by truncation`));
  if (!first) title.append(make("b", "", "overflow of the row above"));
  if (row.input_ids.length > MAX_COLUMNS) title.append(make("b", "", `the first ${MAX_COLUMNS} of ${row.input_ids.length} columns are drawn`));
  const table = make("table");
  const number = (v) => make("td", v === 0 ? "zero" : "", v);
  table.append(line("tokens", row.shown, (v, k) => make("td", `token ${row.kinds[k]}`, v)), line("input_ids", row.input_ids, number));
  if (row.token_type_ids) table.append(line("token_type_ids", row.token_type_ids, number));
  table.append(line("attention_mask", row.attention_mask, (v, k) => bit(v, index, k, row.shown[k])),
    line("special_tokens_mask", row.special_tokens_mask, number));
  const scroll = make("div", "sideways");
  scroll.tabIndex = 0;
  scroll.setAttribute("aria-label", `row ${index} of the batch`);
  scroll.append(table);
  box.append(title, scroll);
  return box;
};
const draw = () => {
  const value = props.value;
  if (!value || !value.rows) return;
  if (value.hint) { legend.replaceChildren(value.hint); rows.replaceChildren(); return; }
  flips = new Set((value.flips || []).map((pair) => pair.join(",")));
  legend.replaceChildren(...[["text", "text"], ["pair", "second text"], ["special", "special token"], ["padding", "padding"]].map(([kind, name]) => {
    const item = make("span");
    item.append(make("span", `swatch ${kind}`), name);
    return item;
  }), make("span", "", "Press a bit of attention_mask to flip it; arrow keys move among the bits."));
  rows.replaceChildren(...value.rows.map((row, index) => drawRow(row, index, value)));
};
rows.addEventListener("keydown", (event) => {
  const place = event.target.dataset?.key?.split(",").map(Number);
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] }[event.key];
  if (!place || !step) return;
  event.preventDefault();
  const row = Math.min(rows.children.length - 1, Math.max(0, place[0] + step[0]));
  const bits = [...rows.children[row].querySelectorAll(".bit")];
  bits[Math.min(bits.length - 1, Math.max(0, place[1] + step[1]))].focus();
});
rows.addEventListener("focusin", (event) => {
  if (!event.target.matches(".bit")) return;
  for (const other of rows.querySelectorAll('.bit[tabindex="0"]')) other.tabIndex = -1;
  event.target.tabIndex = 0;
});
watch("value", draw);
draw();
