import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { addressOf, followAddress, linkIn, tabsIn } from "../../../assets/views/links/address.js";
import { clear, load, named, save } from "../../../assets/views/links/typed.js";

/** A storage that holds so many characters. */
function storage(most = 10_000_000) {
  const kept = new Map();
  return {
    getItem: (name) => kept.get(name) ?? null,
    removeItem: (name) => kept.delete(name),
    setItem(name, text) {
      if (text.length > most) throw new Error("QuotaExceededError");
      kept.set(name, text);
    },
  };
}

test("an address names tabs from outside to inside, and nothing else", () => {
  assert.deepEqual(tabsIn(addressOf(["tokens", "tokens-attention"])), ["tokens", "tokens-attention"]);
  for (const hash of ["", "#", "#pg-tabs", "#tab=", "#tab=a b", '#tab="]', "#run=1.tab=x", `#tab=${"x".repeat(300)}`])
    assert.deepEqual(tabsIn(hash), []);
});

test("a link in an address is handed on whole", () => {
  assert.equal(linkIn("#run=1.abc"), "#run=1.abc");
  assert.equal(linkIn("#tab=tokens"), "");
  assert.equal(linkIn("#overrun=1"), "");
});

test("a tab that an address opens writes nothing into it, however late a busy page draws", async () => {
  const [heard, frames, written] = [{}, [], []];
  const tabs = ["generation", "reply"].map((tabId) => ({ dataset: { tabId }, checkVisibility: () => true }));
  Object.assign(globalThis, {
    document: { querySelectorAll: () => tabs, addEventListener: (type, act) => Object.assign(heard, { [type]: act }) },
    addEventListener: () => {},
    requestAnimationFrame: (draw) => frames.push(draw),
    location: { pathname: "/sub/", search: "?present", hash: "" },
    history: { state: null, pushState: (_state, _title, address) => written.push(address) },
  });
  const draw = async () => {
    await sleep(100);
    for (const frame of frames.splice(0)) frame();
    await sleep(100);
  };
  const click = () => heard.click({ target: { closest: () => tabs[0] } });
  const address = followAddress(new AbortController().signal);
  address.start({ open() {}, back() {}, moved() {} });
  location.hash = "#tab=generation";
  await Promise.all([address.quietly(click), draw()]);
  assert.deepEqual(written, []);
  click(); // somebody does
  await draw();
  assert.deepEqual(written, ["/sub/?present#tab=generation/reply"]); // a reload is as large
});

test("what was typed comes back, and only what was", () => {
  const browser = storage();
  assert.deepEqual(load(browser), {});
  const typed = { classification: { controls: named(["text", "text_pair"], ["I love it", null]) } };
  save(browser, typed);
  assert.deepEqual(load(browser), { classification: { controls: { text: "I love it" } } });
  clear(browser);
  assert.deepEqual(load(browser), {});
});

test("a damaged storage, a full one and none at all do no harm", () => {
  for (const text of ["{", "[]", "5", "null"]) assert.deepEqual(load({ getItem: () => text }), {});
  save(storage(3), { a: {} });
  const broken = () => {
    throw new Error("SecurityError");
  };
  assert.deepEqual(load({ getItem: broken }), {});
  clear({ removeItem: broken });
});

test("too much is not kept, nor what stood there before", () => {
  const browser = storage();
  save(browser, { a: { controls: { text: "short" } } });
  save(browser, { a: { controls: { text: "x".repeat(2_000_000) } } });
  assert.deepEqual(load(browser), {});
});
