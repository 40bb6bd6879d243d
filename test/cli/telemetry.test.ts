/** ONNX Runtime's own telemetry: off, whatever is run. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { newFolder, runCli } from "../support/cli.ts";

const model = fileURLToPath(new URL("../../examples/gaze64/benign.onnx", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** What its telemetry leaves in the folder for temporary files when it starts. */
const tracesIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^(mat-|\.ses)/.test(name));

// Its builds for other systems have none, or leave no file.
describe.runIf(process.platform === "linux")("telemetry of ONNX Runtime", () => {
  test("starts where nothing is done about it, so that the other tests could fail", () => {
    const folder = newFolder();
    const script = `require("onnxruntime-node").InferenceSession.create(${JSON.stringify(model)})`;
    // It is quiet by itself where CI is set.
    execFileSync(process.execPath, ["-e", script], {
      cwd: root,
      env: { PATH: process.env.PATH, TMPDIR: folder },
    });
    expect(tracesIn(folder)).not.toEqual([]);
  });

  test("does not start with a command, nor in the child process that runs the model", async () => {
    const folder = newFolder();
    const { code } = await runCli(["check", model], { env: { TMPDIR: folder } });
    expect(code).toBe(0);
    expect(tracesIn(folder)).toEqual([]);
  });

  test("does not start in a program that takes the library", () => {
    const folder = newFolder();
    const script = `import { nodeRuntime } from "./dist/node.js"; import { readFileSync } from "node:fs"; import * as ort from "onnxruntime-node";
      nodeRuntime(); await ort.InferenceSession.create(readFileSync(${JSON.stringify(model)}));`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: root,
      env: { PATH: process.env.PATH, TMPDIR: folder },
    });
    expect(tracesIn(folder)).toEqual([]);
  });
});
