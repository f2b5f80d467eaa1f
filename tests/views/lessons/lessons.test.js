import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { directionOf } from "../../../assets/views/lessons/draw.js";
import { doneOf, keptOf, load, save, walkOf } from "../../../assets/views/lessons/progress.js";
import { holds, isRight, readOf, said, shown } from "../../../assets/views/lessons/readings.js";
import { answers, guessShown, isAnswered, outcomeOf, phaseOf, stageAt } from "../../../assets/views/lessons/steps.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../../data/${name}`, import.meta.url), "utf8"));
const { live } = read("lesson_readings.json");
const forms = read("lesson_forms.json"); // the same cases as Python has read them

test("readings, conditions, sentences and guesses say what they say in Python", () => {
  for (const [reading, value] of forms.readings) assert.deepEqual(readOf(reading, live), value, reading.name);
  for (const [condition, value] of forms.conditions) assert.equal(holds(condition, live), value, condition.text);
  for (const [sentence, text] of forms.sentences)
    assert.equal(
      said(sentence, live)
        .map((part) => part.text)
        .join(""),
      text,
    );
  for (const [predict, guess, value] of forms.guesses)
    assert.equal(isRight(predict, guess, live), value, JSON.stringify([predict, guess]));
});

const reading = (...steps) => ({ name: steps.join("."), root: "classification", steps });
const is = (path, value) => ({ text: "", reading: path, test: "is", value, other: null });
const STAGE = { tab: "classification", fields: { text: "good", text_pair: "", model_id: null } };
const ASK = {
  tab: "classification",
  stage: STAGE,
  predict: { kind: "word", ask: "?", choices: [], reading: reading("label"), within: 0 },
  reveal: {
    reading: reading("label"),
    right: { parts: ["Yes"] },
    wrong: { parts: ["No, *it* is ", { reading: reading("label"), form: "" }] },
    why: { parts: [] },
  },
};
const DO = { tab: "classification", do: { say: "", until: [is(reading("label"), "bad")], show: { text: "bad" } } };
const LESSON = { name: "one", steps: [ASK, DO, { tab: "" }] };
const facts = (text, label) => ({ classification: { text, label, model_id: "m" } });

test("a step asks, sets the stage, waits for the page, and is done", () => {
  const kept = {};
  assert.equal(phaseOf(ASK, kept), "ask");
  assert.equal(phaseOf(ASK, { guess: "" }), "stage");
  assert.equal(phaseOf(ASK, { guess: "x", staged: true }), "answer");
  assert.equal(phaseOf(ASK, { outcome: {} }), "done");
  assert.equal(phaseOf(DO, kept), "answer");
  assert.equal(phaseOf({ tab: "" }, kept), "done");
});

test("only the answer to what was asked ends a step", () => {
  const live = facts("good", "good");
  assert.equal(isAnswered(LESSON, 0, {}, {}), false);
  assert.equal(isAnswered(LESSON, 0, live, { text: "another", text_pair: "", model_id: "m" }), false);
  assert.equal(isAnswered(LESSON, 0, live, { text: " good", text_pair: "", model_id: "m" }), false);
  assert.equal(isAnswered(LESSON, 0, live, { text: "good", text_pair: "x", model_id: "m" }), false);
  assert.equal(isAnswered(LESSON, 0, live, { text: "good", text_pair: "", model_id: "m" }), true);
  assert.equal(answers({ texts: ["a", "b"] }, { texts: ["b", "a"] }), false);
  assert.equal(answers({ flips: [[0, 3]] }, { flips: [[0, 3]] }), true);
  assert.equal(answers({ layer: 0 }, { text: "what only shows is not asked" }), true);
  assert.equal(answers({ words: ["a", "b"] }, { words: ["a", "b"] }), true);
  assert.equal(answers({ words: ["a", "b"] }, { words: ["b", "a"] }), true);
  assert.equal(answers({ words: ["a", "b"] }, { words: ["a", "c"] }), false);
  assert.equal(answers({ top_p: 0.9 }, { top_p: 1 }), false);
});

test("a step waits for the part of the answer that it reads", () => {
  const asked = { text: "good", text_pair: "", model_id: "m" };
  assert.equal(isAnswered(LESSON, 0, facts("good", null), asked), false);
  assert.equal(isAnswered(LESSON, 0, facts("good", "good"), asked), true);
});

test("what is to be done may be done in any way, on the text that the lesson is about", () => {
  assert.equal(isAnswered(LESSON, 1, facts("anything", "bad"), { text: "anything" }), true);
  assert.equal(isAnswered(LESSON, 1, facts("good", "good"), { text: "good" }), false);
  const kept = { ...DO, do: { ...DO.do, show: { model_id: "other" } } };
  assert.equal(isAnswered({ ...LESSON, steps: [ASK, kept] }, 1, facts("x", "bad"), { text: "another text" }), false);
  assert.equal(stageAt(LESSON, 1), STAGE);
});

test("the guess stands beside the live result, in words", () => {
  const right = outcomeOf(ASK, { guess: "Good" }, facts("good", "good"));
  assert.deepEqual([right.right, right.answer, right.verdict[0].text], [true, "good", "Yes"]);
  const wrong = outcomeOf(ASK, { guess: "bad" }, facts("good", "good"));
  assert.deepEqual([wrong.right, wrong.verdict.map((one) => one.text).join("")], [false, "No, *it* is good"]);
  assert.equal(outcomeOf(DO, {}, facts("bad", "bad")).right, null);
  const choices = [{ say: "up", when: is(reading("label"), "good") }];
  const choosing = { ...ASK, predict: { ...ASK.predict, kind: "choice", choices } };
  assert.equal(outcomeOf(choosing, { guess: "up" }, facts("good", "good")).right, true);
  const skipped = outcomeOf(choosing, { guess: "up" }, facts("good", null)); // no choice is known to be the right one
  assert.deepEqual([skipped.right, skipped.verdict], [null, []]);
  assert.equal(guessShown({ form: "%" }, 5), "5\u00a0%");
  const flag = outcomeOf(ASK, { guess: "x" }, facts("good", true), { yes: "ja", no: "nein" });
  assert.equal(flag.answer, "ja");
});

test("a reload loses nothing, and what is damaged begins anew", () => {
  const kept = new Map();
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text) };
  const progress = load(storage);
  walkOf(progress, LESSON).at = 1;
  keptOf(walkOf(progress, LESSON), 0).outcome = outcomeOf(ASK, { guess: "good" }, facts("good", "good"));
  save(storage, progress);
  assert.deepEqual(load(storage), progress);
  assert.equal(doneOf(load(storage).walks.one), 1);
  for (const damaged of ["{", "3", '{"walks": null}']) {
    kept.set("pg-lessons", damaged);
    assert.deepEqual(load(storage).walks, {});
  }
});

test("a lesson that became shorter opens at its last step", () => {
  const progress = { met: true, open: true, lesson: "one", walks: { one: { at: 9, steps: {}, live: {} } } };
  assert.equal(walkOf(progress, LESSON).at, 2);
});

test("a lesson stands the way that its language is written", () => {
  const ways = ["ar", "he-IL", "FA", "hi", "pt-BR", ""].map((lang) => [lang, directionOf(lang)]);
  assert.deepEqual(Object.fromEntries(ways), {
    ar: "rtl",
    "he-IL": "rtl",
    FA: "rtl",
    hi: "ltr",
    "pt-BR": "ltr",
    "": "",
  });
});

test("only the answer itself is ticked: a guess that isn't far off is close", () => {
  const count = { kind: "number", ask: "?", choices: [], reading: reading("count"), within: 2, form: "" };
  const share = { ...count, form: "%" };
  const told = (predict, guess, answer) => {
    const { right, near } = outcomeOf({ predict }, { guess }, { classification: { count: answer } });
    return [right, near];
  };
  assert.deepEqual(told(count, 1, 1), [true, false]);
  assert.deepEqual(told(count, 3, 1), [true, true]);
  assert.deepEqual(told(count, 4, 1), [false, false]);
  assert.deepEqual(told(share, 2.5, 0.0248), [true, false]);
  assert.deepEqual(told(share, 2, 0.0248), [true, false]);
  assert.deepEqual(told(share, 4, 0.0248), [true, true]);
});

test("numbers in a list have no commas of their own", () => {
  assert.equal(shown([101, 2023]), "101, 2023");
  assert.equal(shown(340230), "340,230");
});
