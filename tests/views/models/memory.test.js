import assert from "node:assert/strict";
import test from "node:test";
import { bestVariant, fourBitInWords, pauseFor, saidOf, segmentsOf } from "../../../assets/views/models/memory.js";

const variant = (more) => ({
  quantization: "auto",
  measured_bytes: 100,
  cache_bytes: 0,
  state: "resident",
  leases: 0,
  ...more,
});
const device = (more) => ({
  ...{ device: "cpu", total_bytes: 1000, budget_bytes: 600, reserve_bytes: 200, limit_bytes: 800 },
  ...{ used_bytes: 150, cache_bytes: 20, ...more },
});
const MODELS = [{ title: "A", variants: [variant({ cache_bytes: 20 })] }];
const short = (segments) => segments.map(({ kind, count }) => `${kind} ${count}`);

test("a measured budget: models, what is being loaded, caches, room, reserve, other programs", () => {
  const shown = segmentsOf(device({}), MODELS);
  assert.deepEqual(short(shown), ["model 100", "model 50", "cache 20", "room 450", "reserve 180", "other 200"]);
  assert.equal(shown[1].name, "being loaded");
  assert.deepEqual([shown[0].name, shown[2].name], ["A, auto", "KV cache of A, auto"]);
});

test("a budget set by hand: caches take from the room for models", () => {
  const shown = segmentsOf(device({ limit_bytes: 600, used_bytes: 100 }), MODELS);
  assert.deepEqual(short(shown), ["model 100", "cache 20", "room 480", "reserve 200", "other 200"]);
});

test("RAM beside a GPU holds parked models and no caches", () => {
  const parked = [{ title: "A", variants: [variant({ state: "in RAM" })] }, ...MODELS];
  const ram = device({ device: "ram", limit_bytes: 600, used_bytes: 100, cache_bytes: 0 });
  assert.deepEqual(short(segmentsOf(ram, parked)), ["model 100", "room 500", "reserve 200"]);
});

test("the variant furthest on its way stands for its model", () => {
  assert.equal(bestVariant([{ state: "in RAM" }, { state: "resident" }, { state: "failed" }])?.state, "resident");
  assert.equal(bestVariant([]), undefined);
});

test("what is said of a command ends with it, and says why it failed", () => {
  const held = (state, message = "") => [
    {
      id: "a/b",
      variants: [
        { quantization: "float32", state: "resident" },
        { quantization: "4-bit", state, message },
      ],
    },
  ];
  const load = { name: "load", id: "a/b", quantization: "4-bit", words: "Loading…" };
  assert.deepEqual(saidOf(load, held("downloading")), { text: "Loading…", bad: false });
  assert.deepEqual(saidOf(load, held("failed", "No room.")), { text: "No room.", bad: true });
  assert.deepEqual(saidOf(load, held("resident")), { text: "", bad: false });
  assert.deepEqual(saidOf({ ...load, quantization: "auto" }, []), { text: "", bad: false });
  assert.deepEqual(saidOf({ ...load, name: "unload" }, held("leaving")), { text: "", bad: false });
});

test("the more happens, the sooner it asks again", () => {
  const pause = (one) => pauseFor([{ variants: [variant(one)] }]);
  assert.deepEqual([{ state: "loading" }, { leases: 1 }, {}].map(pause), [400, 1000, 2000]);
});

test("why 4 bits take more than an eighth is only said where both sizes are known", () => {
  const options = [
    { name: "float32", predicted_bytes: 800 },
    { name: "4-bit", predicted_bytes: 200 },
  ];
  assert.match(fourBitInWords(options, String), /800 shrink to 200 and not to an eighth \(100\)/);
  assert.equal(fourBitInWords(options.slice(0, 1), String), "");
});
