import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentPolicy } from "../../src/server/headers.ts";
import { type Site, serveSite } from "../../src/server/site.ts";
import { errorOf } from "../support/errors.ts";

let outside: string;
let folder: string;
let site: Site;
beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), "drmguard-site-"));
  folder = join(outside, "site");
  await mkdir(join(folder, "assets"), { recursive: true });
  await writeFile(join(outside, "secret.txt"), "secret");
  await writeFile(join(folder, "index.html"), "<!doctype html><title>page</title>");
  await writeFile(join(folder, "assets", "a b.wasm"), "0123456789");
  await writeFile(join(folder, "assets", "script.js"), "1;");
  await symlink(join(outside, "secret.txt"), join(folder, "link.txt"));
  site = await serveSite({ folder, host: "127.0.0.1", port: 0 });
});
afterAll(() => site.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Asks for a path as it stands: fetch would tidy it up first. */
function ask(path: string, method = "GET"): Promise<Answer> {
  const { hostname, port } = new URL(site.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    })
      .on("error", reject)
      .end();
  });
}

test("the page is at the root, with the headers that isolate it and hold it to its own site", async () => {
  const { status, headers, body } = await ask("/?options=steps=2");
  expect([status, body]).toEqual([200, "<!doctype html><title>page</title>"]);
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
  });
  expect(headers["content-security-policy"]).toBe(`${contentPolicy}; frame-ancestors 'none'`);
});

test("the policy lets nothing in but the page's own files, and nothing out", () => {
  const directives = new Map(
    contentPolicy.split("; ").map((line) => [line.split(" ")[0]!, line.split(" ").slice(1).join(" ")]),
  );
  expect(directives.get("default-src")).toBe("'none'");
  expect(directives.get("connect-src")).toBe("'self'");
  expect(directives.get("form-action")).toBe("'none'");
  expect(directives.get("script-src")).toBe("'self' 'wasm-unsafe-eval'");
  expect(contentPolicy).not.toMatch(/https?:|\*|'unsafe-/);
});

test("files have their types, and those whose names change with their content may be kept", async () => {
  const { headers, body } = await ask("/assets/a%20b.wasm");
  expect(body).toBe("0123456789");
  expect(headers).toMatchObject({ "content-type": "application/wasm", "content-length": "10" });
  expect(headers["cache-control"]).toContain("immutable");
  expect((await ask("/assets/script.js")).headers["content-type"]).toBe("text/javascript; charset=utf-8");
});

test("a request for the head alone gets no body", async () => {
  const { status, headers, body } = await ask("/assets/script.js", "HEAD");
  expect([status, headers["content-length"], body]).toEqual([200, "2", ""]);
});

describe("nothing outside of the folder is there", () => {
  test.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "//secret.txt",
    "/link.txt",
    "/assets",
    "/assets/",
    "/%00",
    "/%E0%A4%A",
    "/nothing.html",
  ])("%s", async (path) => {
    const { status, body, headers } = await ask(path);
    expect([status, body]).toEqual([404, "not found\n"]);
    expect(headers["content-security-policy"]).toBeDefined();
  });
});

test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s is refused", async (method) => {
  const { status, headers } = await ask("/", method);
  expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
});

test("a port that is taken says so", async () => {
  const port = Number(new URL(site.url).port);
  const error = await errorOf(() => serveSite({ folder, host: "127.0.0.1", port }));
  expect(error.code).toBe("E_PORT");
  expect(error.message).toBe(`cannot listen on 127.0.0.1:${port}: another program listens there already`);
});

test("an address that is not this machine's says so", async () => {
  expect((await errorOf(() => serveSite({ folder, host: "192.0.2.1", port: 0 }))).code).toBe("E_PORT");
});

test.each([
  ["a folder without a page", "assets"],
  ["no folder", "nothing"],
])("%s is refused", async (_, name) => {
  const error = await errorOf(() => serveSite({ folder: join(folder, name), host: "127.0.0.1", port: 0 }));
  expect(error.code).toBe("E_FILE");
  expect(error.hint).toContain("npm run build");
});
