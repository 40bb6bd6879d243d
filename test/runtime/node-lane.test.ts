/** Sessions in threads of their own: the built ones, since Node runs no TypeScript. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { compile, toModel } from "../../src/runtime/compile.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { mul } from "../../src/tensor/elementwise.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { matmul } from "../../src/tensor/linalg.ts";
import { built } from "../support/built.ts";
import { errorOf } from "../support/errors.ts";

type NodeModule = typeof import("../../src/runtime/node.ts");

let runtime: Runtime;
let lanesFor: NodeModule["lanesFor"];
beforeAll(async () => {
  const node = await built<NodeModule>("runtime/node");
  lanesFor = node.lanesFor;
  runtime = node.nodeRuntime({ threads: 2, lanes: 2 });
});

function doubled(size: number): ReturnType<typeof mul> {
  return mul(new Graph().input("x", [size]), 2);
}

test("both lanes give the same, the caller keeps its arrays, and a part of an array is enough", async () => {
  const whole = new Float32Array([0, 1, 2, 3, 4, 5]);
  for (const lane of [0, 1]) {
    const program = await compile(runtime, { y: doubled(3) }, { lane });
    const x = float32(whole.subarray(2, 5));
    for (let time = 0; time < 2; time++) expect((await program.run({ x })).y).toEqual(float32([4, 6, 8]));
    await program.release();
  }
  expect([...whole]).toEqual([0, 1, 2, 3, 4, 5]);
});

test("a lane and this thread run at the same time, and neither waits for the other", async () => {
  const size = 600;
  const a = new Graph().input("a", [size, size]);
  const y = matmul(matmul(a, a), matmul(a, a));
  const feeds = { a: float32(new Float32Array(size * size).fill(1e-3), [size, size]) };
  const programs = [
    await compile(runtime, { y }, { lane: 0 }),
    await compile(runtime, { y }, { lane: 1 }),
  ] as const;
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  let isDone = false;
  const runInLane = async (): Promise<void> => {
    isDone = false;
    await programs[1].run(feeds);
    isDone = true;
  };
  // A session of this thread would let it turn once or twice. How many turns and runs there are is the machine's to say, which others may keep busy, so there are several tries.
  const turnsBeside = async (): Promise<number> => {
    const end = runInLane();
    let turns = 0;
    for (; !isDone; turns++) await nextTurn();
    await end;
    return turns;
  };
  let turns = 0;
  for (let time = 0; time < 20 && turns < 100; time++) turns = await turnsBeside();
  expect(turns).toBeGreaterThanOrEqual(100);
  // A run here blocks this thread: what the next turn hears of was done beside it.
  const isDoneBeside = async (runs: number): Promise<boolean> => {
    const end = runInLane();
    for (let run = 0; run < runs; run++) await programs[0].run(feeds);
    await nextTurn();
    const wasDone = isDone;
    await end;
    return wasDone;
  };
  let runs = 4;
  while (runs < 1000 && !(await isDoneBeside(runs))) runs *= 2;
  expect(runs).toBeLessThan(1000);
  for (const program of programs) await program.release();
});

test("what a graph is refused for, and why a run fails, comes back with its code", async () => {
  const bytes = writeModel(toModel({ y: doubled(3) }));
  const broken = bytes.slice(0, bytes.length - 20);
  for (const lane of [0, 1]) {
    const error = await errorOf(() => runtime.load(broken, { lane }));
    expect(error).toMatchObject({ name: "DrmGuardError", code: "E_RUNTIME" });
    expect(error.message).toMatch(/^ONNX Runtime refused the graph: /);
    const session = await runtime.load(bytes, { lane });
    const failed = await errorOf(() => session.run({ x: float32([1, 2]) }));
    expect(failed).toMatchObject({ name: "DrmGuardError", code: "E_RUNTIME" });
    expect(failed.message).toMatch(/^ONNX Runtime failed: /);
    await session.release();
  }
});

test("a process ends by itself with a lane that is idle, and not before one that runs has answered", () => {
  const script = `import { nodeRuntime } from "./dist/node.js"; import { readFileSync } from "node:fs";
    const runtime = nodeRuntime({ threads: 2, lanes: 2 });
    const model = readFileSync("examples/gaze64/benign.onnx");
    const session = await runtime.load(model, { lane: 1 });
    const data = new Float32Array(3 * 64 * 64);
    const results = await session.run({ image: { dtype: "float32", dims: [1, 3, 64, 64], data } });
    console.log(Object.keys(results).join());`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(stdout.trim()).toBe("gaze");
  expect(status).toBe(0);
});

test("a thread is a lane, up to four that share all evenly; other providers have threads of their own", () => {
  expect([1, 2, 3, 4, 16].map((threads) => lanesFor(threads, "cpu"))).toEqual([1, 2, 3, 4, 4]);
  expect([5, 6, 7, 8, 9, 10].map((threads) => lanesFor(threads, "cpu"))).toEqual([1, 3, 1, 4, 3, 2]);
  expect(lanesFor(16, "cuda")).toBe(1);
});
