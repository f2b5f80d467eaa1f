/** Canvases that are sharp on every screen. */

/**
 * Device pixels of one CSS pixel, in the presentation size too; more than two can't be seen and cost memory.
 *
 * @returns {number}
 */
export function pixelRatio() {
  return Math.min((window.devicePixelRatio || 1) * (document.body?.currentCSSZoom || 1), 2);
}

/**
 * The pixels of one CSS pixel in a canvas that `sized` gave its size, whatever the ratio is by now.
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {number}
 */
export function ratioOf(canvas) {
  return canvas.width / Number.parseFloat(canvas.style.width);
}

/**
 * Gives a canvas its size in CSS pixels, which also empties it.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @returns {CanvasRenderingContext2D} whose units are CSS pixels
 */
export function sized(canvas, width, height) {
  const ratio = pixelRatio();
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = pen(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
export function pen(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * The text, cut with an ellipsis where it is wider than the room; one letter is never cut.
 *
 * @param {{ measureText: (text: string) => { width: number } }} context
 * @param {string} text
 * @param {number} room
 * @returns {string}
 */
export function clipped(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  const letters = Array.from(text);
  if (letters.length < 2) return text;
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("")}…`;
}

/**
 * Draws with an origin and an angle of its own.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} origin
 * @param {number} angle  in radians
 * @param {() => void} draw
 */
export function turned(context, origin, angle, draw) {
  context.save();
  context.translate(origin[0], origin[1]);
  context.rotate(angle);
  draw();
  context.restore();
}
