// Reads [[lesson, [[facts, fields that were asked], ... of each step]]] and writes, for each step, whether the panel's script takes it as done.
import { readFileSync } from "node:fs";
import { isAnswered, outcomeOf } from "../../../assets/views/lessons/steps.js";

const walked = JSON.parse(readFileSync(process.argv[2], "utf8"));
const found = walked.map(([lesson, answers]) => {
  const live = {};
  return lesson.steps.map((step, at) => {
    if (!step.stage && !step.do) return true;
    const done = answers[at].map(([facts, asked]) => {
      live[step.tab] = facts;
      return isAnswered(lesson, at, live, asked);
    });
    if (step.keep) live[step.keep] = live[step.tab];
    const outcome = outcomeOf(step, { guess: "nobody says this" }, live);
    return done.at(-1) && outcome.right === (step.predict ? false : null) && outcome.answer !== "–";
  });
});
console.log(JSON.stringify(found));
