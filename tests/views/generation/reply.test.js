import assert from "node:assert/strict";
import test from "node:test";
import { beamPath, beamTokens, nodeBeside, treeLayout } from "../../../assets/views/generation/beam_tree.js";
import {
  aboutSettings,
  applyEvent,
  chosenToken,
  divergence,
  endingOf,
  figuresOf,
  firstToPart,
  isEarliest,
  isOver,
  nameOf,
  newReply,
  replyText,
  settingsName,
  wasStopped,
} from "../../../assets/views/generation/reply.js";
import { afterSampler } from "../../../assets/views/generation/sampler.js";
import { branchOff, newState, remember, restore } from "../../../assets/views/generation/state.js";
import { closed, tintOf } from "../../../assets/views/generation/tokens.js";

const step = (index, id, more = {}) => ({
  ...{ type: "step", index, id, piece: `p${id}`, text: `t${id} `, before: 0.5, after: 0.5, entropy: 1 },
  ...{ elapsed: index + 1, alternatives: [[9, "p9", 0.2, 0, false]], ...more },
});
const written = (...ids) => {
  const reply = newReply("A");
  ids.forEach((id, index) => {
    applyEvent(reply, step(index, id));
  });
  return reply;
};
const FINISHED = {
  type: "finished",
  reason: "eos",
  people: 3,
  beams: [],
  token_ids: [1, 2],
  text: "done",
  perplexity: 2,
};

test("steps make the text, and a step that comes again replaces what followed", () => {
  const reply = written(1, 2, 3);
  assert.equal(replyText(reply), "t1 t2 t3 ");
  const version = reply.version;
  applyEvent(reply, step(1, 8));
  assert.equal(replyText(reply), "t1 t8 ");
  assert.ok(reply.version > version, "what was drawn is no longer true");
});

test("alternatives come as lists and leave as objects", () => {
  assert.deepEqual(written(1).tokens[0].alternatives, [{ id: 9, piece: "p9", before: 0.2, after: 0, kept: false }]);
});

test("a reply waits, starts, reads and ends", () => {
  const reply = newReply("A");
  applyEvent(reply, /** @type {any} */ ({ type: "waiting", position: 2, reason: "full" }));
  assert.deepEqual([reply.position, reply.reason], [2, "full"]);
  applyEvent(reply, /** @type {any} */ ({ type: "started", prompt_tokens: 5, context_length: 100 }));
  assert.deepEqual([reply.position, reply.reason], [0, ""]);
  applyEvent(reply, FINISHED);
  assert.equal(endingOf(reply), "The model ended its reply (eos).");
  assert.deepEqual([isOver(reply), isOver(null), replyText(reply), reply.people], [true, false, "done", 3]);
  const finished = /** @type {any} */ ({ reason: "length", token_ids: [1] });
  assert.equal(endingOf({ ...reply, finished }), "max_new_tokens reached after 1 token.");
  assert.equal(endingOf({ ...reply, finished, byHand: true }), "1 token so far: Continue goes on from here.");
});

test("figures leave out what a person chose, the perplexity leaves out nothing", () => {
  const reply = written(1, 2, 3);
  reply.tokens[0] = chosenToken({ id: 1, piece: "a", before: 0.125, after: 1, kept: true }, 0);
  const { first, rate, perplexity, used } = figuresOf(reply);
  assert.deepEqual([first, rate, used], [2, 1, null]); // what stands before its tokens is told when a run has begun
  assert.ok(Math.abs(Number(perplexity) - 32 ** (1 / 3)) < 1e-9);
});

test("two replies part at the first token that differs, or where one has ended", () => {
  assert.equal(divergence(written(1, 2), written(1, 3)), 1);
  const [one, other] = [written(1, 2), written(1)];
  assert.equal(divergence(one, other), -1);
  applyEvent(one, FINISHED);
  applyEvent(other, FINISHED);
  assert.equal(divergence(one, other), 1);
  assert.equal(divergence(other, one), 1);
  applyEvent(other, { ...FINISHED, reason: "stopped" });
  assert.deepEqual([divergence(one, other), divergence(other, one), wasStopped(other)], [-1, -1, true]);
});

test("settings are named by what matters", () => {
  const plain = {
    num_beams: 1,
    do_sample: false,
    repetition_penalty: 1,
    temperature: 1,
    top_k: 50,
    top_p: 1,
    min_p: 0,
  };
  assert.equal(settingsName(plain), "greedy");
  assert.equal(settingsName({ ...plain, prompt_lookup_num_tokens: 3 }), "greedy, prompt_lookup_num_tokens 3");
  assert.equal(settingsName({ ...plain, do_sample: true, top_p: 0.9 }), "temperature 1 · top_k 50 · top_p 0.9");
  assert.equal(settingsName({ ...plain, num_beams: 4 }), "num_beams 4");
  assert.deepEqual([0, 25, 26].map(nameOf), ["A", "Z", "A1"]);
});

test("a run that brings nothing gives back what was there", () => {
  const state = newState({ defaults: {}, presets: { greedy: {} } });
  const reply = written(1, 2);
  Object.assign(state, { replies: [reply], shown: reply });
  remember(state);
  const branch = branchOff(state, reply, 1);
  assert.deepEqual([branch.name, branch.tokens.length, state.shown], ["B", 1, branch]);
  reply.tokens.pop();
  restore(state);
  assert.deepEqual([state.shown, state.replies.length, reply.tokens.length, state.before], [reply, 1, 2, null]);
});

test("two views share nothing", () => {
  const props = { defaults: { seed: 0 }, presets: { greedy: { do_sample: false } } };
  const [one, other] = [newState(props), newState(props)];
  one.settings.seed = 7;
  one.strategies.pop();
  assert.deepEqual([other.settings.seed, other.strategies.length], [0, 1]);
});

test("tints go from sure to surprising, by bits", () => {
  const tints = [0.9, 0.6, 0.3, 0.1, 0.02, 0.001].map((before) => tintOf({ before, entropy: 0 }, "probability"));
  assert.deepEqual(tints, [0, 1, 2, 3, 4, 5]);
  assert.equal(tintOf({ before: 0.001, entropy: 0 }, "entropy"), 0);
  assert.equal(tintOf({ before: 0.001, entropy: 9 }, "plain"), 0);
});

test("marks for the direction of writing end with the prompt", () => {
  assert.equal(closed("a\u202eb"), "a\u202eb\u202c");
  assert.equal(closed("\u2066x\u2069"), "\u2066x\u2069");
});

// ---- beams

const node = (id, parent, stepNumber, own, total, state = "kept") => [
  id,
  { node: id, parent, step: stepNumber, id: 100 + id, piece: `n${id}`, own, total, state, elapsed: 0 },
];
const NODES = new Map(
  /** @type {any} */ ([
    node(0, -1, 0, -1, -1),
    node(1, -1, 0, -2, -2),
    node(2, 1, 1, -0.5, -2.5),
    node(3, 0, 1, -9, -10, "dropped"),
  ]),
);

test("a path leads from the prompt to its node, with what else could have followed", () => {
  assert.deepEqual(
    beamPath(NODES, 2).map((one) => one.node),
    [1, 2],
  );
  const tokens = beamTokens(NODES, 2);
  assert.deepEqual(
    tokens[0].alternatives.map((one) => one.id),
    [100, 101],
  );
  assert.equal(tokens[1].text, "n2");
});

test("dropped nodes stand below, or not at all", () => {
  const all = treeLayout(NODES, true);
  assert.deepEqual(
    all.columns.get(1)?.map((one) => one.node),
    [2, 3],
  );
  assert.equal(treeLayout(NODES, false).places.has(3), false);
});

test("arrow keys walk the tree", () => {
  const { columns } = treeLayout(NODES, true);
  const here = NODES.get(2);
  assert.equal(nodeBeside("ArrowLeft", here, NODES, columns)?.node, 1);
  assert.equal(nodeBeside("ArrowDown", here, NODES, columns)?.node, 3);
  assert.equal(nodeBeside("ArrowRight", here, NODES, columns), undefined);
  assert.equal(nodeBeside("a", here, NODES, columns), null);
});

test("greedy keeps the best after the penalty; sampling keeps what the filters leave", () => {
  const candidates = [
    { logit: 2, seen: true },
    { logit: 1.5, seen: false },
  ];
  const greedy = afterSampler(candidates, [], { do_sample: false, repetition_penalty: 2 });
  assert.deepEqual(
    greedy.map((one) => one.after),
    [0, 1],
  );
  const open = { do_sample: true, repetition_penalty: 1, temperature: 1, top_k: 0, top_p: 1, min_p: 0 };
  const all = afterSampler(candidates, [[3, 0]], open);
  const total = Math.exp(2) + Math.exp(1.5) + 3;
  assert.ok(Math.abs(all[0].after - Math.exp(2) / total) < 1e-12);
  assert.deepEqual(
    afterSampler(candidates, [[3, 0]], { ...open, top_k: 1 }).map((one) => one.kept),
    [true, false],
  );
});

test("below its name a column says what it does, and of greedy alone that it is the most probable", () => {
  const settings = { do_sample: false, temperature: 1, top_k: 50, top_p: 1, min_p: 0, repetition_penalty: 1 };
  const named = (more) => aboutSettings({ ...settings, ...more }, settingsName({ ...settings, ...more }));
  assert.equal(named({}), "the most probable token, always");
  assert.equal(named({ do_sample: true }), "each token drawn by chance");
  assert.equal(named({ repetition_penalty: 1.3 }), "nothing left to chance");
  assert.equal(named({ num_beams: 4 }), "nothing left to chance");
  assert.equal(aboutSettings({ ...settings, do_sample: true }, "creative"), "temperature 1 · top_k 50");
});

test("none is called the first to part where several part at the same token", () => {
  assert.equal(firstToPart("greedy", "beam", 1), "The first to part from greedy is beam.");
  assert.equal(firstToPart("greedy", "beam", 3), "The first to part from greedy are 3 at the same token; one is beam.");
});

test("none is called the first to part while another may part sooner", () => {
  const written = (count, finished = null) =>
    /** @type {any} */ ({ ...newReply("A"), tokens: Array(count).fill({}), finished });
  const parted = [written(5), written(3)];
  assert.ok(isEarliest(parted, [-1, 1], 1));
  assert.ok(!isEarliest([...parted, written(0)], [-1, 1, -1], 1), "it hasn't begun");
  assert.ok(!isEarliest([...parted, written(1)], [-1, 1, -1], 1));
  assert.ok(isEarliest([...parted, written(2)], [-1, 1, -1], 1), "the same as the first for longer");
  assert.ok(isEarliest([...parted, written(0, {})], [-1, 1, -1], 1));
  const beams = { ...written(9), nodes: new Map([[0, {}]]) };
  assert.ok(!isEarliest([...parted, beams], [-1, 1, -1], 1), "what beams say may still change");
});
