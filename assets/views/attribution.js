// Words coloured by how much they speak for (orange) or against (blue) a label, for three methods; a table says the same.
const find = (name) => element.querySelector(".at-" + name);
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const signed = (number) => (number > 0 ? "+" : number < 0 ? "−" : "") + Math.abs(number).toFixed(2);
let by = "words";
const units = (value) => by === "words" ? value.words : value.tokens;
const numbers = (method) => by === "words" ? method.word_values : method.values;
const card = (value, method) => {
  const box = make("section", "pg-card");
  box.setAttribute("aria-label", method.method);
  const greatest = Math.max(1e-9, ...numbers(method).map(Math.abs));
  const words = make("div", "at-words");
  units(value).forEach((unit, n) => {
    const number = numbers(method)[n];
    const word = make("span", "at-word" + (unit.special ? " special" : ""), unit.text);
    const strength = Math.round(Math.abs(number) / greatest * 72);
    word.style.background = `color-mix(in srgb, var(--pg-div-${number < 0 ? "neg" : "pos"}) ${strength}%, var(--pg-div-mid))`;
    word.append(make("small", "", signed(number)));
    words.append(word);
  });
  box.append(make("h4", "", method.method), make("p", "pg-muted", method.about), words, make("p", "pg-muted", method.sum));
  return box;
};
const show = () => {
  const value = props.value;
  find("empty").hidden = Boolean(value);
  find("body").hidden = !value;
  if (!value) return;
  find("title").textContent = value.title;
  const begun = value.waiting.length < value.of;
  find("wait").hidden = !value.waiting.length;
  const done = value.of - value.waiting.length;
  find("track").setAttribute("aria-valuemax", value.of);
  find("track").setAttribute("aria-valuenow", done);
  find("track").firstElementChild.style.width = 100 * (done + 0.3) / value.of + "%";
  find("status").textContent = `${done} of ${value.of} methods; now ${value.waiting[0]}`;
  [".at-switch", ".at-legend", ".at-methods", "details", ".at-caution"].forEach((part) => { element.querySelector(part).hidden = !begun; });
  if (!begun) return;
  find("caution").textContent = value.caution;
  find("methods").replaceChildren(...value.methods.map((method) => card(value, method)));
  const head = make("tr");
  [by === "words" ? "word" : "token", ...value.methods.map((method) => method.method)].forEach((name, n) => head.append(make("th", n ? "num" : "", name)));
  element.querySelector("thead").replaceChildren(head);
  element.querySelector("tbody").replaceChildren(...units(value).map((unit, n) => {
    const line = make("tr");
    line.append(make("td", "", unit.text), ...value.methods.map((method) => make("td", "num", signed(numbers(method)[n]))));
    return line;
  }));
};
element.querySelectorAll("button[data-by]").forEach((button) => button.addEventListener("click", () => {
  by = button.dataset.by;
  element.querySelectorAll("button[data-by]").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
  show();
}));
watch("value", show);
show();
