/** The order of the rooms: a room knows only those above it, and only the outer ones know Node. */
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "src");

/** From the ground up. Files that lie in src itself and are no public API stand on the ground. */
const order = [
  "ground",
  "onnx",
  "tensor",
  "autodiff",
  "runtime",
  "optim",
  "data",
  "metrics",
  "loops",
  "models",
  "training",
  "attacks",
  "identification",
  "mitigation",
  "report",
  "workflows",
  "jobs",
  "experiments",
  "server",
  "cli",
  "public API",
];
const ground = ["errors.ts", "random.ts"];
const publicApi = ["index.ts", "node.ts", "web.ts"];
/** Rooms that run in Node and in browsers, and what in them does not. */
const core = order.slice(order.indexOf("onnx"), order.indexOf("jobs"));
const runtimes = ["runtime/node-session.ts", "runtime/web.ts"];
const needsNode = (path: string): boolean => /^(runtime\/node[.-]|data\/node\/)/.test(path);
/** The one file that listens: it answers, and asks nobody. What it may take of these modules, as it is written there. */
const listener = "server/site.ts";
const listening = [
  'import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";',
  'import type { AddressInfo } from "node:net";',
];
const networkModules = /^(node:)?(net|tls|https?|http2|dgram|dns|inspector)(\/|$)/;
const networkCalls = /\b(fetch\s*\(|new\s+(XMLHttpRequest|WebSocket|EventSource)\b|sendBeacon\s*\()/;

/** What a file imports or exports from, also when it is only a type or comes late. */
function importsOf(source: string): string[] {
  const forms =
    /\bfrom\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']|\bimport\s+["']([^"']+)["']|\brequire\s*\(\s*["']([^"']+)["']/g;
  return [...source.matchAll(forms)].map((match) => match.slice(1).find((name) => name !== undefined)!);
}

/** A file is called by its path inside of src, with slashes. */
function roomOf(path: string): string {
  if (ground.includes(path)) return "ground";
  return path.includes("/") ? path.split("/")[0]! : "public API";
}

/** Everything that is wrong with the imports of a file. */
function problemsOf(path: string, source: string): string[] {
  const room = roomOf(path);
  const checked =
    path === listener ? listening.reduce((rest, line) => rest.replace(line, ""), source) : source;
  const problems = importsOf(checked).flatMap((name) => {
    if (networkModules.test(name)) return [`${path} imports ${name}: a scan never opens a connection`];
    if (!name.startsWith(".")) {
      const isNode = name.startsWith("node:") && core.concat("ground").includes(room) && !needsNode(path);
      const isRuntime = name.startsWith("onnxruntime") && !runtimes.includes(path);
      return isNode || isRuntime ? [`${path} imports ${name}`] : [];
    }
    const target = normalize(join(path, "..", name)).replaceAll("\\", "/");
    if (target.startsWith("../")) return [`${path} imports ${target}, which is outside of src`];
    const isAbove = order.indexOf(roomOf(target)) > order.indexOf(room);
    const isNode = needsNode(target) && core.includes(room) && !needsNode(path);
    return isAbove || isNode ? [`${path} imports ${target}`] : [];
  });
  return networkCalls.test(source) ? [...problems, `${path} calls the network`] : problems;
}

/** Files of the page, by their paths inside of web. */
const pageRoot = join(root, "..", "web");
/** The one file of the page that loads anything: the example, from the page's own site. */
const loader = "page/example.ts";
/** What builds the page, in Node. */
const builders = ["vite.config.ts", "licenses.ts"];

/** Everything that is wrong with the imports of a file of the page. */
function problemsOfPage(path: string, source: string): string[] {
  const problems = importsOf(source).flatMap((name) => {
    if (!name.startsWith(".")) {
      const isForbidden = networkModules.test(name) || /^(node:|onnxruntime-node)/.test(name);
      return isForbidden && !builders.includes(path) ? [`${path} imports ${name}`] : [];
    }
    const target = normalize(join("web", path, "..", name)).replaceAll("\\", "/");
    if (target.startsWith("web/") || target === "package.json") return [];
    const inSrc = target.replace(/^src\//, "");
    const isCore =
      target.startsWith("src/") && [...core, "ground"].includes(roomOf(inSrc)) && !needsNode(inSrc);
    const isPolicy = builders.includes(path) && inSrc === "server/headers.ts";
    return isCore || isPolicy ? [] : [`${path} imports ${target}`];
  });
  return networkCalls.test(source) && path !== loader ? [...problems, `${path} calls the network`] : problems;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.replaceAll("\\", "/"));

const files = filesIn(root);

test("every file stands in a room of the order", () => {
  expect(files.length).toBeGreaterThan(100);
  expect(new Set(files.map(roomOf))).toEqual(new Set(order));
  expect(files.filter((path) => !path.includes("/")).sort()).toEqual([...ground, ...publicApi].sort());
});

test("a room imports no room that stands on it, core rooms no Node, and nothing the network", () => {
  const problems = files.flatMap((path) => problemsOf(path, readFileSync(join(root, path), "utf8")));
  expect(problems).toEqual([]);
});

/** Files that import each other, along a way from each back to itself; none is named twice. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): string[] | null => {
    if (way.includes(path)) return way.slice(way.indexOf(path));
    if (done.has(path)) return null;
    for (const next of imports.get(path) ?? []) {
      const circle = visit(next, [...way, path]);
      if (circle !== null) return circle;
    }
    done.add(path);
    return null;
  };
  for (const path of imports.keys()) {
    const circle = visit(path, []);
    if (circle !== null) return circle;
  }
  return null;
}

test("no files import each other, not even a type", () => {
  const importsIn = (path: string): string[] =>
    importsOf(readFileSync(join(root, path), "utf8"))
      .filter((name) => name.startsWith("."))
      .map((name) => normalize(join(path, "..", name)).replaceAll("\\", "/"));
  expect(circleIn(new Map(files.map((path) => [path, importsIn(path)])))).toBeNull();
});

test("the search for such circles finds one", () => {
  const ways: [string, string[]][] = [
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["d", ["b"]],
  ];
  expect(circleIn(new Map(ways))).toEqual(["b", "d"]);
  expect(circleIn(new Map(ways.slice(0, 2)))).toBeNull();
});

test("the page imports core rooms and the runtime of browsers alone", () => {
  const pages = filesIn(pageRoot);
  expect(pages.length).toBeGreaterThan(10);
  expect(pages.flatMap((path) => problemsOfPage(path, readFileSync(join(pageRoot, path), "utf8")))).toEqual(
    [],
  );
});

describe("the search for such imports in the page", () => {
  test.each([
    ["worker/worker.ts", 'import { runScan } from "../../src/jobs/scan-job.ts";', "src/jobs/scan-job.ts"],
    ["worker/worker.ts", 'import { nodeRuntime } from "../../src/runtime/node.ts";', "src/runtime/node.ts"],
    [
      "worker/worker.ts",
      'import { readBenign } from "../../src/data/node/read-benign.ts";',
      "src/data/node/read-benign.ts",
    ],
    ["page/main.ts", 'import { siteHeaders } from "../../src/server/headers.ts";', "src/server/headers.ts"],
    ["page/main.ts", 'import { readFile } from "node:fs/promises";', "node:fs/promises"],
    ["page/main.ts", 'import "../../test/support/models.ts";', "test/support/models.ts"],
  ])("finds what is wrong in %s: %s", (path, source, target) => {
    expect(problemsOfPage(path, source)).toEqual([`${path} imports ${target}`]);
  });

  test("finds calls of the network", () => {
    expect(problemsOfPage("page/main.ts", 'await fetch("x")')).toEqual(["page/main.ts calls the network"]);
    expect(problemsOfPage(loader, 'await fetch("x")')).toEqual([]);
  });

  test.each([
    [
      "worker/runtime.ts",
      'import { webRuntime } from "../../src/runtime/web.ts";\nimport x from "onnxruntime-web/a.wasm?url";',
    ],
    [
      "vite.config.ts",
      'import { join } from "node:path";\nimport { siteHeaders } from "../src/server/headers.ts";',
    ],
    [
      "page/main.ts",
      'import { readResult } from "../../src/report/read-result.ts";\nimport { a } from "../messages.ts";',
    ],
  ])("finds nothing wrong in %s: %s", (path, source) => {
    expect(problemsOfPage(path, source)).toEqual([]);
  });
});

describe("the search for such imports", () => {
  test.each([
    [
      "models/check.ts",
      'import type { Setting } from "../cli/settings.ts";',
      "models/check.ts imports cli/settings.ts",
    ],
    ["onnx/model.ts", 'export * from "../tensor/graph.ts";', "onnx/model.ts imports tensor/graph.ts"],
    ["errors.ts", 'import "./onnx/model.ts";', "errors.ts imports onnx/model.ts"],
    [
      "report/html.ts",
      'const { scan } = await import("../jobs/scan.ts");',
      "report/html.ts imports jobs/scan.ts",
    ],
    ["cli/main.ts", 'import { scan } from "../index.ts";', "cli/main.ts imports index.ts"],
    [
      "models/check.ts",
      'import { readFile } from "node:fs/promises";',
      "models/check.ts imports node:fs/promises",
    ],
    ["random.ts", 'import { randomUUID } from "node:crypto";', "random.ts imports node:crypto"],
    [
      "models/check.ts",
      'import { nodeRuntime } from "../runtime/node.ts";',
      "models/check.ts imports runtime/node.ts",
    ],
    [
      "metrics/l1-error.ts",
      'import { f } from "../data/node/read-benign.ts";',
      "metrics/l1-error.ts imports data/node/read-benign.ts",
    ],
    [
      "jobs/scan-job.ts",
      'import * as ort from "onnxruntime-node";',
      "jobs/scan-job.ts imports onnxruntime-node",
    ],
    [
      "cli/main.ts",
      'import { request } from "node:https";',
      "cli/main.ts imports node:https: a scan never opens a connection",
    ],
    [
      "cli/main.ts",
      'const http = require("http");',
      "cli/main.ts imports http: a scan never opens a connection",
    ],
    ["jobs/job.ts", 'await fetch("https://example.com");', "jobs/job.ts calls the network"],
    [
      "server/site.ts",
      'import { request } from "node:http";',
      "server/site.ts imports node:http: a scan never opens a connection",
    ],
    [
      "report/html.ts",
      'import { Sketch } from "../../web/messages.ts";',
      "report/html.ts imports ../web/messages.ts, which is outside of src",
    ],
  ])("finds what is wrong in %s: %s", (path, source, problem) => {
    expect(problemsOf(path, source)).toEqual([problem]);
  });

  test.each([
    ["cli/main.ts", 'import { scan } from "../jobs/scan.ts";\nimport { cpus } from "node:os";'],
    ["runtime/node-session.ts", 'import * as ort from "onnxruntime-node";'],
    [
      "data/node/read-benign.ts",
      'import { readFile } from "node:fs/promises";\nimport { f } from "../collect.ts";',
    ],
    ["models/check.ts", 'import { Graph } from "../tensor/graph.ts";\nimport { z } from "zod";'],
  ])("finds nothing wrong in %s: %s", (path, source) => {
    expect(problemsOf(path, source)).toEqual([]);
  });
});
