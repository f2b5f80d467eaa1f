// Beam search as a tree: a column per step, kept beams above, dropped candidates below; arrow keys walk it.
const BEAM = { width: 104, gap: 34, row: 30, height: 24 };

const beamPath = (nodes, last) => {
  const path = [];
  for (let id = last; id !== undefined && id >= 0 && nodes.has(id); id = nodes.get(id).parent) path.unshift(nodes.get(id));
  return path;
};

// The path as tokens, so that it can be shown, compared and pointed at like any other reply.
const beamTokens = (nodes, last) =>
  beamPath(nodes, last).map((node, index) => {
    const others = [...nodes.values()].filter((one) => one.parent === node.parent && one.step === node.step);
    const rows = others.map((one) => ({ id: one.id, piece: one.piece, before: Math.exp(one.own), after: one.state === "dropped" ? 0 : Math.exp(one.own), kept: one.state !== "dropped" }));
    return { index, id: node.id, piece: node.piece, text: /^<\|.*\|>$/.test(node.piece) ? "" : node.piece, before: Math.exp(node.own), after: null, entropy: 0, elapsed: node.elapsed, alternatives: rows.sort((a, b) => b.before - a.before), beam: true };
  });

const drawBeams = (host, nodes, best, showDropped, pick) => {
  host.replaceChildren();
  const shown = [...nodes.values()].filter((one) => showDropped || one.state !== "dropped");
  const steps = new Map();
  for (const one of shown) steps.set(one.step, [...(steps.get(one.step) || []), one]);
  const place = new Map();
  const onBest = new Set(beamPath(nodes, best).map((one) => one.node));
  let rows = 1;
  for (const column of steps.values()) {
    column.sort((a, b) => (a.state === "dropped") - (b.state === "dropped") || b.total - a.total);
    column.forEach((one, row) => place.set(one.node, { x: (one.step + 1) * (BEAM.width + BEAM.gap) - 64, y: row * BEAM.row + 4 }));
    rows = Math.max(rows, column.length);
  }
  const count = steps.size ? Math.max(...steps.keys()) + 1 : 0;
  const width = count * (BEAM.width + BEAM.gap) + 84, height = rows * BEAM.row + 8;
  const canvas = make("div", "gen-tree");
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.setAttribute("role", "tree");
  canvas.setAttribute("aria-label", "Beam search: a column per step, best first. Arrow keys: left to the parent, right to the best child, up and down within a step.");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("aria-hidden", "true");
  canvas.append(svg);
  const start = make("span", "gen-node root", "prompt");
  start.style.top = "4px";
  canvas.append(start);
  const buttons = new Map();
  for (const one of shown) {
    const at = place.get(one.node), from = place.get(one.parent) || { x: -BEAM.width + 62, y: 4 };
    const x0 = from.x + BEAM.width, y0 = from.y + BEAM.height / 2, y1 = at.y + BEAM.height / 2, mid = (x0 + at.x) / 2;
    const edge = document.createElementNS("http://www.w3.org/2000/svg", "path");
    edge.setAttribute("d", `M${x0} ${y0} C${mid} ${y0} ${mid} ${y1} ${at.x} ${y1}`);
    edge.setAttribute("class", `gen-edge ${one.state}${onBest.has(one.node) ? " best" : ""}`);
    svg.append(edge);
    const button = make("button", `gen-node ${one.state}${onBest.has(one.node) ? " best" : ""}`);
    button.type = "button";
    button.tabIndex = -1;
    button.setAttribute("role", "treeitem");
    button.style.left = `${at.x}px`;
    button.style.top = `${at.y}px`;
    button.append(make("span", "gen-node-piece", visible(one.piece)), make("span", "gen-node-number", one.total.toFixed(1)));
    const state = one.state === "kept" ? "goes on" : one.state;
    button.setAttribute("aria-label", `step ${one.step + 1}, token ${spoken(one.piece)}, log-probability ${one.own.toFixed(2)}, total ${one.total.toFixed(2)}, ${state}`);
    button.addEventListener("focus", () => {
      for (const other of buttons.values()) other.tabIndex = -1;
      button.tabIndex = 0;
      pick(one);
    });
    button.addEventListener("mouseenter", () => pick(one));
    button.addEventListener("click", () => button.focus());
    buttons.set(one.node, button);
    canvas.append(button);
  }
  canvas.addEventListener("keydown", (event) => {
    const here = shown.find((one) => buttons.get(one.node) === document.activeElement);
    if (!here) return;
    const column = steps.get(here.step), row = column.indexOf(here);
    const to = {
      ArrowLeft: () => nodes.get(here.parent),
      ArrowRight: () => (steps.get(here.step + 1) || []).find((one) => one.parent === here.node),
      ArrowUp: () => column[row - 1],
      ArrowDown: () => column[row + 1],
      Home: () => column[0],
      End: () => column[column.length - 1],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = to();
    if (next && buttons.has(next.node)) buttons.get(next.node).focus();
  });
  const first = buttons.values().next().value;
  if (first) first.tabIndex = 0;
  host.append(canvas);
};
