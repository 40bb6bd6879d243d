/** The PyTorch process that the benchmark compares with. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process that answers one JSON request a line. */
export interface Reference {
  /** Asks and waits. Rejects when the process ends before it answers. */
  ask<Reply>(request: Readonly<Record<string, unknown>>): Promise<Reply>;
  /** Ends the process. */
  close(): void;
}

/**
 * Starts PyTorch.
 *
 * @param python the interpreter that has it
 * @param threads as many as ours
 */
export function startReference(python: string, threads: number): Reference {
  const script = fileURLToPath(new URL("reference.py", import.meta.url));
  const child: ChildProcess = spawn(python, [script, "--threads", String(threads)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    async ask<Reply>(request: Readonly<Record<string, unknown>>): Promise<Reply> {
      child.stdin!.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the reference process ended at ${JSON.stringify(request)}`);
      return JSON.parse(value) as Reply;
    },
    close: () => child.stdin!.end(),
  };
}
