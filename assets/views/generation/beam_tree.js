/** Beam search as a tree of nodes, without a page. */

/**
 * @typedef {object} Node
 * @property {number} node
 * @property {number} parent
 * @property {number} step
 * @property {number} id
 * @property {string} piece
 * @property {number} own  log-probability of this token
 * @property {number} total  of the whole path
 * @property {string} state  kept, dropped, or how its beam ended
 * @property {number} elapsed
 */

/** @typedef {{ x: number, y: number }} Place */

/** Sizes of the drawing, in CSS pixels. */
export const BEAM = { width: 104, gap: 34, row: 30, height: 24 };

/**
 * @param {Map<number, Node>} nodes
 * @param {number} last
 * @returns {Node[]} from the prompt to it
 */
export function beamPath(nodes, last) {
  const path = [];
  for (let node = nodes.get(last); node; node = nodes.get(node.parent)) path.unshift(node);
  return path;
}

/**
 * The path as tokens, so that it can be shown, compared and pointed at like any other reply.
 *
 * @param {Map<number, Node>} nodes
 * @param {number} last
 * @returns {import("./reply.js").Token[]}
 */
export function beamTokens(nodes, last) {
  return beamPath(nodes, last).map(({ id, piece, own, elapsed, parent, step }, index) => {
    const others = [...nodes.values()].filter((one) => one.parent === parent && one.step === step);
    const alternatives = others.map((one) => {
      const before = Math.exp(one.own);
      const kept = one.state !== "dropped";
      return { id: one.id, piece: one.piece, before, after: kept ? before : 0, kept };
    });
    alternatives.sort((a, b) => b.before - a.before);
    const text = /^<\|.*\|>$/.test(piece) ? "" : piece;
    return {
      index,
      id,
      piece,
      text,
      before: Math.exp(own),
      after: null,
      entropy: 0,
      elapsed,
      alternatives,
      beam: true,
    };
  });
}

/**
 * Where the nodes stand: a column per step, kept beams above in the order of their totals, dropped ones below.
 *
 * @param {Map<number, Node>} nodes
 * @param {boolean} withDropped
 * @returns {{ columns: Map<number, Node[]>, places: Map<number, Place>, size: [number, number] }}
 */
export function treeLayout(nodes, withDropped) {
  const columns = /** @type {Map<number, Node[]>} */ (new Map());
  for (const one of nodes.values()) {
    if (withDropped || one.state !== "dropped") columns.set(one.step, [...(columns.get(one.step) || []), one]);
  }
  const places = new Map();
  let rows = 1;
  for (const column of columns.values()) {
    const isDropped = ({ state }) => Number(state === "dropped");
    column.sort((a, b) => isDropped(a) - isDropped(b) || b.total - a.total);
    const x = (step) => (step + 1) * (BEAM.width + BEAM.gap) - 64;
    for (const [row, one] of column.entries()) places.set(one.node, { x: x(one.step), y: row * BEAM.row + 4 });
    rows = Math.max(rows, column.length);
  }
  const count = columns.size ? Math.max(...columns.keys()) + 1 : 0;
  return { columns, places, size: [count * (BEAM.width + BEAM.gap) + 84, rows * BEAM.row + 8] };
}

/**
 * The node that an arrow key leads to; null for other keys, undefined where there is none.
 *
 * @param {string} key
 * @param {Node} here
 * @param {Map<number, Node>} nodes
 * @param {Map<number, Node[]>} columns
 * @returns {Node | null | undefined}
 */
export function nodeBeside(key, here, nodes, columns) {
  const column = columns.get(here.step) ?? [];
  const row = column.indexOf(here);
  const steps = {
    ArrowLeft: () => nodes.get(here.parent),
    ArrowRight: () => columns.get(here.step + 1)?.find((one) => one.parent === here.node),
    ArrowUp: () => column[row - 1],
    ArrowDown: () => column[row + 1],
    Home: () => column[0],
    End: () => column[column.length - 1],
  };
  return key in steps ? steps[key]() : null;
}
