/** Draws beam search: a column per step, kept beams above, dropped candidates below; arrow keys walk the tree. */

import { make, makeButton, makeSvg } from "../shared/dom.js";
import { formatFixed } from "../shared/format.js";
import { rovingFocus } from "../shared/keyboard.js";
import { spokenPiece, visiblePiece } from "../shared/tokens.js";
import { BEAM, beamPath, nodeBeside, treeLayout } from "./beam_tree.js";

const NAME =
  "Beam search: a column per step, best first. Arrow keys: left to the parent, right to the best child, up and down " +
  "within a step.";
const PROMPT = { x: -BEAM.width + 62, y: 4 };

/** @typedef {import("./beam_tree.js").Node} Node */

/**
 * @param {HTMLElement} host
 * @param {Map<number, Node>} nodes
 * @param {number} best  the end of the best beam
 * @param {boolean} withDropped
 * @param {(node: Node) => void} pick  is told which one is pointed at
 */
export function drawBeams(host, nodes, best, withDropped, pick) {
  const { columns, places, size } = treeLayout(nodes, withDropped);
  const [width, height] = size;
  const onBest = new Set(beamPath(nodes, best).map((one) => one.node));
  const placeOf = (one) => /** @type {import("./beam_tree.js").Place} */ (places.get(one.node));
  const shown = [...nodes.values()].filter((one) => places.has(one.node));
  const kind = (one) => `${one.state}${onBest.has(one.node) ? " best" : ""}`;
  const edges = makeSvg("svg", { width, height, "aria-hidden": "true" });
  edges.append(...shown.map((one) => edge(places.get(one.parent) || PROMPT, placeOf(one), kind(one))));
  const root = make("span", "gen-node root", "prompt");
  root.style.top = "4px";
  const buttons = new Map(shown.map((one) => [one.node, nodeButton(one, placeOf(one), kind(one), pick)]));
  const tree = make("div", "gen-tree", edges, root, ...buttons.values());
  Object.assign(tree.style, { width: `${width}px`, height: `${height}px` });
  tree.setAttribute("role", "tree");
  tree.setAttribute("aria-label", NAME);
  rovingFocus(tree, "button");
  const first = buttons.values().next().value;
  if (first) first.tabIndex = 0;
  tree.addEventListener("keydown", (event) => {
    const here = shown.find((one) => buttons.get(one.node) === document.activeElement);
    const next = here && nodeBeside(event.key, here, nodes, columns);
    if (!here || next === null) return;
    event.preventDefault();
    if (next) buttons.get(next.node)?.focus();
  });
  host.replaceChildren(tree);
}

function edge(from, to, kind) {
  const [x0, y0] = [from.x + BEAM.width, from.y + BEAM.height / 2];
  const y1 = to.y + BEAM.height / 2;
  const middle = (x0 + to.x) / 2;
  return makeSvg("path", {
    d: `M${x0} ${y0} C${middle} ${y0} ${middle} ${y1} ${to.x} ${y1}`,
    class: `gen-edge ${kind}`,
  });
}

function nodeButton(one, { x, y }, kind, pick) {
  const numbers = `log-probability ${formatFixed(one.own, 2)}, total ${formatFixed(one.total, 2)}`;
  const state = one.state === "kept" ? "goes on" : one.state;
  const name = `step ${one.step + 1}, token ${spokenPiece(one.piece)}, ${numbers}, ${state}`;
  const piece = make("span", "gen-node-piece", visiblePiece(one.piece));
  const button = makeButton(`gen-node ${kind}`, piece, () => button.focus(), { role: "treeitem", "aria-label": name });
  button.append(make("span", "gen-node-number", formatFixed(one.total, 1)));
  button.tabIndex = -1;
  Object.assign(button.style, { left: `${x}px`, top: `${y}px` });
  button.addEventListener("focus", () => pick(one));
  button.addEventListener("mouseenter", () => pick(one));
  return button;
}

/**
 * @param {Map<number, Node>} nodes
 * @param {Node} node
 * @returns {string} what is known of it, in a sentence
 */
export function nodeInWords(nodes, node) {
  const path = beamPath(nodes, node.node).map((one) => one.piece);
  const numbers = `log-probability ${formatFixed(node.own, 3)}, total ${formatFixed(node.total, 3)}`;
  const state = node.state === "kept" ? "goes on" : node.state;
  const text = path.join("").replace(/\n/g, "↵");
  return `Step ${node.step + 1}, ${visiblePiece(node.piece)}: ${numbers}, ${state}. Text: ${text}`;
}
