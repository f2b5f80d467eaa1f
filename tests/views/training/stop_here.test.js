import assert from "node:assert/strict";
import { test } from "node:test";
import { stopHere } from "../../../assets/views/training/stop_here.js";

/** An element that takes the focus unless it is hidden. */
const node = (hidden = false) => ({
  hidden,
  textContent: "",
  addEventListener() {},
  focus() {
    if (!this.hidden) document.activeElement = /** @type {any} */ (this);
  },
});

test("when nothing is left to stop the focus goes to what is said, and to why there is no training where that is said", () => {
  const above = node();
  const [here, status, refused] = [node(true), node(), node(true)];
  globalThis.document = /** @type {any} */ ({
    activeElement: above,
    getElementById: () => above,
    addEventListener() {},
  });
  const said = () => /** @type {any} */ (status.hidden ? refused : status);
  const tell = stopHere(/** @type {any} */ (here), said, "training", new AbortController().signal);
  tell(true);
  assert.equal(document.activeElement, here, "Stop beside the charts");
  tell(false);
  assert.equal(document.activeElement, status);

  document.activeElement = /** @type {any} */ (above);
  tell(true);
  Object.assign(status, { hidden: true });
  Object.assign(refused, { hidden: false });
  tell(false);
  assert.equal(document.activeElement, refused, "it was stopped before its first step");
});
