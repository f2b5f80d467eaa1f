/** What a device's memory is taken by, without a page. */

/** @typedef {import("../types.d.ts").models.DeviceReport} DeviceReport */
/** @typedef {import("../types.d.ts").models.ListedModel} ListedModel */
/** @typedef {import("../types.d.ts").models.ModelVariant} ModelVariant */
/** @typedef {{ kind: "model" | "cache" | "room" | "reserve" | "other", name: string, count: number }} Segment */

/**
 * The stretches of a device's bar, in order.
 *
 * @param {DeviceReport} device
 * @param {ListedModel[]} models
 * @returns {Segment[]}
 */
export function segmentsOf(device, models) {
  const parked = device.device === "ram";
  const held = heldModels(models, parked ? "in RAM" : "resident");
  const known = held.reduce((sum, one) => sum + one.count, 0);
  const loading = device.used_bytes - known;
  if (loading > 0) held.push({ kind: "model", name: "being loaded", count: loading });
  const caches = parked ? [] : cachesOf(models);
  const rest = device.total_bytes - device.budget_bytes - device.reserve_bytes;
  const others = { kind: /** @type {const} */ ("other"), name: "other programs", count: rest };
  return [...held, ...caches, ...free(device, parked), ...(rest > 0 && !parked ? [others] : [])];
}

/**
 * @param {ListedModel[]} models
 * @param {string} state
 */
function heldModels(models, state) {
  const list = /** @type {Segment[]} */ ([]);
  for (const { title, variants } of models)
    for (const { quantization, measured_bytes, ...variant } of variants)
      if (variant.state === state && measured_bytes)
        list.push({ kind: "model", name: `${title}, ${quantization}`, count: measured_bytes });
  return list;
}

/** @param {ListedModel[]} models */
function cachesOf(models) {
  const list = /** @type {Segment[]} */ ([]);
  for (const { title, variants } of models)
    for (const variant of variants)
      if (variant.state === "resident" && variant.measured_bytes && variant.cache_bytes)
        list.push({ kind: "cache", name: `KV cache of ${title}, ${variant.quantization}`, count: variant.cache_bytes });
  return list;
}

/**
 * Where the budget was set by hand, caches take from it; where it was measured, they take from the reserve first.
 *
 * @param {DeviceReport} device
 * @param {boolean} parked
 * @returns {Segment[]}
 */
function free(device, parked) {
  const measured = device.limit_bytes > device.budget_bytes;
  const left = Math.max(0, device.limit_bytes - device.used_bytes - device.cache_bytes);
  const room = Math.max(0, Math.min(device.budget_bytes - device.used_bytes, left));
  const reserve = measured ? left - room : device.reserve_bytes;
  const name = measured || parked ? "free for models" : "free for models and KV caches";
  const list = [{ kind: /** @type {const} */ ("room"), name, count: room }];
  const kept = measured ? "reserve for activations and KV caches" : "outside the budget";
  return reserve > 0 ? [...list, { kind: /** @type {const} */ ("reserve"), name: kept, count: reserve }] : list;
}

const ORDER = ["failed", "in RAM", "leaving", "waiting for room", "downloading", "loading", "resident"];

/** The states in which something is under way. */
export const BUSY = ["downloading", "waiting for room", "loading", "leaving"];

/**
 * What is said of a command that the server has taken: what is under way, why it failed, and nothing once it is done.
 *
 * @param {{ name: string, id: string, quantization: string, words: string }} asked
 * @param {ListedModel[]} models  as the server has them now
 * @returns {{ text: string, bad: boolean }}
 */
export function saidOf({ name, id, quantization, words }, models) {
  const variants = models.find((one) => one.id === id)?.variants ?? [];
  const meant = quantization === "auto" ? variants : variants.filter((one) => one.quantization === quantization);
  const variant = name === "load" ? bestVariant(meant) : undefined;
  if (variant?.state === "failed") return { text: variant.message, bad: true };
  return { text: variant && BUSY.includes(variant.state) ? words : "", bad: false };
}

/**
 * The variant that says most about a model: the one that is furthest on its way into memory.
 *
 * @template {{ state: string }} Variant
 * @param {Variant[]} variants
 * @returns {Variant | undefined}
 */
export function bestVariant(variants) {
  return [...variants].sort((a, b) => ORDER.indexOf(b.state) - ORDER.indexOf(a.state))[0];
}

/**
 * How long to wait before asking again, in milliseconds: the more happens, the shorter.
 *
 * @param {{ variants: { state: string, leases: number }[] }[]} models
 * @returns {number}
 */
export function pauseFor(models) {
  const any = (test) => models.some(({ variants }) => variants.some(test));
  if (any(({ state }) => BUSY.includes(state))) return 400;
  return any(({ leases }) => leases) ? 1000 : 2000;
}

/**
 * Why 4-bit weights take more than an eighth; empty where that can't be said.
 *
 * @param {{ name: string, predicted_bytes: number | null }[]} options
 * @param {(count: number) => string} format
 * @returns {string}
 */
export function fourBitInWords(options, format) {
  const predicted = (name) => options.find((one) => one.name === name)?.predicted_bytes;
  const [full, four] = [predicted("float32"), predicted("4-bit")];
  if (!full || !four) return "";
  const why =
    "In 4-bit each weight of a linear layer is one of 16 values: half a byte in place of 4, and every 64 weights " +
    "share a scale. Embeddings, norms and the head keep their precision, so";
  return `${why} ${format(full)} shrink to ${format(four)} and not to an eighth (${format(full / 8)}).`;
}
