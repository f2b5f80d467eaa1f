// Left what pipeline() returns, right the four steps with their real values. All text goes in through textContent.
const find = (name) => element.querySelector(".ps-" + name);
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const tokenBox = (token) => {
  const box = make("span", "ps-token" + (token.special ? " special" : token.segment === 1 ? " second" : ""));
  box.append(make("span", "", token.token), make("small", "", token.id), make("small", "", token.mask));
  box.title = "input_id " + token.id + ", attention_mask " + token.mask + (token.type === null ? "" : ", token_type_id " + token.type);
  return box;
};
const tableRow = (cells, tag, className) => {
  const line = make("tr", className);
  cells.forEach((cell, n) => line.append(make(tag, n ? "num" : "", cell)));
  return line;
};
const show = () => {
  const value = props.value;
  find("empty").hidden = Boolean(value);
  find("body").hidden = !value;
  if (!value) return;
  find("call").textContent = value.call;
  find("out").replaceChildren(...value.pipeline.map((entry, n) => make("div", n ? "" : "ps-best", entry)));
  find("count").textContent = value.count;
  find("tokens").replaceChildren(...value.tokens.map(tokenBox));
  find("logits").textContent = value.logits;
  find("function").textContent = value.function;
  find("formula").textContent = value.formula;
  element.querySelector("thead").replaceChildren(tableRow(value.columns, "th", ""));
  element.querySelector("tbody").replaceChildren(...value.rows.map((row) => tableRow(row.cells, "td", row.best ? "best" : "")));
  element.querySelector("tfoot").replaceChildren(...(value.total ? [tableRow(value.total, "td", "")] : []));
  find("label").textContent = value.label;
  const difference = make("b", "", value.difference);
  find("difference").replaceChildren("Largest difference between the two ways: ", difference, " " + value.comment);
};
watch("value", show);
show();
