/** Where words and their names stand on a flat map, without a page. */

/** @typedef {[number, number]} Point */
/** @typedef {{ x: number, y: number, anchor: "start" | "end" | "middle" } | null} Name  null where it has no room */

const MARGIN = 26;
const LINE = 14; // height of a name
const GAP = 10; // from a point to its name

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

/** Right, left, above, below. */
function sides([x, y], width) {
  const beside = (left, top) => ({ left, right: left + width, top, bottom: top + LINE });
  /** @type {(x: number, y: number, anchor: "start" | "end" | "middle") => Name} */
  const at = (nameX, nameY, anchor) => ({ x: nameX, y: nameY, anchor });
  return [
    { name: at(x + GAP, y + 4, "start"), box: beside(x + GAP, y - LINE / 2) },
    { name: at(x - GAP, y + 4, "end"), box: beside(x - GAP - width, y - LINE / 2) },
    { name: at(x, y - GAP, "middle"), box: beside(x - width / 2, y - GAP - LINE + 3) },
    { name: at(x, y + GAP + 9, "middle"), box: beside(x - width / 2, y + GAP - 2) },
  ];
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
