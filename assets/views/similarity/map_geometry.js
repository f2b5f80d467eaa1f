/** Where words and their names stand on a flat map, without a page. */

import { isolated, quoted } from "../shared/format.js";
import { boxAround, boxBeside, isWithin, SIDES, shared } from "../shared/labels.js";

/** @typedef {[number, number]} Point */
/** @typedef {"start" | "end" | "middle"} Anchor */
/**
 * A name's place; `lead` is where the line from its point ends, if it stands apart. Null where it has no room.
 *
 * @typedef {{ x: number, y: number, anchor: Anchor, lead: Point | null } | null} Name
 */

const MARGIN = 26;
const LINE = 14; // height of a name
const GAPS = [10, 24, 40, 60]; // from a point to its name: beside it, or as near as there is room

/**
 * The points in pixels: one scale for both axes, since distances are what the map shows.
 *
 * @param {Point[]} points
 * @param {Point} size  width and height
 * @returns {Point[]}
 */
export function placed(points, [width, height]) {
  const range = (axis) => [Math.min(...points.map((p) => p[axis])), Math.max(...points.map((p) => p[axis]))];
  const [[left, right], [low, high]] = [range(0), range(1)];
  const room = [width - 2 * MARGIN, height - 2 * MARGIN];
  const scale = Math.min(room[0] / (right - left || 1e-9), room[1] / (high - low || 1e-9), 1e9);
  const [middleX, middleY] = [(left + right) / 2, (low + high) / 2];
  return points.map(([x, y]) => [width / 2 + (x - middleX) * scale, height / 2 - (y - middleY) * scale]);
}

/**
 * A place for each name beside its point, so that none covers another or a point; the first in `order` choose first.
 *
 * @param {Point[]} points  in pixels
 * @param {number[]} widths  of the names, in pixels
 * @param {Point} size  of the picture
 * @param {number[]} order  which words choose first
 * @returns {Name[]}
 */
export function namesOf(points, widths, size, order) {
  const taken = points.map(([x, y]) => boxAround(x - 4, y - 4, 8, 8));
  const picture = boxAround(0, 0, ...size);
  const names = /** @type {Name[]} */ (points.map(() => null));
  for (const k of order) {
    for (const { name, box } of sides(points[k], widths[k])) {
      if (!isWithin(box, picture) || taken.some((other, at) => at !== k && shared(box, other))) continue;
      names[k] = name;
      taken.push(box);
      break;
    }
  }
  return names;
}

/** The places for a name around its point, the nearest first: right, left, above, below, then at its corners. */
function sides(at, width) {
  return GAPS.flatMap((gap) => SIDES.slice(0, gap === GAPS[0] ? 4 : 8).map((side) => beside(at, width, side, gap)));
}

function beside(at, width, [right, down], gap) {
  const box = boxBeside({ at, size: [width, LINE] }, [right, down], gap);
  const anchor = /** @type {Anchor} */ (right ? (right > 0 ? "start" : "end") : "middle");
  const x = right ? (right > 0 ? box.left : box.right) : at[0];
  const lead = /** @type {Point} */ ([x - 2 * right, (box.top + box.bottom) / 2 - down * 6]);
  return { name: { x, y: box.bottom - 3, anchor, lead: gap === GAPS[0] ? null : lead }, box };
}

const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The word that an arrow key leads to: the nearest one on that side, what lies sideways counted twice.
 *
 * @param {Point[]} points  in pixels
 * @param {number} from
 * @param {string} key
 * @returns {number | null} null for other keys; the same word where there is none on that side
 */
export function towards(points, from, key) {
  if (key === "Home") return 0;
  if (key === "End") return points.length - 1;
  if (key === "PageDown") return (from + 1) % points.length;
  if (key === "PageUp") return (from + points.length - 1) % points.length;
  const way = WAYS[key];
  if (!way) return null;
  let [best, least] = [from, Infinity];
  points.forEach(([x, y], k) => {
    const [dx, dy] = [x - points[from][0], y - points[from][1]];
    const ahead = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (k === from || ahead <= 0.5 || aside > 2 * ahead + 1e-9) return;
    const far = ahead + 2 * aside;
    if (far < least) [best, least] = [k, far];
  });
  return best;
}

/**
 * The place of every other word by nearness to one, from 1; its own is 0.
 *
 * @param {number[]} row  numbers from this word to each
 * @param {number} word
 * @param {"least" | "greatest"} closest  which numbers say close
 * @returns {number[]}
 */
export function placesOf(row, word, closest) {
  const sign = closest === "least" ? 1 : -1;
  const ranked = row.map((_, k) => k).filter((k) => k !== word);
  ranked.sort((a, b) => sign * (row[a] - row[b]));
  return row.map((_, k) => ranked.indexOf(k) + 1);
}

/**
 * @param {Point[]} points
 * @param {number} word
 * @returns {number[]} how far each is from this one in the picture
 */
export function flatDistances(points, word) {
  return points.map(([x, y]) => Math.hypot(x - points[word][0], y - points[word][1]));
}

/**
 * What is nearest to a word in each picture, and whether the map keeps it.
 *
 * @param {{ words: string[], pictures: any[] }} data
 * @param {number} word
 */
export function sentence(data, word) {
  const parts = data.pictures.map(({ title, neighbours, still_near }) => {
    const names = neighbours[word].map((other) => isolated(data.words[other])).join(", ");
    const [near, count] = [`${title.toLowerCase()}, nearest`, neighbours[word].length];
    if (count === 1) return `${near} is ${names} (${still_near[word] ? "on the map, too" : "not so on the map"})`;
    return `${near} are ${names} (${still_near[word]} of ${count} also on the map)`;
  });
  return `${quoted(data.words[word])}: ${parts.join("; ")}.`;
}
