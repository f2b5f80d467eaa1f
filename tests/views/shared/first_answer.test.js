import assert from "node:assert/strict";
import { test } from "node:test";
import { mayAskFirst, sayGuessing, sayOpening, whenSeen } from "../../../assets/views/shared/first_answer.js";

/** A page with one view: what it may do, and how often it has asked. */
function page() {
  const said = new Set();
  const heard = [];
  globalThis.document = {
    documentElement: {
      hasAttribute: (name) => said.has(name),
      toggleAttribute: (name, on) => {
        if (on) said.add(name);
        else said.delete(name);
        for (const one of heard) one();
      },
    },
  };
  globalThis.MutationObserver = class {
    constructor(told) {
      this.told = told;
    }
    observe() {
      heard.push(this.told);
    }
  };
  const view = { clientWidth: 0 };
  const life = { signal: new AbortController().signal, onResize: (_, told) => heard.push(told) };
  const show = (width) => {
    view.clientWidth = width;
    for (const one of heard) one();
  };
  return { view, life, show };
}

test("a view asks when it comes to sight, once until it has been out of sight", () => {
  const { view, life, show } = page();
  let asked = 0;
  whenSeen(view, life, () => asked++);
  for (const width of [0, 300, 500, 300]) show(width);
  assert.equal(asked, 1);
  show(0);
  show(300);
  assert.equal(asked, 2);
});

test("a view that is seen while a link is opened, or a lesson wants a guess, asks once that is over", () => {
  const { view, life, show } = page();
  let asked = 0;
  sayOpening(true);
  whenSeen(view, life, () => asked++);
  show(300);
  assert.ok(!mayAskFirst() && asked === 0);
  sayGuessing(true);
  sayOpening(false);
  assert.ok(!mayAskFirst() && asked === 0, "a lesson wants a guess first");
  sayGuessing(false);
  assert.ok(mayAskFirst() && asked === 1);
});
