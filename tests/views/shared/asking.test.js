import assert from "node:assert/strict";
import test from "node:test";
import { latestAnswer, wellFormed } from "../../../assets/views/shared/asking.js";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("the first question is asked at once, and of those meanwhile only the latest is answered", async () => {
  let text = "a";
  const asked = [];
  const answered = [];
  const work = {
    question: () => text,
    send: async (question) => {
      asked.push(question);
      await pause(20);
      return question.toUpperCase();
    },
    receive: (answer, question) => answered.push([question, answer]),
  };
  const { ask } = latestAnswer(work);
  ask();
  await pause(5);
  assert.deepEqual(asked, ["a"]);
  for (text of ["ab", "abc"]) ask();
  await pause(250);
  assert.deepEqual(answered.at(-1), ["abc", "ABC"]);
  assert.ok(!asked.includes("ab"), "what was typed over is never asked");
});

test("a question that comes while another flies is asked again, and the old answer is dropped", async () => {
  let text = "old";
  const answered = [];
  const send = async (question) => {
    await pause(20);
    return question;
  };
  const { askNow } = latestAnswer({ question: () => text, send, receive: (answer) => answered.push(answer) });
  askNow();
  text = "new";
  askNow();
  await pause(250);
  assert.deepEqual(answered, ["new"]);
});

test("what is chosen is asked at once and waits for no slow answer, which is dropped when it comes", async () => {
  let text = "slow";
  const [asked, answered, waited] = [[], [], []];
  const send = async (question) => {
    asked.push(question);
    await pause(question === "slow" ? 1000 : 20);
    return question;
  };
  const work = {
    question: () => text,
    send,
    receive: (answer) => answered.push(answer),
    wait: (it) => waited.push(it),
  };
  const { ask, askNow } = latestAnswer(work);
  askNow();
  await pause(700);
  assert.deepEqual(waited, ["slow"]);
  text = "typed";
  ask();
  await pause(60);
  assert.deepEqual(asked, ["slow"], "what is typed waits");
  text = "quick";
  askNow();
  assert.deepEqual(asked, ["slow", "quick"]);
  await pause(500);
  assert.deepEqual([asked, answered, waited], [["slow", "quick"], ["quick"], ["slow"]]);
});

test("halves of characters become replacement characters, whole ones stay", () => {
  assert.equal(wellFormed("a\ud83d b\udc4d \ud83d\udc4d"), "a\ufffd b\ufffd 👍");
});
