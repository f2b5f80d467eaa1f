/** Left what pipeline() returns, right the four steps with their real values. */

import { directionOf, finder, make } from "../shared/dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const show = () => draw(element, props.value);
  watch("value", show);
  show();
}

function draw(element, value) {
  const find = finder(element, ".ps-");
  find("empty").hidden = Boolean(value);
  find("body").hidden = !value;
  if (!value) return;
  const parts = value.call.split(/(?<=\/)/); // a long path may break
  find("call").replaceChildren(...parts.flatMap((part) => [part, make("wbr")]));
  for (const name of ["count", "logits", "formula", "label"]) find(name).textContent = value[name];
  find("function").replaceChildren(make("span", "pg-words", value.function));
  find("out").replaceChildren(...value.pipeline.map((entry, n) => make("div", n ? "" : "ps-best", entry)));
  find("tokens").replaceChildren(...value.tokens.map(tokenBox));
  find("tokens").dir = directionOf(value.tokens.filter((one) => !one.special).map((one) => one.token));
  const part = finder(find("table"));
  part("thead").replaceChildren(tableRow(value.columns, "th", false));
  part("tbody").replaceChildren(...value.rows.map((row) => tableRow(row.cells, "td", row.best)));
  part("tfoot").replaceChildren(...(value.total ? [tableRow(value.total, "td", false)] : []));
  const difference = make("b", "", value.difference);
  find("difference").replaceChildren("Largest difference between the two ways: ", difference, `. ${value.comment}`);
}

function tokenBox(token) {
  const kind = token.special ? " special" : token.segment === 1 ? " second" : "";
  const known = Object.entries({ input_id: token.id, token_type_id: token.type, attention_mask: token.mask });
  const numbers = known.filter(([, number]) => number !== null);
  const lines = numbers.map(([, number]) => make("small", "", number));
  const box = make("span", `ps-token${kind}`, make("span", "", token.token), ...lines);
  box.title = numbers.map((one) => one.join(" ")).join(", ");
  return box;
}

function tableRow(cells, tag, best) {
  return make("tr", best ? "best" : "", ...cells.map((cell, n) => make(tag, n ? "num" : "", cell)));
}
