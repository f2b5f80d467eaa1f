// A verdict and one bar per label; with "before" values a dashed line shows where each bar was.
const find = (name) => element.querySelector(".lb-" + name);
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const row = (bar) => {
  const item = make("li", "lb-row" + (bar.best ? " best" : ""));
  const track = make("span", "lb-track");
  track.setAttribute("aria-hidden", "true");
  if (bar.width !== null) {
    const fill = make("span", "lb-fill");
    fill.style.width = (bar.width * 100).toFixed(2) + "%";
    track.append(fill);
  }
  if (bar.before !== null) {
    const before = make("span", "lb-before");
    before.style.left = "calc(" + (bar.before * 100).toFixed(2) + "% - 1px)";
    track.append(before);
  }
  const number = make("span", "lb-number", bar.shown);
  number.append(make("small", "", bar.detail));
  item.append(make("span", "lb-name", bar.label), track, number);
  return item;
};
const show = () => {
  const value = props.value;
  find("empty").hidden = Boolean(value);
  find("body").hidden = !value;
  if (!value) return;
  find("verdict").textContent = value.verdict;
  find("bars").replaceChildren(...value.bars.map(row));
  find("facts").replaceChildren(...value.facts.map((fact) => make("span", "pg-badge", fact)));
  find("cut").hidden = !value.cut;
  if (value.cut) {
    find("cut-text").textContent = value.cut.message;
    element.querySelector(".lb-cut-view").hidden = value.cut.kept === null;
    find("kept").textContent = value.cut.kept || "";
    find("lost").textContent = value.cut.lost || "";
  }
};
watch("value", show);
show();
