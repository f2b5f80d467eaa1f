import assert from "node:assert/strict";
import test from "node:test";
import { receive, start, startShared } from "../../../assets/views/generation/runs.js";
import { newState } from "../../../assets/views/generation/state.js";

const presets = { greedy: { do_sample: false }, balanced: { do_sample: true } };
const refusal = { error: "The prompt has 30,001 tokens.", events: [], final: true, n: 0 };

/** A view side by side, without a page. */
function beside() {
  const node = { children: [], replaceChildren() {}, append() {}, getBoundingClientRect: () => ({ top: 0 }) };
  globalThis.document = /** @type {any} */ ({ createElement: () => ({ append() {} }) });
  globalThis.Node = /** @type {any} */ (class {});
  globalThis.innerHeight = 900;
  const props = { presets, defaults: {}, opening: { mode: "Complete", prompt: "Once" }, titles: {} };
  const state = newState(props);
  state.how = "compare";
  return { view: { props, trigger() {} }, find: () => node, state, draw() {}, setHow() {} };
}

test("where a comparison is refused no empty columns stand below the reason, and older ones come back", () => {
  const tab = beside();
  start(tab);
  assert.equal(tab.state.columns.length, 2);
  receive(tab, { ...refusal, run: tab.state.run.id });
  assert.deepEqual(tab.state.columns, []);

  start(tab);
  const { columns, run } = tab.state;
  receive(tab, { run: run.id, n: 0, events: [[0, { type: "started", notes: [] }]] });
  receive(tab, { run: run.id, n: 1, events: [], final: true });
  assert.equal(tab.state.columns, columns);
  start(tab);
  assert.notEqual(tab.state.columns, columns);
  receive(tab, { ...refusal, run: tab.state.run.id });
  assert.equal(tab.state.columns, columns);

  const asked = { messages: null, prompt: "Once", stop_strings: [] };
  startShared(tab, [
    { ...asked, do_sample: false },
    { ...asked, do_sample: true },
  ]);
  assert.notEqual(tab.state.columns, columns);
  receive(tab, { ...refusal, run: tab.state.run.id });
  assert.equal(tab.state.columns, columns);
});

test("a chat comes into sight further than a text: its message stands before the reply", () => {
  let brought = 0;
  const tab = beside();
  const node = Object.assign(tab.find(), { scrollIntoView: () => brought++ });
  node.getBoundingClientRect = () => ({ top: 750 }); // 150 pixels of 900 are seen
  globalThis.matchMedia = /** @type {any} */ (() => ({ matches: false }));
  tab.state.how = "write";
  start(tab);
  assert.equal(brought, 0);
  Object.assign(tab.state, { mode: "Chat", run: null });
  start(tab);
  assert.equal(brought, 1);
});

test("who chooses By hand while a reply is written is shown the next token once it has ended", async () => {
  const asked = /** @type {any[]} */ ([]);
  const tab = beside();
  Object.assign(tab.view, { trigger: (name, value) => name === "go" && asked.push(value) });
  tab.state.how = "write";
  start(tab);
  const run = tab.state.run;
  const begin = [{ prompt: "Once", messages: null, model_id: "m", quantization: "none" }];
  receive(tab, { run: run.id, n: 0, begin, events: [[0, { type: "started", notes: [] }]] });
  tab.state.how = "step";
  receive(tab, { run: run.id, n: 1, events: [], final: true });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(
    asked.map(({ draw }) => draw),
    [undefined, 0],
  );
  receive(tab, { run: tab.state.run.id, n: 0, events: [], final: true });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(asked.length, 2, "what a model has ended isn't asked again and again");
});
