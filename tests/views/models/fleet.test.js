import assert from "node:assert/strict";
import test from "node:test";
import { inWords, machineInWords, modelInWords } from "../../../assets/views/models/fleet.js";

const machines = [
  { name: "one", alive: true, cpus: 8, gpus: 2, total_bytes: 1 },
  { name: "two", alive: true, cpus: 1, gpus: 0, total_bytes: 1 },
  { name: "three", alive: false, cpus: 8, gpus: 1, total_bytes: 1 },
];
const fleet = (changes) => ({ machines, replicas: [], running: 1, in_line: 0, queue: 0, ...changes });

test("what a fleet does stands in one line, and who waits only where somebody does", () => {
  assert.equal(inWords(fleet({})), "2 machines · 0 replicas · 1 reply being written");
  const busy = fleet({ machines: machines.slice(0, 1), running: 12, in_line: 1, queue: 3 });
  assert.equal(
    inWords(busy),
    "1 machine · 0 replicas · 12 replies being written · 1 waits for a turn · 3 wait for a replica",
  );
});

test("a machine says its cores and GPUs, one that isn't known its name", () => {
  assert.equal(machineInWords("one", machines), "one · 8 cores · 2 GPUs");
  assert.equal(machineInWords("two", machines), "two · 1 core");
  assert.equal(machineInWords("four", machines), "four");
});

test("a model says its state unless it is ready", () => {
  const model = { title: "Tiny", quantization: "8-bit", state: "resident", running: 0, in_line: 0 };
  assert.equal(modelInWords(model), "Tiny, 8-bit");
  assert.equal(modelInWords({ ...model, state: "loading" }), "Tiny, 8-bit (loading)");
});
