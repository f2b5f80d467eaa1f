import assert from "node:assert/strict";
import test from "node:test";
import {
  changesSince,
  comparesOthers,
  ofSeveralModels,
  originInWords,
  shownBy,
  varietyInWords,
} from "../../../assets/views/generation/origin.js";
import { applyEvent, newReply } from "../../../assets/views/generation/reply.js";
import { columnsOf } from "../../../assets/views/generation/runs.js";
import { newState } from "../../../assets/views/generation/state.js";
import { counted } from "../../../assets/views/shared/format.js";

const BEGIN = {
  ...{ model_id: "a/b", quantization: "auto", prompt: "Once\nupon", messages: null, max_new_tokens: 5, seed: 3 },
  ...{ do_sample: false, temperature: 1, top_k: 50, top_p: 1, min_p: 0, repetition_penalty: 1, num_beams: 1 },
  prefix_token_ids: [],
};
const NOW = { ...BEGIN, mode: "Complete" };
const TITLES = { "a/b": "B" };

test("columns have several models where they differ in one, not where each names the same, as a link's do", () => {
  const columns = (...settings) => settings.map((one) => ({ settings: one }));
  assert.equal(ofSeveralModels(columns({ model_id: "a/b" }, { model_id: "a/b" })), false);
  assert.equal(ofSeveralModels(columns({}, { model_id: "", quantization: undefined })), false);
  assert.equal(ofSeveralModels(columns({}, { model_id: "a/b" })), true);
  assert.equal(ofSeveralModels(columns({ model_id: "a/b" }, { model_id: "a/b", quantization: "4-bit" })), true);
});

test("what a reply came from: model, weights, text, settings, and the seed where there are dice", () => {
  const held = (quantization, dtype) => ({ begin: BEGIN, started: { quantization, dtype } });
  const rest = "“Once upon” · greedy · max_new_tokens 5";
  assert.equal(originInWords({ begin: BEGIN, started: null }, TITLES), `B · ${rest}`); // not known yet
  assert.equal(originInWords(held("float32", "float32"), TITLES), `B · float32 · ${rest}`);
  assert.equal(originInWords(held("4-bit", "bfloat16"), TITLES), `B · 4-bit, computed in bfloat16 · ${rest}`);
  const drawn = originInWords({ begin: { ...BEGIN, do_sample: true, model_id: "c/d" } }, TITLES);
  assert.match(drawn, /^c\/d · .* · temperature 1 · top_k 50 · seed 3 · max_new_tokens 5$/);
  assert.equal(originInWords({ begin: BEGIN }, TITLES, true), "B · “Once upon” · max_new_tokens 5");
  assert.equal(
    originInWords({ ...held("float32", "float32"), byHand: true }, TITLES),
    "B · float32 · “Once upon” · greedy",
  );
  const messages = [{ role: "user", content: "Hi" }];
  assert.match(originInWords({ begin: { ...BEGIN, prompt: null, messages } }, TITLES), /chat: “Hi”/);
  assert.match(originInWords({ begin: { ...BEGIN, prompt: "ab".repeat(50) } }, TITLES), /“(ab){35}…”/);
});

test("a reply that goes on with other settings says which ones took its earlier tokens", () => {
  const reply = { ...newReply("A", null, 0, BEGIN), byHand: true };
  const step = (index) => applyEvent(reply, /** @type {any} */ ({ type: "step", index, id: 7, alternatives: [] }));
  step(0);
  assert.equal(originInWords(reply, TITLES), "B · “Once upon” · greedy");
  reply.begin = { ...BEGIN, do_sample: true }; // the next token is drawn, those before were not
  const drawn = "temperature 1 · top_k 50 · seed 3";
  assert.equal(originInWords(reply, TITLES), `B · “Once upon” · ${drawn} (earlier tokens: greedy)`);
  step(1);
  assert.equal(originInWords(reply, TITLES), `B · “Once upon” · ${drawn} (earlier tokens: greedy)`);
  step(0); // regenerated
  assert.equal(originInWords(reply, TITLES), `B · “Once upon” · ${drawn}`);
});

test("another model, text or setting makes a reply old; a length or a seed without dice doesn't", () => {
  const since = (now, how) => changesSince(BEGIN, { ...NOW, ...now }, TITLES, how);
  assert.deepEqual(since({ max_new_tokens: 9, seed: 8, temperature: 2 }), []);
  assert.deepEqual(since({ prompt: "Twice" }), ["the prompt was “Once upon”"]);
  assert.deepEqual(changesSince({ ...BEGIN, prompt: "" }, { ...NOW, prompt: "x" }, TITLES), ["the prompt was empty"]);
  assert.deepEqual(since({ model_id: "c/d", quantization: "8-bit" }), ["the model was B", "quantization was auto"]);
  assert.deepEqual(since({ mode: "Chat", prompt: "" }), ["it was no chat"]);
  assert.deepEqual(since({ do_sample: true }), ["the settings were greedy"]);
  assert.deepEqual(since({ do_sample: true }, { byHand: true }), []);
  const compared = { compared: true, seed: 3 };
  assert.deepEqual(since({ temperature: 2 }, compared), []);
  assert.deepEqual(since({ seed: 4 }, compared), ["the seed was 3"]);
});

test("a system message, stop strings and how special tokens are read belong to the origin, too", () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi" },
  ];
  const begin = { ...BEGIN, prompt: null, messages, stop_strings: ["\n", "END"], split_special_tokens: true };
  assert.equal(
    originInWords({ begin }, TITLES),
    "B · chat: “Hi” · system message “Be brief.” · greedy · max_new_tokens 5 · stop_strings “\\n”, “END” · split_special_tokens",
  );
  const now = { ...NOW, mode: "Chat", system: "Be brief.", stop_strings: "\\n\nEND\n", split_special_tokens: true };
  assert.deepEqual(changesSince(begin, now, TITLES), []);
  const other = { ...now, system: "", stop_strings: "", split_special_tokens: false };
  const was = ["the system message was “Be brief.”", "split_special_tokens was on"];
  assert.deepEqual(changesSince(begin, other, TITLES), [...was, "stop_strings were “\\n”, “END”"]);
  assert.deepEqual(changesSince(begin, other, TITLES, { byHand: true }), was);
  const bare = { ...begin, messages: messages.slice(1), stop_strings: [], split_special_tokens: false };
  const none = ["there was no system message", "split_special_tokens was off", "there were no stop_strings"];
  assert.deepEqual(changesSince(bare, now, TITLES), none);
});

test("columns are old once other settings would be compared, but not those of a link", () => {
  const settings = { do_sample: false };
  assert.equal(comparesOthers([{ settings }], [{ settings: { ...settings } }]), false);
  assert.equal(comparesOthers([{ settings }], [{ settings: { ...settings, quantization: "8-bit" } }]), true);
  assert.equal(comparesOthers([{ settings: { ...settings, seed: 1 } }], [{ settings }]), false);
});

test("what an example shows is said of its own reply alone", () => {
  const examples = [{ mode: "Complete", prompt: BEGIN.prompt, begins: " a time", shows: "It goes on." }];
  const shown = (begin, text) => shownBy({ ...BEGIN, ...begin }, text, examples, "a/b");
  assert.equal(shown({}, " a time there"), "It goes on.");
  assert.equal(shown({ quantization: "float32" }, " a time there"), "It goes on.");
  for (const begin of [
    { model_id: "c/d" },
    { quantization: "4-bit" },
    { do_sample: true },
    { prompt: "x" },
    { prefix_token_ids: [1] },
  ])
    assert.equal(shown(begin, " a time there"), "");
  assert.equal(shown({}, " a"), "", "not yet, or not at all");
  const ending = [{ ...examples[0], ends: "eos", shows: "It ends by itself." }];
  const ended = (reason) => shownBy(BEGIN, " a time", ending, "a/b", reason);
  assert.equal(ended("eos"), "It ends by itself.");
  assert.deepEqual([ended("length"), ended(undefined)], ["", ""], "ended by max_new_tokens, or still written");
});

test("strategies that throw dice give several replies, each with its seed", () => {
  const strategies = [
    { name: "greedy", settings: { do_sample: false } },
    { name: "warm", settings: { do_sample: true } },
  ];
  const columns = columnsOf(/** @type {any} */ ({ strategies, samples: 2, settings: { seed: 4 } }));
  assert.deepEqual(
    columns.map((one) => one.replies.map((reply) => reply.settings?.seed)),
    [[4], [4, 5]],
  );
  columns[1].replies = [7, 7, 8].map((id) => ({ ...newReply("warm"), tokens: /** @type {any} */ ([{ id }]) }));
  assert.equal(varietyInWords(columns), "Different texts: warm 2 of 3. One text, without dice: greedy.");
});

test("one token is no tokens", () => {
  assert.deepEqual(
    [1, 0, 1200].map((n) => counted(n, "token")),
    ["1 token", "0 tokens", "1,200 tokens"],
  );
});

test("a column says which model and weights are its own", () => {
  const settings = { do_sample: false };
  const strategies = [
    { name: "greedy", settings: { ...settings, quantization: "8-bit" } },
    { name: "greedy", settings: { ...settings, model_id: "a/b", quantization: "4-bit" } },
    { name: "greedy", settings: { ...settings, model_id: "c/d" } },
  ];
  const columns = columnsOf({ ...newState({ presets: {} }), strategies, settings: { seed: 0 } }, TITLES);
  assert.deepEqual(
    columns.map(({ name }) => name),
    ["greedy · 8-bit", "greedy · B · 4-bit", "greedy · c/d"],
  );
  assert.equal(columns[1].replies[0].settings.quantization, "4-bit");
});
