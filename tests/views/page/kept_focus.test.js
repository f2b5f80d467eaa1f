import assert from "node:assert/strict";
import { test } from "node:test";
import { keepFocus } from "../../../assets/views/page/kept_focus.js";

test("after Stop the focus waits for what begins a run, and doesn't go to the modes before it", () => {
  let changed = () => {};
  const heard = {};
  class Button {
    disabled = false;
    constructor(textContent, primary = false) {
      Object.assign(this, { textContent, primary });
    }
    checkVisibility = () => true;
    matches = () => this.primary;
    focus = () => focusOn(this);
  }
  const body = {};
  const page = { body, activeElement: body, addEventListener: (type, act) => Object.assign(heard, { [type]: act }) };
  const focusOn = (target) => {
    page.activeElement = target;
    heard.focusin({ target });
  };
  class Observer {
    constructor(act) {
      changed = act;
    }
    observe() {}
  }
  Object.assign(globalThis, { HTMLButtonElement: Button, MutationObserver: Observer });
  const [mode, start, stop] = [new Button("Stream"), new Button("Start", true), new Button("Stop")];
  const row = { parentElement: null, querySelectorAll: () => [mode, start, stop] };
  for (const one of [mode, start, stop]) one.parentElement = row;
  const able = (...buttons) => {
    for (const one of [start, stop]) one.disabled = !buttons.includes(one);
    if (page.activeElement.disabled) page.activeElement = body; // as a browser does
    changed();
    return page.activeElement;
  };
  keepFocus(page, new AbortController().signal, null);
  focusOn(start);
  assert.equal(able(stop), stop);
  assert.equal(able(), body, "nothing can be pressed until the run has ended");
  assert.equal(able(start), start);
  able(stop);
  focusOn(stop); // pressed with a mouse, the run began by a key in a field
  able();
  assert.equal(able(start), start);
});
