import { expect, test } from "vitest";
import { runCli, startCli } from "../support/cli.ts";

/** Starts the server and waits for its address. */
async function served(args: readonly string[]): Promise<ReturnType<typeof startCli> & { url: string }> {
  const started = startCli(["serve", ...args]);
  while (!started.output.stdout.includes("\n")) {
    if (started.child.exitCode !== null) throw new Error(started.output.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { ...started, url: started.output.stdout.trim() };
}

test("the page is served on this machine alone, until it is interrupted", async () => {
  const { url, child, end } = await served(["--port", "0"]);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const response = await fetch(url);
  expect(response.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  expect(await response.text()).toContain("<title>DRMGuard</title>");
  child.kill("SIGINT");
  expect(await end).toMatchObject({ code: 0, stderr: "" });
});

test("a port that is taken is refused with exit code 4", async () => {
  const { url, child, end } = await served(["--port", "0"]);
  const port = new URL(url).port;
  const second = await runCli(["serve", "--port", port]);
  expect(second.code).toBe(4);
  expect(second.stderr).toContain(
    `cannot listen on 127.0.0.1:${port}: another program listens there already [E_PORT]`,
  );
  child.kill("SIGTERM");
  await end;
});

test.each(["-1", "65536", "http"])("port %s is refused", async (port) => {
  const { code, stderr } = await runCli(["serve", "--port", port]);
  expect(code).toBe(4);
  expect(stderr).toContain("--port");
});
