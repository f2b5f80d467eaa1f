import assert from "node:assert/strict";
import test from "node:test";
import { summaryOf } from "../../../assets/views/models/rows.js";

/** Elements that only remember their text. */
class Box {
  text = "";
  append(part) {
    this.text += part instanceof Box ? part.text : part;
  }
}

test("no model is called not loaded before the server has said what is in memory", () => {
  globalThis.Node = /** @type {any} */ (Box);
  globalThis.document = /** @type {any} */ ({ createElement: () => new Box() });
  const model = /** @type {any} */ ({ title: "MiniLM", task: "feature-extraction", source: "embedded", variants: [] });
  const state = (isKnown) => /** @type {any} */ (summaryOf(model, isKnown)[1]).text;
  assert.equal(state(false), "…");
  assert.equal(state(true), "not loaded");
});
