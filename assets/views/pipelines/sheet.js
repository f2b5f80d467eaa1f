/** An answer as one picture to take away: its headline, what answered, and what is drawn of it. */

import { channels, css } from "../shared/colours.js";
import { textMaker } from "../shared/parts.js";
import { tint } from "./states.js";
import { scaled } from "./tokens.js";

/** @typedef {import("../shared/parts.js").Part} Part */
/** @typedef {import("../shared/parts.js").Picture} Picture */
/** @typedef {import("../shared/parts.js").Text} Text */
/**
 * @typedef {{ ink: (name: string) => string, fonts: import("../shared/parts.js").Fonts,
 *   context: CanvasRenderingContext2D }} Look  a colour of the page by its name, and what measures text
 */

const [WIDTH, EDGE, GAP] = [720, 18, 14];
const [ROW, NAME, NUMBER] = [26, 290, 76]; // of bars: their height, and the room for names and numbers
const [STRIP, SIDE] = [13, 96]; // of hidden states: the height of a row, and the room for tokens
const COLUMN = 30; // the height of a logit's bar

/** @type {Record<string, (block: any, look: Look) => Picture>} */
const PICTURES = { bars, marked, steps, states, logits };

/**
 * @param {Record<string, any>} value  of the view, with an answer
 * @param {Look} look
 * @returns {import("../shared/parts.js").Sheet}
 */
export function sheetOf(value, look) {
  const text = textMaker(look.context, look.fonts);
  const blocks = [...value.hero, ...value.after.filter(({ kind }) => kind === "logits")];
  const origin = text([0, 8], `${value.task} · ${value.origin}`, look.ink("muted"), { room: WIDTH, size: 11 });
  const pictures = [
    flowing([{ text: value.title }], look, { size: 16, weight: 600 }),
    { width: WIDTH, height: 16, parts: [origin] },
    ...blocks
      .filter(({ kind }) => kind in PICTURES)
      .flatMap((block) => [heading(block, look), PICTURES[block.kind](block, look)]),
  ];
  let y = EDGE;
  const placed = pictures.map((picture) => {
    const here = { picture, x: EDGE, y };
    y += picture.height + GAP;
    return here;
  });
  return { placed, size: { width: WIDTH + 2 * EDGE, height: y - GAP + EDGE, ground: look.ink("surface") } };
}

function heading({ title, kind }, { context, fonts, ink }) {
  const said = kind === "steps" ? "Token by token, with the probability of each" : title;
  const part = textMaker(context, fonts)([0, 9], said, ink("muted"), { room: WIDTH, size: 12, weight: 600 });
  return { width: WIDTH, height: 16, parts: [part] };
}

function bars({ rows }, { context, fonts, ink }) {
  const text = textMaker(context, fonts);
  const room = WIDTH - NAME - NUMBER;
  const parts = rows.flatMap(({ name, share, shown, best }, n) => {
    const y = n * ROW + ROW / 2;
    const weight = best ? 700 : 400;
    const bar = (width, fill) =>
      /** @type {Part} */ ({ kind: "rect", x: NAME, y: y - 9, width, height: 18, radius: 5, fill });
    return [
      text([0, y], name, ink("ink"), { room: NAME - 12, size: 13, weight }),
      bar(room, ink("surface-2")),
      bar(Math.max(1, room * share), ink(best ? "accent" : "seq-4")),
      text([WIDTH, y], shown, ink("ink"), { align: "right", size: 13, weight }),
    ];
  });
  return { width: WIDTH, height: rows.length * ROW, parts };
}

/** The loop as bars: every token that was written. */
function steps({ steps: written }, look) {
  return bars({ rows: written.map(({ piece, share, shown }) => ({ name: piece, share, shown, best: true })) }, look);
}

/** A text in which parts have a colour, a label and a number. */
function marked({ pieces }, look) {
  const runs = pieces.flatMap(({ text, label, shown, colour }) => {
    if (!label) return [{ text }];
    return [
      { text, ground: look.ink(`cat-${colour}`) },
      { text: ` ${label} ${shown}`, size: 10, fill: look.ink("muted") },
    ];
  });
  return flowing(runs, look, { size: 14 });
}

/**
 * Runs of text, wrapped at spaces.
 *
 * @param {{ text: string, ground?: string, size?: number, fill?: string }[]} runs
 * @param {Look} look
 * @param {{ size: number, weight?: number }} shown
 * @returns {Picture}
 */
export function flowing(runs, { context, fonts, ink }, { size, weight = 400 }) {
  const text = textMaker(context, fonts);
  const line = Math.round(size * 1.75);
  const at = { x: 0, y: line / 2 };
  /** @type {Part[]} */
  const parts = [];
  for (const run of runs)
    for (const word of run.text.match(/\s+|\S+/g) ?? []) {
      const look = { room: WIDTH, size: run.size ?? size, weight };
      const part = text([0, 0], word.trim() ? word : " ", run.fill ?? ink("ink"), look);
      const width = context.measureText(part.text).width;
      if (at.x + width > WIDTH) Object.assign(at, { x: 0, y: at.y + line });
      if (word.trim()) {
        const box = { x: at.x - 2, y: at.y - line / 2 + 2, width: width + 4, height: line - 4, radius: 4 };
        if (run.ground) parts.push({ kind: "rect", ...box, fill: run.ground });
        parts.push({ ...part, ...at });
      }
      if (word.trim() || at.x) at.x += width;
    }
  return { width: WIDTH, height: at.y + line / 2, parts };
}

/** Hidden states: a row of coloured cells for each token, and one for their mean. */
function states({ texts, scale }, { context, fonts, ink }) {
  const text = textMaker(context, fonts);
  const [neg, mid, pos] = ["div-neg", "div-mid", "div-pos"].map((name) => channels(ink(name)));
  /** @type {Part[]} */
  const parts = [];
  let y = 0;
  for (const one of texts) {
    parts.push(text([0, y + 8], one.text, ink("ink"), { room: WIDTH, size: 12 }));
    y += 20;
    const [rows, names] = [
      [...one.rows, one.mean],
      [...one.tokens, "mean"],
    ];
    const cell = Math.floor((WIDTH - SIDE) / one.mean.length);
    for (const [n, row] of rows.entries()) {
      y += n === one.rows.length ? 4 : 0;
      parts.push(
        text([SIDE - 8, y + STRIP / 2], names[n], ink("muted"), { align: "right", room: SIDE - 10, size: 10 }),
      );
      for (const [k, number] of row.entries()) {
        const fill = css(tint(number / scale, { neg, mid, pos }));
        parts.push({ kind: "rect", x: SIDE + k * cell, y, width: cell - 1, height: STRIP - 1, fill });
      }
      y += STRIP;
    }
    y += GAP;
  }
  return { width: WIDTH, height: y - GAP, parts };
}

/** Over each token how likely the answer begins there, and under it how likely it ends. */
function logits({ windows }, look) {
  const { context, fonts, ink } = look;
  const text = textMaker(context, fonts);
  const line = 2 * COLUMN + 26;
  const at = { x: 0, y: 0 };
  /** @type {Part[]} */
  const parts = [];
  for (const { tokens, start, end, best } of windows) {
    const [up, down] = [scaled(start), scaled(end)];
    if (parts.length) Object.assign(at, { x: 0, y: at.y + line });
    for (const [n, token] of tokens.entries()) {
      const inside = best && n >= best[0] && n <= best[1];
      const part = text([0, 0], token, ink(inside ? "accent" : "ink"), {
        size: 11,
        weight: inside ? 700 : 400,
        mono: true,
      });
      const width = Math.max(14, context.measureText(part.text).width + 6);
      if (at.x + width > WIDTH) Object.assign(at, { x: 0, y: at.y + line });
      const bar = (y, height, fill) =>
        /** @type {Part} */ ({
          kind: "rect",
          x: at.x + width / 2 - 5,
          y: at.y + y,
          width: 10,
          height,
          radius: 2,
          fill,
        });
      parts.push(bar(COLUMN * (1 - up[n]), COLUMN * up[n], ink("pos")));
      parts.push({ ...part, x: at.x + width / 2, y: at.y + COLUMN + 9, align: "center" });
      parts.push(bar(COLUMN + 18, COLUMN * down[n], ink("neg")));
      at.x += width;
    }
  }
  return { width: WIDTH, height: at.y + line, parts };
}
