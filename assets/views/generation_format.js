// How tokens and numbers look, wherever they stand. Text of people and models goes through textContent alone.
const make = (tag, className = "", text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

// A piece for lists and chips: its spaces, line ends and control characters made visible.
const visible = (piece) =>
  piece
    .replace(/\r/g, "␍").replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣")
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

// A text whose marks for the direction of writing end with it, so that the reply behind it isn't turned around too.
const closed = (text) => {
  const count = (pattern) => (text.match(pattern) || []).length;
  const overrides = count(/[\u202a\u202b\u202d\u202e]/g) - count(/\u202c/g), isolates = count(/[\u2066-\u2068]/g) - count(/\u2069/g);
  return text + "\u202c".repeat(Math.max(0, overrides)) + "\u2069".repeat(Math.max(0, isolates));
};

const percent = (p) => {
  if (p === null || p === undefined) return "–";
  if (p === 0) return "0 %";
  if (p >= 0.9995) return "100 %";
  if (p >= 0.1) return `${(100 * p).toFixed(0)} %`;
  if (p >= 0.001) return `${(100 * p).toFixed(1)} %`;
  return p < 1e-6 ? "< 0.0001 %" : `${(100 * p).toPrecision(1)} %`;
};
const fixed = (x, digits) => (x === null || x === undefined || !isFinite(x) ? "–" : x.toFixed(digits));
const spoken = (piece) => `'${piece.replace(/\n/g, "new line")}'`;

// 0 (the model was sure) to 5 (it could as well have said something else).
const tint = (token, by) => {
  if (by === "plain" || token.before === null) return 0;
  const bits = by === "entropy" ? token.entropy / Math.LN2 : -Math.log2(Math.max(token.before, 1e-9));
  return bits < 0.25 ? 0 : bits < 1 ? 1 : bits < 2 ? 2 : bits < 3.5 ? 3 : bits < 6 ? 4 : 5;
};

// A token in running text. A line end shows a mark and breaks the line; a character that is not whole yet shows a dot.
const tokenSpan = (token, by) => {
  const span = make("span", `gen-token t${tint(token, by)}`);
  const special = !token.text && /^<[|/\w].*>$/.test(token.piece) && !/^<0x/.test(token.piece);
  if (special) span.classList.add("special");
  if (token.forced) span.classList.add("forced");
  const text = token.text || (special ? token.piece : "·");
  text.split("\n").forEach((part, i) => {
    if (i) { span.append(make("span", "gen-newline", "↵")); span.append("\n"); }
    span.append(part);
  });
  span.setAttribute("aria-label", `token ${spoken(token.piece)}, probability ${fixed(token.before, 2)}${token.forced ? ", chosen by you" : ""}`);
  return span;
};

// One thing the model could say: two bars, the model's own probability above, what the sampler left of it below.
const choiceRow = (one, largest, chosen, act) => {
  const row = make("button", "gen-choice");
  row.type = "button";
  row.classList.toggle("cut", !one.kept);
  row.classList.toggle("chosen", chosen);
  const name = make("span", "gen-piece", visible(one.piece));
  const bars = make("span", "gen-bars");
  for (const kind of ["before", "after"]) {
    const bar = make("span", `gen-bar ${kind}`);
    bar.style.width = `${Math.max(one[kind] > 0 ? 0.8 : 0, (100 * one[kind]) / largest)}%`;
    bars.append(bar);
  }
  const numbers = make("span", "gen-numbers");
  numbers.append(make("span", "", percent(one.before)), make("span", "", one.kept ? percent(one.after) : "cut"));
  row.append(name, bars, numbers);
  row.setAttribute("aria-label", `${chosen ? "chosen: " : "choose "}${spoken(one.piece)}, ${percent(one.before)} before, ${one.kept ? percent(one.after) : "cut"} after the sampler`);
  row.title = chosen ? "This one was taken" : `Go on with ${visible(one.piece)} (token_id ${one.id})`;
  if (act) row.addEventListener("click", () => act(one));
  return row;
};
