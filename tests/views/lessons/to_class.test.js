import assert from "node:assert/strict";
import test from "node:test";
import { questionFor, rightOf } from "../../../assets/views/lessons/to_class.js";

const reading = { name: "a.b", root: "a", steps: ["b"] };
const predict = (kind, more = {}) => ({ kind, ask: "Which?", choices: [], reading, within: 0, form: "", ...more });
const choices = [
  { say: "one", when: null },
  { say: "two", when: null },
];

test("each kind of guess is a question to a class, and what is right is an answer to it", () => {
  const cases = [
    [predict("choice", { choices }), { type: "choice", question: "Which?", choices: ["one", "two"] }, "two", 1],
    [predict("number"), { type: "number", question: "Which?" }, 12.5, 12.5],
    [predict("number", { form: "%" }), { type: "slider", question: "Which?" }, 0.25, 25],
    [predict("word"), { type: "word", question: "Which?" }, " girl", "girl"],
  ];
  for (const [one, question, said, right] of cases) {
    assert.deepEqual(questionFor(one), question);
    assert.equal(rightOf(one, { a: { b: said } }), right);
    assert.equal(rightOf(one, {}), null);
  }
});

test("nothing is right where no choice is", () => {
  assert.equal(rightOf(predict("choice", { choices }), { a: { b: "three" } }), null);
});
