/** Where the pointer is. */

/**
 * Calls back wherever somebody points: also at a finger's tap, which moves no pointer.
 *
 * @param {HTMLElement} element
 * @param {(event: MouseEvent) => void} read
 */
export function whenPointed(element, read) {
  element.addEventListener("pointermove", read);
  element.addEventListener("click", read);
}

/**
 * The pointer's place in an element's own pixels, also where the page is shown larger.
 *
 * @param {HTMLElement} element
 * @param {{ clientX: number, clientY: number }} event
 * @returns {[number, number]} from its left and its top edge
 */
export function placeIn(element, { clientX, clientY }) {
  const box = element.getBoundingClientRect();
  const scale = box.width ? element.offsetWidth / box.width : 1;
  return [(clientX - box.left) * scale, (clientY - box.top) * scale];
}
