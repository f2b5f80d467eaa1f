import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, saidOfSending, tooLarge } from "../../../assets/views/training/load_state.js";

test("a file that is too large isn't even sent", () => {
  assert.equal(tooLarge(10, 10, "Up to 10 bytes."), null);
  assert.deepEqual(tooLarge(11, 10, "Up to 10 bytes."), { error: "This file is too large. Up to 10 bytes." });
});

test("how far a file has come is said, and then that it is read", () => {
  assert.deepEqual([saidOfSending(0, 3), saidOfSending(2, 3)], ["Sending: 0 %", "Sending: 66 %"]);
  assert.match(saidOfSending(3, 3), /is here/);
});

test("an answer is a token or a sentence, whatever comes", () => {
  assert.deepEqual(answerOf(200, '{"file": "ab"}'), { file: "ab" });
  assert.deepEqual(answerOf(413, '{"detail": "Too large."}'), { error: "Too large." });
  for (const [status, text] of [
    [0, ""],
    [502, "<html>"],
    [200, "{}"],
  ])
    assert.match(answerOf(status, text).error, /broke off/);
});
