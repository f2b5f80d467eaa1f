/** The page's colours for canvases, read from its custom properties at every drawing: they change with the theme. */

/** @typedef {[number, number, number]} Rgb */

/**
 * The value of a custom property of the page, such as "ink" for --pg-ink.
 *
 * @param {Element} element
 * @param {string} name
 * @returns {string}
 */
export function colour(element, name) {
  return getComputedStyle(element).getPropertyValue(`--pg-${name}`).trim();
}

/**
 * The channels of #rrggbb.
 *
 * @param {string} hex
 * @returns {Rgb}
 */
export function channels(hex) {
  return [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];
}

/**
 * A colour between two.
 *
 * @param {Rgb} from
 * @param {Rgb} to
 * @param {number} part  0 for the first, 1 for the second
 * @returns {Rgb}
 */
export function mixed(from, to, part) {
  const mix = (k) => Math.round(from[k] * (1 - part) + to[k] * part);
  return [mix(0), mix(1), mix(2)];
}

/**
 * A colour along evenly spaced stops.
 *
 * @param {Rgb[]} stops
 * @param {number} place  from 0 to 1
 * @returns {Rgb}
 */
export function along(stops, place) {
  const at = Math.max(0, Math.min(1, place)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  return mixed(stops[low], stops[low + 1], at - low);
}

/**
 * The nine stops of the page's sequential ramp, from nothing to most.
 *
 * @param {Element} element
 * @returns {Rgb[]}
 */
export function sequentialStops(element) {
  return Array.from({ length: 9 }, (_, k) => channels(colour(element, `seq-${k}`)));
}

/**
 * @param {Rgb} rgb
 * @returns {string} the colour as CSS writes it
 */
export function css(rgb) {
  return `rgb(${rgb[0]} ${rgb[1]} ${rgb[2]})`;
}

/**
 * The ink that can be read on a ground.
 *
 * @param {Rgb} ground
 * @returns {string}
 */
export function inkOn(ground) {
  return 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2] > 140 ? "#10202c" : "#ffffff";
}

/**
 * How a count is shown among others: a step of the sequential colours, and whether letters there have the surface's
 * colour. Step 5 is left out: no letters are read on it in both themes.
 *
 * @param {number} count
 * @param {number} most  of all counts, at least 1
 */
export function stepOf(count, most) {
  const part = count ? 1 + Math.round((count / most) * 6) : 0;
  const isDeep = part > 4;
  return { ground: `var(--pg-seq-${part + Number(isDeep)})`, isDeep };
}
