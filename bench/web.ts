/**
 * A scan of an example, or of a file, in a real browser, with the default budget: its time, the longest task of the page's main thread, its memory.
 *
 * npx tsx bench/web.ts [--model benign | --file MODEL.onnx --images FOLDER] [--threads 2] [--options steps=300] [--chromium /usr/bin/chromium] [--out FILE.json]
 *
 * The page must be built (npm run build). Linux only: memory is read from /proc. Prints Markdown.
 */
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { readResult } from "../src/report/read-result.ts";
import { serveSite } from "../src/server/site.ts";
import { describeMachine } from "./machine.ts";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: "benign" },
    file: { type: "string" },
    images: { type: "string" },
    threads: { type: "string", default: "" },
    options: { type: "string", default: "" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    out: { type: "string" },
  },
});

/** Milliseconds between two looks at the memory and the load. */
const interval = 2000;
/** Clock ticks of a second in /proc. */
const ticks = 100;

interface RendererUse {
  /** Resident bytes of the largest renderer. */
  readonly memory: number;
  /** Seconds of processor time of all renderers. */
  readonly cpu: number;
}

/** What the processes that show pages use. */
function rendererUse(): RendererUse {
  let [memory, cpu] = [0, 0];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer")) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      cpu += (Number(fields[11]) + Number(fields[12])) / ticks;
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      memory = Math.max(memory, 1024 * Number(resident ?? 0));
    } catch {
      // It may have ended in between.
    }
  }
  return { memory, cpu };
}

const folder = fileURLToPath(new URL("../dist/web", import.meta.url));
const site = await serveSite({ folder, host: "127.0.0.1", port: 0 });
const browser = await chromium.launch({
  executablePath: flags.chromium,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage();
await page.addInitScript(`
  window.tasks = [];
  new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask", buffered: true });
`);
const query = new URLSearchParams({ options: flags.options, threads: flags.threads, provider: "wasm" });
await page.goto(`${site.url}?${query}`);
const machine = describeMachine();
const loads: number[] = [];
let memory = 0;
const timer = setInterval(() => {
  loads.push(loadavg()[0]!);
  memory = Math.max(memory, rendererUse().memory);
}, interval);

/** Drops a folder of the disk on the page, as a user does. */
async function dropFolder(path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [resolve(path)], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
  }
  await page.locator("#chosen").getByText("Clean images").waitFor();
}

if (flags.file === undefined) await page.click(`[data-example=${flags.model}]`);
else {
  if (flags.images === undefined) throw new Error("found --file alone, expected --images too");
  await dropFolder(flags.images);
  await page.setInputFiles("#files", flags.file);
}
await page.getByText("It can be scanned").waitFor({ timeout: 300_000 });
const before = rendererUse();
const start = performance.now();
await page.click("#start");
await page.locator("#verdict .verdict").waitFor({ timeout: 0 });
const seconds = (performance.now() - start) / 1000;
const cpu = rendererUse().cpu - before.cpu;
// The report is drawn after the verdict.
await page.waitForTimeout(interval);
clearInterval(timer);
const tasks = await page.evaluate<number[]>("window.tasks");
const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-result")]);
const result = readResult(JSON.parse(readFileSync(await download.path(), "utf8")));
await browser.close();
await site.close();

const measured = {
  machine,
  model: flags.file ?? flags.model,
  browser: result.environment.node,
  runtime: result.environment.runtime,
  provider: result.environment.provider,
  threads: result.environment.threads,
  verdict: result.verdict,
  score: result.score,
  seconds,
  /** Of the browser's own processes: on a machine that others use as well this says more than the time. */
  processorSeconds: cpu,
  longTasks: tasks.length,
  longestTaskMs: Math.max(0, ...tasks),
  memoryMb: memory / 1e6,
  load: { before: machine.load, mean: loads.reduce((a, b) => a + b, 0) / loads.length, last: loads.at(-1) },
};
const rows: [string, string][] = [
  ["model", `${measured.model}: ${measured.verdict}, score ${measured.score.toPrecision(3)}`],
  [
    "run by",
    `${measured.browser.replace("none: ", "")}, ${measured.runtime}, ${measured.provider}, ${measured.threads} threads`,
  ],
  ["time", `${seconds.toFixed(0)} s; ${cpu.toFixed(0)} s of processor time`],
  ["longest task of the main thread", `${measured.longestTaskMs.toFixed(0)} ms (${tasks.length} over 50 ms)`],
  ["memory of the page's process", `${measured.memoryMb.toFixed(0)} MB at most`],
  ["machine", `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB`],
  ["load", `${machine.load.toFixed(1)} before, ${measured.load.mean.toFixed(1)} on average`],
];
console.log(
  ["| what | measured |", "| --- | --- |", ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join(
    "\n",
  ),
);
if (flags.out !== undefined) await writeFile(flags.out, `${JSON.stringify(measured, null, 2)}\n`);
