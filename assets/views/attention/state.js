/** What the view knows, in one object, and what follows from it; without a page. */

/**
 * @typedef {object} State
 * @property {any} value  what Python sent: tokens, kinds of attention, masks, summaries; null before the first
 * @property {number} kind  index into `value.kinds`
 * @property {number} layer
 * @property {number} head  the number after the last head is the average of all
 * @property {"heatmap" | "lines" | "mask"} mode
 * @property {boolean} hide  whether columns of special tokens are hidden
 * @property {"head" | "row" | "one"} scale  what the strongest colour stands for
 * @property {number} zoom
 * @property {number} q  the query of the cursor
 * @property {number} k  the key of the cursor
 * @property {boolean} isRowChosen  by a person, a lesson or a link; else the row is the page's own
 * @property {boolean} isCellChosen  by a person: the key stays with it, whatever the head reads most
 * @property {{ q: number, k: number, side?: string } | null} over  the cell under the pointer
 * @property {[number, number, number][]} found  layer, head and number of the heads that were searched for
 * @property {Float32Array | null} matrix  the weights of the head in sight
 * @property {any} overview  small pictures of all heads
 * @property {any} drawn  what `shownWeights` made of the matrix
 * @property {any} geometry  where things stand on the stage
 * @property {HTMLCanvasElement | null} base  the stage without the cursor
 * @property {any} colours
 */

/** @returns {State} */
export function newState() {
  return {
    ...{ value: null, kind: 0, layer: 0, head: 0, mode: "heatmap", hide: false, scale: "head", zoom: 0, q: 0, k: 0 },
    ...{ isRowChosen: false, isCellChosen: false },
    ...{ over: null, found: [], matrix: null, overview: null, drawn: null, geometry: null, base: null, colours: null },
  };
}

/** @param {State} state */
export function kindOf(state) {
  return state.value.kinds[state.kind];
}

/**
 * The tokens of one side.
 *
 * @param {State} state
 * @param {"queries" | "keys"} name
 */
export function side(state, name) {
  return state.value[kindOf(state)[name]];
}

/**
 * @param {State} state
 * @returns {[number, number]} how many queries and keys there are
 */
export function sizes(state) {
  return [side(state, "queries").text.length, side(state, "keys").text.length];
}

/** @param {State} state */
export function isAverage(state) {
  return state.head === kindOf(state).heads;
}

/**
 * For every cell of this layer why it may not be read; 0 where it may.
 *
 * @param {State} state
 * @returns {Uint8Array}
 */
export function maskOf(state) {
  const kind = kindOf(state);
  const number = kind.mask_of_layer[state.layer];
  const [q, k] = sizes(state);
  kind.cells ??= {};
  kind.cells[number] ??= unrolled(kind.masks[number], q * k);
  return kind.cells[number];
}

/**
 * The index of a cell in the matrix.
 *
 * @param {State} state
 * @param {{ q: number, k: number }} at
 */
export function indexOf(state, at) {
  return at.q * sizes(state)[1] + at.k;
}

/**
 * Cells from runs of equal values: value and length, in turn.
 *
 * @param {number[]} runs
 * @param {number} length
 * @returns {Uint8Array}
 */
export function unrolled(runs, length) {
  const cells = new Uint8Array(length);
  for (let index = 0, at = 0; index < runs.length; index += 2) {
    cells.fill(runs[index], at, at + runs[index + 1]);
    at += runs[index + 1];
  }
  return cells;
}

/**
 * @param {string} text  in base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * @param {string} text  float32 numbers in base64
 * @returns {Float32Array}
 */
export function floatsOf(text) {
  return new Float32Array(bytesOf(text).buffer);
}

/**
 * The place of the token of this name; -1 where there is none. A second ``cat`` is called ``cat 2``.
 *
 * @param {string[]} texts
 * @param {string} name
 */
export function placeNamed(texts, name) {
  const times = new Map();
  return texts.findIndex((text) => {
    const word = text.trim();
    times.set(word, (times.get(word) ?? 0) + 1);
    return name === (times.get(word) === 1 ? word : `${word} ${times.get(word)}`);
  });
}
