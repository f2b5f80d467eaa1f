import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../../assets/views/shared/until.js";

test("what is there is found at once, what comes is waited for", async () => {
  assert.equal(await until(() => "here", 0), "here");
  let looks = 0;
  assert.equal(await until(() => ++looks > 2 && looks), 3);
});

test("what never comes is given up in time", async () => {
  let looks = 0;
  assert.equal(await until(() => void looks++, 50), null);
  assert.ok(looks > 1 && looks < 10, `${looks} looks`);
});
