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
  "cli",
  "public API",
];
const ground = ["errors.ts", "random.ts"];
const publicApi = ["index.ts", "node.ts"];
/** Rooms that run in Node and in browsers, and what in them does not. */
const core = order.slice(order.indexOf("onnx"), order.indexOf("jobs"));
const runtimes = ["runtime/node.ts", "runtime/web.ts"];
const needsNode = (path: string): boolean => path === "runtime/node.ts" || path.startsWith("data/node/");
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
  const problems = importsOf(source).flatMap((name) => {
    if (networkModules.test(name)) return [`${path} imports ${name}: a scan never opens a connection`];
    if (!name.startsWith(".")) {
      const isNode = name.startsWith("node:") && core.concat("ground").includes(room) && !needsNode(path);
      const isRuntime = name.startsWith("onnxruntime") && !runtimes.includes(path);
      return isNode || isRuntime ? [`${path} imports ${name}`] : [];
    }
    const target = normalize(join(path, "..", name)).replaceAll("\\", "/");
    const isAbove = order.indexOf(roomOf(target)) > order.indexOf(room);
    const isNode = needsNode(target) && core.includes(room) && !needsNode(path);
    return isAbove || isNode ? [`${path} imports ${target}`] : [];
  });
  return networkCalls.test(source) ? [...problems, `${path} calls the network`] : problems;
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.replaceAll("\\", "/"));

test("every file stands in a room of the order", () => {
  expect(files.length).toBeGreaterThan(100);
  expect(new Set(files.map(roomOf))).toEqual(new Set(order));
  expect(files.filter((path) => !path.includes("/")).sort()).toEqual([...ground, ...publicApi].sort());
});

test("a room imports no room that stands on it, core rooms no Node, and nothing the network", () => {
  const problems = files.flatMap((path) => problemsOf(path, readFileSync(join(root, path), "utf8")));
  expect(problems).toEqual([]);
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
  ])("finds what is wrong in %s: %s", (path, source, problem) => {
    expect(problemsOf(path, source)).toEqual([problem]);
  });

  test.each([
    ["cli/main.ts", 'import { scan } from "../jobs/scan.ts";\nimport { cpus } from "node:os";'],
    ["runtime/node.ts", 'import * as ort from "onnxruntime-node";'],
    [
      "data/node/read-benign.ts",
      'import { readFile } from "node:fs/promises";\nimport { f } from "../collect.ts";',
    ],
    ["models/check.ts", 'import { Graph } from "../tensor/graph.ts";\nimport { z } from "zod";'],
  ])("finds nothing wrong in %s: %s", (path, source) => {
    expect(problemsOf(path, source)).toEqual([]);
  });
});
