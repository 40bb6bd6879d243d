import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readResult } from "../../src/report/read-result.ts";
import type { ScanResult } from "../../src/report/result.ts";
import {
  newFolder,
  runCli,
  shortContrast,
  shortScan,
  smallModel,
  startCli,
  writeImages,
} from "../support/cli.ts";
import { npzOf } from "../support/npz.ts";
import { all, expectSoundPage } from "../support/pages.ts";

let home: string;
let base: string[];
beforeAll(async () => {
  home = newFolder();
  writeFileSync(join(home, "model.onnx"), smallModel());
  await writeImages(join(home, "images"));
  base = ["scan", "model.onnx", "--benign", "images", ...shortScan];
});

const exitCodes: Record<ScanResult["verdict"], number> = { benign: 0, backdoored: 1, inconclusive: 3 };
const parse = (text: string): ScanResult => readResult(JSON.parse(text));

test("the verdict goes to stdout with its exit code, progress to stderr", async () => {
  const run = await runCli([...base, "--format", "json"], { cwd: home });
  const result = parse(run.stdout);
  expect(run.code).toBe(exitCodes[result.verdict]);
  expect(run.stderr).toContain("reverse engineering");
  expect(result.terms.length).toBeGreaterThan(0);
  expect(result.target.map(({ name }) => name)).toEqual(["yaw", "pitch"]);
  expect(result.margin).toBeCloseTo(result.score / result.threshold, 12);
  expect(result.reconstructionFloor).toBeGreaterThan(0);
  expect(result.preset).toBe("gaze");
});

test("the method of contrast gives a result of the same kind, with what targets cost", async () => {
  const args = ["scan", "model.onnx", "--benign", "images", ...shortContrast, "--cache-dir", "contrast"];
  const run = await runCli([...args, "--format", "table", "--format", "html", "--output", "contrast-out"], {
    cwd: home,
  });
  const result = parse(readFileSync(join(home, "contrast-out", "result.json"), "utf8"));
  expect(run.code).toBe(exitCodes[result.verdict]);
  expect(run.stderr).toContain("mapping costs (patch)");
  expect(result).toMatchObject({ method: "contrast", preset: "standard", reconstructionFloor: null });
  expect(result.contrast!.map(({ family, map }) => [family, map.length])).toEqual([
    ["patch", 5],
    ["warp", 5],
  ]);
  expect(result.options.families).toBe("patch:warp");
  expect(run.stdout).toContain("preset standard");
  const page = expectSoundPage(readFileSync(join(home, "contrast-out", "report.html"), "utf8"));
  expect(all(page, "h2").map(({ id }) => id)).toEqual(expect.arrayContaining(["costs", "outputs", "images"]));
  const { images, outputs } = result.responses!;
  expect([images, outputs.clean.length, outputs.reversed.length]).toEqual(
    [1, 1, 1].map(() => result.benign.count),
  );
  // The evidence is of the first images, in more digits.
  outputs.reversed[0]!.forEach((value, j) => {
    expect(value / result.evidence[0]!.reversedOutput[j]!).toBeCloseTo(1, 3);
  });
  expect(result.stages![0]!.name).toBe("mapping costs (patch)");
  // A scan that came to its end leaves nothing behind.
  expect(readdirSync(join(home, "contrast")).filter((name) => name.startsWith("scan-"))).toEqual([]);
});

test("the options of both methods are listed with their values", async () => {
  const { stdout, code } = await runCli(["list"], { cwd: home });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^lambda1 +20 +10 +0.54 +500000 +number$/m);
  expect(stdout).toMatch(
    /^families +warp:patch:wave +warp:patch:wave +some of patch : warp : additive : wave$/m,
  );
  expect(stdout).toMatch(/^mapSteps +240 +160 +number$/m);
});

test("options of the other method are refused", async () => {
  const run = await runCli(["scan", "model.onnx", "--benign", "images", "--set", "lambda1=3"], {
    cwd: home,
  });
  expect(run.code).toBe(4);
  expect(run.stderr).toContain('found option "lambda1"');
});

test("--quiet leaves stderr empty, and the same seed gives the same numbers", async () => {
  await writeImages(join(home, "unlabelled"), { labels: false });
  const quiet = ["scan", "model.onnx", "--benign", "unlabelled", ...shortScan, "--format", "json", "--quiet"];
  const [first, second, other] = await Promise.all(
    ["1", "1", "2"].map((seed, i) =>
      runCli([...quiet, "--seed", seed, "--cache-dir", `own-cache-${i}`], { cwd: home }),
    ),
  );
  const numbers = (run: typeof first): unknown => {
    const { score, terms, target } = parse(run!.stdout);
    return { score, terms, target };
  };
  expect(first!.stderr).toBe("");
  expect(numbers(second)).toEqual(numbers(first));
  expect(numbers(other)).not.toEqual(numbers(first));
});

test("a folder takes the result and the reports, and the table still goes to stdout", async () => {
  const run = await runCli([...base, "--format", "table", "--format", "html", "--output", "out"], {
    cwd: home,
  });
  expect(readdirSync(join(home, "out")).sort()).toEqual(["report.html", "result.json"]);
  const result = parse(readFileSync(join(home, "out", "result.json"), "utf8"));
  expect(run.stdout).toContain(result.verdict);
  expect(run.stdout).toContain("not checked");
  const html = readFileSync(join(home, "out", "report.html"), "utf8");
  expect(html).toContain(result.model.sha256);
  const page = expectSoundPage(html);
  // Each image of the evidence with the reversed trigger, the residual and the attention map.
  expect(all(page, 'section[aria-labelledby="images"] img')).toHaveLength(4 * result.evidence.length);
  expect(all(page, 'section[aria-labelledby="estimate"] svg')).toHaveLength(2);
  expect(all(page, ".marks-clean circle")).toHaveLength(2 * result.benign.count);
  expect(result.evidence[0]!.reversed).toMatch(/^data:image\/png;base64,/);

  const again = await runCli(["report", "out/result.json", "--output", "again.html"], { cwd: home });
  expect(again.code).toBe(0);
  expect(readFileSync(join(home, "again.html"), "utf8")).toBe(html);
});

test("an npz file gives the same as the images in it", async () => {
  // Labels are left out on both sides, since only their names differ.
  await writeImages(join(home, "plain"), { labels: false });
  writeFileSync(join(home, "images.npz"), await npzOf(join(home, "plain")));
  const [folder, npz] = await Promise.all(
    ["plain", "images.npz"].map((path, i) =>
      runCli(
        ["scan", "model.onnx", "--benign", path, ...shortScan, "--format", "json", "--cache-dir", `npz-${i}`],
        { cwd: home },
      ),
    ),
  );
  expect(parse(npz!.stdout).benign.sha256).toBe(parse(folder!.stdout).benign.sha256);
  expect(parse(npz!.stdout).score).toBe(parse(folder!.stdout).score);
});

test("fewer than 50 images, and labels that the model does not reach, are warnings", async () => {
  await writeImages(join(home, "few"), { count: 20 });
  const args = ["scan", "model.onnx", "--benign", "few", ...shortScan, "--format", "json", "--quiet"];
  const run = await runCli(args, { cwd: home });
  expect(run.stderr).toContain("warning: found 20 images");
  expect(run.stderr).toContain("no better than always answering with the mean label");
  expect(parse(run.stdout).warnings).toHaveLength(2);
});

test("an interrupt saves, and --resume ends as if nothing had been", { timeout: 120_000 }, async () => {
  const long = [
    "--set",
    "mapSteps=300,steps=20,growingSteps=5,climbSteps=5,families=patch",
    "--threads",
    "1",
  ];
  const args = ["scan", "model.onnx", "--benign", "images", ...long, "--format", "json"];
  const whole = await runCli([...args, "--cache-dir", "whole"], { cwd: home });
  const { child, output, end } = startCli([...args, "--cache-dir", "parts"], { cwd: home });
  await expect.poll(() => output.stderr, { timeout: 30_000, interval: 5 }).toContain("mapping costs (patch)");
  child.kill("SIGINT");
  const interrupted = await end;
  expect(interrupted.code).toBe(130);
  expect(interrupted.stdout).toBe("");
  expect(interrupted.stderr).toContain("--resume");
  const other = await runCli([...args, "--cache-dir", "parts", "--resume", "--seed", "5"], { cwd: home });
  expect(other.code).toBe(4);
  expect(other.stderr).toContain("seed 0 instead of 5");
  const resumed = await runCli([...args, "--cache-dir", "parts", "--resume"], { cwd: home });
  expect(resumed.stderr).toContain("mapping costs (patch) resumed at step");
  const numbers = ({ score, target, terms }: ScanResult): unknown => ({ score, target, terms });
  expect(numbers(parse(resumed.stdout))).toEqual(numbers(parse(whole.stdout)));
  // Only what other scans can use is left.
  expect(readdirSync(join(home, "parts")).filter((name) => name.startsWith("scan-"))).toEqual([]);
});

test("a time budget ends the search early and says so", async () => {
  const args = ["scan", "model.onnx", "--benign", "images", "--set", "mapSteps=100000"];
  const run = await runCli(
    [...args, "--time-budget", "1s", "--format", "json", "--quiet", "--cache-dir", "b"],
    { cwd: home },
  );
  const result = parse(run.stdout);
  expect(run.code).toBe(3);
  expect(result.verdict).toBe("inconclusive");
  expect(result.reasons.join()).toContain("time budget");
});

test("limits of time and memory kill the job", async () => {
  const endless = ["--set", "mapSteps=1000000", "--quiet", "--cache-dir", "k"];
  const args = ["scan", "model.onnx", "--benign", "images", ...endless, "--output", "killed"];
  const [slow, large] = await Promise.all([
    runCli([...args, "--time-limit", "2s"], { cwd: home }),
    runCli([...args, "--memory-limit", "60MB"], { cwd: home }),
  ]);
  expect(slow).toMatchObject({ code: 2, stdout: "" });
  expect(slow.stderr).toContain("E_TIME");
  expect(large).toMatchObject({ code: 4, stdout: "" });
  expect(large.stderr).toContain("E_MEMORY");
  expect(existsSync(join(home, "killed", "result.json"))).toBe(false);
});

test.skipIf(process.platform !== "linux")("a job ends with its parent, however that ends", async () => {
  const { child, output } = startCli([...base.slice(0, 4), "--set", "mapSteps=1000000", "--cache-dir", "p"], {
    cwd: home,
  });
  await expect.poll(() => output.stderr, { timeout: 30_000 }).toContain("trying a few targets (warp)");
  const children = (): string[] => {
    // Each process's parent stands in /proc/PID/stat after its name.
    return readdirSync("/proc").filter((pid) => {
      if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/cmdline`)) return false;
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("jobs/child.js") && pids.has(Number(pid))
        );
      } catch {
        return false;
      }
    });
  };
  const pids = new Set(childrenOf(child.pid!));
  expect(pids.size).toBeGreaterThan(0);
  child.kill("SIGKILL");
  await expect.poll(children, { timeout: 30_000 }).toEqual([]);
});

function childrenOf(pid: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1];
      return Number(parent) === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
