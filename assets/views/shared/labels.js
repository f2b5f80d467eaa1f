/** Where labels stand beside their dots: inside the frame, on no other label and on no dot. Needs no page. */

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */

const GAP = 5; // pixels between a dot and its label
const RINGS = [1, 2.4, 4]; // how far out a free place is looked for, in gaps
/**
 * Beside the dot, then above and below it, then at its corners; -1 is left or above, 0 in the middle.
 *
 * @type {[number, number][]}
 */
export const SIDES = [
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
 * A box for each label, in the order of the labels.
 *
 * @param {{ at: [number, number], size: [number, number] }[]} labels  the dot of each, and how wide and high it is
 * @param {[number, number][]} dots  all of them
 * @param {number} radius  of a dot
 * @param {Box} frame
 * @returns {Box[]}
 */
export function placeLabels(labels, dots, radius, frame) {
  const around = (reach) => dots.map(([x, y]) => boxAround(x - reach, y - reach, 2 * reach, 2 * reach));
  const [marks, near] = [around(radius), around(radius + 2 * GAP)]; // so near, a dot would seem to be the label's own
  /** @type {Box[]} */
  const placed = [];
  for (const label of labels) {
    const tried = RINGS.flatMap((ring) => SIDES.map((side) => boxBeside(label, side, radius + GAP * ring)));
    const inside = tried.filter((box) => isWithin(box, frame));
    const others = near.filter((_, k) => String(dots[k]) !== String(label.at));
    placed.push(leastCovered(inside.length ? inside : tried, [...marks, ...others], placed));
  }
  return placed;
}

/** @returns {Box} */
export const boxAround = (left, top, width, height) => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
});

/**
 * The box of a label on one side of its dot, `far` from it.
 *
 * @returns {Box}
 */
export function boxBeside({ at: [x, y], size: [width, height] }, [right, down], far) {
  const left = right ? x + right * far - (right < 0 ? width : 0) : x - width / 2;
  const top = down ? y + down * far - (down < 0 ? height : 0) : y - height / 2;
  return boxAround(left, top, width, height);
}

/** @type {(box: Box, frame: Box) => boolean} */
export const isWithin = (box, frame) =>
  box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;

/**
 * How much two boxes share, in square pixels.
 *
 * @param {Box} one
 * @param {Box} other
 */
export function shared(one, other) {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** The first of the boxes that covers least; a label on a label can't be read at all. */
function leastCovered(boxes, marks, placed) {
  const cost = (box) =>
    marks.reduce((sum, mark) => sum + shared(box, mark), 0) +
    placed.reduce((sum, other) => sum + 20 * shared(widened(box), other), 0);
  return boxes.reduce((best, box) => (cost(box) < cost(best) ? box : best));
}

const widened = ({ left, top, right, bottom }) => ({
  left: left - 6,
  top: top - 1,
  right: right + 6,
  bottom: bottom + 1,
});
