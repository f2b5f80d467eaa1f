// A batch as rows of tokens with what tokenizer(...) returned beneath; a click on a bit of attention_mask turns it over.
const rows = element.querySelector(".rows"), legend = element.querySelector(".legend");
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
  const td = make("td"), key = `${row},${column}`, flipped = flips.has(key), now = flipped ? 1 - value : value;
  const button = make("button", `bit ${now ? "on" : ""} ${flipped ? "flipped" : ""}`, now);
  button.type = "button";
  button.dataset.key = key;
  button.setAttribute("aria-label", `attention_mask of ${token} in row ${row} is ${now}${flipped ? ", flipped" : ""}; press to flip`);
  button.addEventListener("click", () => {
    flips.has(key) ? flips.delete(key) : flips.add(key);
    td.replaceWith(bit(value, row, column, token));
    rows.querySelector(`[data-key="${key}"]`).focus();
    trigger("flip", { flips: [...flips].map((pair) => pair.split(",").map(Number)) });
  });
  td.append(button);
  return td;
};
const drawRow = (row, index, value) => {
  const box = make("div", "row"), title = make("h4", "", `row ${index}: text ${row.sample}, ${row.input_ids.length} tokens `);
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
  const scroll = make("div", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("aria-label", `row ${index} of the batch`);
  scroll.append(table);
  box.append(title, scroll);
  return box;
};
const draw = () => {
  const value = props.value;
  if (!value || !value.rows) return;
  flips = new Set((value.flips || []).map((pair) => pair.join(",")));
  legend.replaceChildren(...[["text", "text"], ["pair", "second text"], ["special", "special token"], ["padding", "padding"]].map(([kind, name]) => {
    const item = make("span");
    item.append(make("span", `swatch ${kind}`), name);
    return item;
  }), make("span", "", "Click a bit of attention_mask to flip it."));
  rows.replaceChildren(...value.rows.map((row, index) => drawRow(row, index, value)));
};
watch("value", draw);
draw();
