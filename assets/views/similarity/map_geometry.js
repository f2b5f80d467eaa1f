/** Where words and their names stand on a flat map, without a page. */

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
/** @type {Point[]} */
const SIDES = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
];

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
  const taken = points.map(([x, y]) => ({ left: x - 4, right: x + 4, top: y - 4, bottom: y + 4 }));
  const names = /** @type {Name[]} */ (points.map(() => null));
  for (const k of order) {
    for (const { name, box } of sides(points[k], widths[k])) {
      const inside = box.left >= 0 && box.right <= size[0] && box.top >= 0 && box.bottom <= size[1];
      if (!inside || taken.some((other, at) => at !== k && overlap(box, other))) continue;
      names[k] = name;
      taken.push(box);
      break;
    }
  }
  return names;
}

/** The places for a name around its point, the nearest first: right, left, above, below, then at its corners. */
function sides([x, y], width) {
  return GAPS.flatMap((gap) => SIDES.slice(0, gap === GAPS[0] ? 4 : 8).map((side) => beside([x, y], width, side, gap)));
}

/** @returns {{ name: NonNullable<Name>, box: { left: number, right: number, top: number, bottom: number } }} */
function beside([x, y], width, [right, down], gap) {
  const left = right ? x + right * gap - (right < 0 ? width : 0) : x - width / 2;
  const middle = y + down * (gap + LINE / 2 - 3);
  const box = { left, right: left + width, top: middle - LINE / 2, bottom: middle + LINE / 2 };
  const anchor = /** @type {Anchor} */ (right ? (right > 0 ? "start" : "end") : "middle");
  const at = right ? x + right * gap : x;
  const lead = /** @type {Point | null} */ (gap === GAPS[0] ? null : [right ? at - 2 * right : x, middle - down * 6]);
  return { name: { x: at, y: middle + 4, anchor, lead }, box };
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
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
