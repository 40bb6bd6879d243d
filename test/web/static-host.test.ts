/** The built page on hosts that are not the command line's. */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeInBrowser, pageFolder } from "../support/browser.ts";
import { smallModel } from "../support/cli.ts";
import { someImages } from "../support/identification.ts";
import { archiveOf, checked, choose, fileOf, resultOf, shortOptions, verdictOf } from "../support/page.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

describeInBrowser("the page on a static host that sends no headers, in a folder of it", (browser) => {
  let server: Server;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const path = decodeURIComponent(new URL(request.url!, "http://host").pathname);
      asked.push(path);
      const file = path.replace(/^\/some\/folder\//, "").replace(/^$/, "index.html");
      try {
        const bytes = await readFile(join(pageFolder, file));
        response
          .writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" })
          .end(bytes);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => server?.close());
  afterEach(() => browser.closePages());

  test("scans with one thread, and says why", async () => {
    const { port } = server.address() as AddressInfo;
    const address = `http://127.0.0.1:${port}/some/folder/?options=${encodeURIComponent(shortOptions)}`;
    const page = await browser.open(`${address}&provider=wasm&threads=2`);
    expect(await page.evaluate("crossOriginIsolated")).toBe(false);
    await choose(page, [fileOf("small.onnx", smallModel()), archiveOf(someImages(24))]);
    await checked(page);
    await page.click("#start");
    await verdictOf(page);
    expect((await resultOf(page)).environment.threads).toBe(1);
    expect(await page.textContent("#remarks")).toContain("one thread: the server does not send the headers");
    // Everything came from this folder, ONNX Runtime too.
    expect(asked.filter((path) => !path.startsWith("/some/folder/"))).toEqual([]);
    expect(asked.some((path) => path.endsWith(".wasm"))).toBe(true);
  });

  test("holds itself to its own site, by a policy that it carries", async () => {
    const { port } = server.address() as AddressInfo;
    const page = await browser.open(`http://127.0.0.1:${port}/some/folder/`);
    const blocked = await page.evaluate(`new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
      fetch("http://127.0.0.1:1/").catch(() => {});
    })`);
    expect(blocked).toBe("connect-src");
    // The browser says so on the console, which is what is wanted here.
    browser.forgive(/Content Security Policy|Failed to load|Refused to connect|violates the following/);
  });
});
