// The steps from a word to its pieces, one row each; the piece that a step made is framed.
const idea = element.querySelector(".idea"), steps = element.querySelector(".steps");
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const draw = () => {
  const value = props.value;
  if (!value || !value.steps) return;
  idea.textContent = value.idea;
  let before = [];
  steps.replaceChildren(...value.steps.map((step, k) => {
    const row = make("li", k === value.result ? "last" : ""), pieces = make("div");
    const old = [...before];
    step.pieces.forEach((piece, index) => {
      const place = old.indexOf(piece), fresh = k > 0 && value.framed && place < 0;
      if (place >= 0) old.splice(place, 1);
      pieces.append(make("span", `pg-chip c${index % 6} ${fresh ? "fresh" : ""}`, piece));
    });
    before = step.pieces;
    row.append(pieces, make("div", "reason", step.reason));
    return row;
  }));
};
watch("value", draw);
draw();
