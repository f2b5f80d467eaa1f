/** Where a learner is in each lesson, kept in the browser. Needs no page but a storage. */

const NAME = "pg-lessons";

/**
 * @typedef {import("./steps.js").Kept} Kept
 * @typedef {object} Walk  one lesson
 * @property {number} at  the step that is shown
 * @property {Record<number, Kept>} steps
 * @property {Record<string, any>} live  facts of the tabs, and those that a step has kept
 *
 * @typedef {object} Progress
 * @property {boolean} met  the panel was opened once
 * @property {boolean} open
 * @property {string} lesson  its name; empty: the list
 * @property {Record<string, Walk>} walks
 */

/** @returns {Progress} */
const nothing = () => ({ met: false, open: false, lesson: "", walks: {} });

/**
 * What was kept; nothing where there is none, or it is damaged.
 *
 * @param {Pick<Storage, "getItem">} storage
 * @returns {Progress}
 */
export function load(storage) {
  try {
    const found = JSON.parse(storage.getItem(NAME) ?? "null");
    return found && typeof found.walks === "object" && found.walks ? { ...nothing(), ...found } : nothing();
  } catch {
    return nothing();
  }
}

/**
 * @param {Pick<Storage, "setItem">} storage
 * @param {Progress} progress
 */
export function save(storage, progress) {
  try {
    storage.setItem(NAME, JSON.stringify(progress));
  } catch {
    // A browser that keeps nothing still walks the lesson.
  }
}

/**
 * Where the learner is in a lesson; a lesson that has fewer steps by now begins at its last.
 *
 * @param {Progress} progress
 * @param {{ name: string, steps: unknown[] }} lesson
 * @returns {Walk}
 */
export function walkOf(progress, lesson) {
  progress.walks[lesson.name] ??= { at: 0, steps: {}, live: {} };
  const walk = progress.walks[lesson.name];
  walk.at = Math.min(Math.max(0, Math.trunc(Number(walk.at)) || 0), lesson.steps.length - 1);
  return walk;
}

/**
 * What is kept of one step, to be changed.
 *
 * @param {Walk} walk
 * @param {number} at
 * @returns {Kept}
 */
export function keptOf(walk, at) {
  walk.steps[at] ??= {};
  return walk.steps[at];
}

/**
 * How many steps of a lesson are done.
 *
 * @param {Walk | undefined} walk
 */
export function doneOf(walk) {
  return walk ? Object.values(walk.steps).filter((one) => one.outcome).length : 0;
}
