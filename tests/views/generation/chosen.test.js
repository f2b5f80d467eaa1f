import assert from "node:assert/strict";
import test from "node:test";
import { chosenIn } from "../../../assets/views/generation/runs.js";

const begin = { prompt: "Once", messages: null, model_id: "m", quantization: "auto", split_special_tokens: false };
const tokens = [{ id: 7 }, { id: 8 }, { id: 9 }].map((one) => ({ ...one, text: "x" }));
const reply = { begin, tokens, finished: null };
const state = (more = {}) => ({
  how: "write",
  mode: "Complete",
  pinned: null,
  shown: reply,
  settings: { prompt: "" },
  ...more,
});

test("a class is asked about the token that is kept open, else about the next one by hand", () => {
  assert.deepEqual(chosenIn(state({ pinned: { reply, index: 1 } })), { ...begin, prefix_token_ids: [7] });
  assert.deepEqual(chosenIn(state({ how: "step" })), { ...begin, prefix_token_ids: [7, 8, 9] });
});

test("without a choice the fields say what is asked", () => {
  for (const one of [state(), state({ how: "compare" }), state({ shown: null })]) assert.equal(chosenIn(one), null);
});

test("a chat is asked about as its model reads it", () => {
  const messages = [{ role: "user", content: "Hi" }];
  const chat = { ...reply, begin: { ...begin, prompt: null, messages } };
  const asked = (prompt) => chosenIn(state({ mode: "Chat", shown: chat, settings: { prompt } }));
  assert.deepEqual(asked("").messages, messages);
  const more = [
    { role: "assistant", content: "xxx" },
    { role: "user", content: "And?" },
  ];
  assert.deepEqual(asked("And?").messages, [...messages, ...more]);
  assert.deepEqual(asked("").prefix_token_ids, []);
});
