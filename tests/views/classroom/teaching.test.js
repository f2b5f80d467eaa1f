import assert from "node:assert/strict";
import { test } from "node:test";
import { Teaching } from "../../../assets/views/classroom/teaching.js";

/** An element with parts that hold what is said in them. */
function box() {
  const parts = new Map();
  const part = () => ({ textContent: "", classList: { toggle() {} }, querySelectorAll: () => [] });
  return {
    querySelector(name) {
      if (!parts.has(name)) parts.set(name, part());
      return parts.get(name);
    },
  };
}

test("why the class doesn't follow yet is said until it does, and nothing else is taken back", async () => {
  globalThis.sessionStorage ??= { getItem: () => null, setItem() {} };
  let link = "";
  const page = {
    open: () => [{ place: "classification", kinds: [] }],
    link: async () => link || Promise.reject(new Error("There is no answer to share yet.")),
  };
  const element = box();
  const teaching = new Teaching(element, page, { code: "ABCDEF", key: "key" });
  teaching.room.post = async () => ({});
  const said = () => element.querySelector(".ct-said").textContent;
  await teaching.follow(true);
  assert.notEqual(said(), "");
  link = "#run=1";
  await teaching.lead();
  assert.equal(said(), "");
  teaching.say("No connection to the class.", true);
  await teaching.lead();
  assert.equal(said(), "No connection to the class.");
});

test("once the class is over, no button beside an answer offers to ask it", () => {
  const buttons = [];
  const beside = () => {
    const button = { remove: () => buttons.splice(buttons.indexOf(button), 1) };
    return button;
  };
  Object.assign(globalThis, {
    document: { querySelectorAll: (name) => (name === ".ct-beside" ? [...buttons] : []), createElement: beside },
    sessionStorage: { getItem: () => null, setItem() {}, removeItem() {} },
  });
  const page = { open: () => [], places: [{ share: "share", place: "tokens", kinds: ["token_count"] }] };
  const teaching = new Teaching(box(), page, { code: "ABCDEF", key: "key" });
  buttons.push(beside());
  teaching.show({ ended: true });
  assert.deepEqual(buttons, []);
  teaching.told.share({ id: "share", row: { prepend: (button) => buttons.push(button) } });
  assert.deepEqual(buttons, [], "nor one that comes later");
});
