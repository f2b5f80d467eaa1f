import assert from "node:assert/strict";
import test from "node:test";
import { Refused, Room } from "../../../assets/views/classroom/room.js";

/** A server that answers as told; what arrives is noted. */
function serve(...answers) {
  const got = [];
  globalThis.fetch = async (_url, { body }) => {
    got.push(JSON.parse(body));
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return { ok: answer < 400, status: answer, json: async () => ({ detail: "no", answer: 1 }) };
  };
  return got;
}

test("an answer is sent until it has arrived", async () => {
  const got = serve(new TypeError("no line"), 503, 200);
  assert.deepEqual(await new Room("", "ABC234").deliver("answers", { question: 1 }), { detail: "no", answer: 1 });
  assert.equal(got.length, 3);
});

test("what is refused for good, or was changed meanwhile, isn't sent again", async () => {
  const refused = serve(400, 200);
  await assert.rejects(new Room("", "ABC234").deliver("answers", {}), Refused);
  assert.equal(refused.length, 1);
  const lost = serve(new TypeError("no line"), 200);
  let wanted = 0;
  assert.equal(await new Room("", "ABC234").deliver("answers", {}, () => wanted++ < 1), null);
  assert.equal(lost.length, 1);
});
