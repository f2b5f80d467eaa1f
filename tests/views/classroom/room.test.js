import assert from "node:assert/strict";
import test from "node:test";
import { percent } from "../../../assets/views/classroom/draw.js";
import { linesOf } from "../../../assets/views/classroom/kinds.js";
import { eventsOf } from "../../../assets/views/classroom/room.js";

const bytes = (...parts) =>
  new ReadableStream({
    start(stream) {
      for (const part of parts) stream.enqueue(part);
      stream.close();
    },
  });

test("events are whole however the line cuts them, also in the middle of a character", async () => {
  const whole = new TextEncoder().encode('data: {"ask":"é日"}\n\n: still here\n\ndata: 2\n\n');
  for (let at = 1; at < whole.length; at += 1) {
    const found = [];
    for await (const event of eventsOf(bytes(whole.slice(0, at), whole.slice(at)))) found.push(event);
    assert.deepEqual(found, ['{"ask":"é日"}', "", "2"]);
  }
});

test("small shares keep their digits", () => {
  const shown = [0, 0.00001, 0.004, 0.0994, 0.0996, 0.5, 0.996, 0.9999, 1].map(percent);
  assert.deepEqual(shown, [
    "0\u00a0%",
    "<\u00a00.1\u00a0%",
    "0.4\u00a0%",
    "9.9\u00a0%",
    "10\u00a0%",
    "50\u00a0%",
    "99.6\u00a0%",
    ">\u00a099.9\u00a0%",
    "100\u00a0%",
  ]);
});

test("choices are the lines that say something", () => {
  assert.deepEqual(linesOf(" yes \n\n no\n"), ["yes", "no"]);
});
