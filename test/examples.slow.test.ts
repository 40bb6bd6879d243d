/** The examples for continuous integration: their commands are run as they stand, so that they cannot fall behind the command line. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { newFolder, smallModel, writeImages } from "./support/cli.ts";
import { githubProblems, type ReadLog, schemaProblems } from "./support/sarif.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const example = <T>(path: string): T => parse(readFileSync(join(root, "examples", path), "utf8")) as T;

interface Workflow {
  readonly on: { readonly pull_request: { readonly paths: readonly string[] } };
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: { readonly scan: { readonly steps: readonly Step[] } };
}
interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
}
interface HookConfig {
  readonly repos: readonly {
    readonly repo: string;
    readonly hooks: readonly Readonly<Record<string, string>>[];
  }[];
}

const { on, permissions, jobs } = example<Workflow>("github-action/drmguard.yml");
const { steps } = jobs.scan;
const step = (name: string): Step => steps.find((each) => each.name === name)!;
const [{ hooks } = { hooks: [] }] = example<HookConfig>("pre-commit/.pre-commit-config.yaml").repos;
const [hook] = hooks;

/** Options of the paper's method under which a scan is short and epsilon alone decides. */
const settings = (epsilon: number): Record<string, string> => ({
  DRMGUARD_METHOD: "paper",
  DRMGUARD_SET: `rule=paper,epsilon=${epsilon},steps=2,pretrainingSteps=2,generatorChannels=2,batch=4`,
  DRMGUARD_THREADS: "1",
});
const benign = settings(1e-9);
const backdoored = settings(1e9);

let repository: string;
let environment: Record<string, string>;

/** Runs a script as the runners of workflows do with `shell: bash`. */
function bash(script: string, more: Record<string, string>): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    "bash",
    ["--noprofile", "--norc", "-eo", "pipefail", "-c", script],
    {
      cwd: repository,
      env: { ...environment, ...more },
      encoding: "utf8",
    },
  );
  return { code: status, output: stdout + stderr };
}
const git = (...args: string[]): string =>
  execFileSync("git", args, { cwd: repository, env: environment, encoding: "utf8" });

beforeAll(async () => {
  const home = newFolder();
  repository = join(home, "repository");
  const bin = join(home, "bin");
  for (const folder of [bin, repository]) mkdirSync(folder);
  const main = join(root, "dist", "cli", "main.js");
  if (!existsSync(main)) throw new Error("dist/ is not built: run npm run build, or npm test");
  writeFileSync(join(bin, "drmguard"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, {
    mode: 0o755,
  });
  environment = {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    HOME: home,
    XDG_CACHE_HOME: join(home, "cache"),
    GITHUB_STEP_SUMMARY: join(home, "summary.md"),
    NO_COLOR: "1",
    ...Object.fromEntries(
      ["AUTHOR", "COMMITTER"].flatMap((who) => [
        [`GIT_${who}_NAME`, "test"],
        [`GIT_${who}_EMAIL`, "test@example.com"],
      ]),
    ),
  };
  // A pull request is checked out as the merge of a branch into its target.
  git("init", "--quiet", "--initial-branch=main");
  await writeImages(join(repository, "images"), { count: 8 });
  const write = (name: string, bytes: Uint8Array | string): void =>
    writeFileSync(join(repository, name), bytes);
  write("old.onnx", smallModel());
  write("gone.onnx", smallModel());
  const commit = (message: string): void => {
    git("add", "--all");
    git("commit", "--quiet", `--message=${message}`);
  };
  commit("the target branch");
  git("checkout", "--quiet", "-b", "change");
  mkdirSync(join(repository, "models"));
  write("models/with a space.onnx", smallModel());
  write("new.onnx", smallModel());
  rmSync(join(repository, "gone.onnx"));
  commit("the change");
  git("checkout", "--quiet", "main");
  write("other.txt", "so that the merge is one");
  commit("more on the target branch");
  git("merge", "--quiet", "--no-edit", "change");
});

describe.skipIf(process.platform === "win32")("the workflow", () => {
  const scan = (more: Record<string, string>): ReturnType<typeof bash> => bash(step("Scan").run!, more);
  const reportFolder = String(step("Show the findings in code scanning").with!.sarif_file);
  const logOf = (model: string): ReadLog =>
    JSON.parse(readFileSync(join(repository, reportFolder, model, "result.sarif"), "utf8")) as ReadLog;

  test("scans the models of a pull request and no others, and leaves SARIF that can be uploaded", () => {
    const { code, output } = scan(benign);
    expect(code, output).toBe(0);
    expect(existsSync(join(repository, reportFolder, "old.onnx"))).toBe(false);
    expect(existsSync(join(repository, reportFolder, "gone.onnx"))).toBe(false);
    const logs = ["new.onnx", "models/with a space.onnx"].map(logOf);
    for (const log of logs) {
      expect([schemaProblems(log), githubProblems(log)]).toEqual([[], []]);
      // Eight images are few; nothing else is to be said of a benign model.
      expect(log.runs[0]!.results.every(({ level }) => level === "note")).toBe(true);
    }
    // GitHub refuses files of one tool in one upload that are of the same category.
    const ids = logs.map(({ runs }) => runs[0]!.automationDetails.id);
    expect(ids).toEqual(["drmguard/new.onnx/", "drmguard/models/with%20a%20space.onnx/"]);
    const summary = readFileSync(environment.GITHUB_STEP_SUMMARY!, "utf8");
    for (const name of ["`new.onnx`", "`models/with a space.onnx`"]) expect(summary).toContain(name);
    expect(existsSync(join(repository, reportFolder, "new.onnx", "report.html"))).toBe(true);
  });

  test("fails by the exit code of a backdoor, and the finding is an error", () => {
    const { code, output } = scan(backdoored);
    expect(code, output).toBe(1);
    const [run] = logOf("new.onnx").runs;
    expect(run!.results.map(({ ruleId, level }) => [ruleId, level])).toContainEqual([
      "backdoored/generator",
      "error",
    ]);
    expect(run!.invocations).toMatchObject([{ exitCode: 1 }]);
  });

  test("scans all models though one cannot be scanned, and fails", () => {
    writeFileSync(join(repository, "broken.onnx"), "no model");
    git("add", "broken.onnx");
    // The same merge with one file more.
    git("commit", "--quiet", "--amend", "--no-edit");
    rmSync(join(repository, reportFolder), { recursive: true });
    const { code, output } = scan(benign);
    expect(code, output).toBe(4);
    for (const model of ["new.onnx", "models/with a space.onnx"]) {
      expect(schemaProblems(logOf(model))).toEqual([]);
    }
    expect(output).toContain("not an ONNX model");
  });

  test("uploads what it wrote, also after a failure, and may do so", () => {
    const upload = step("Show the findings in code scanning");
    expect(upload.uses).toMatch(/^github\/codeql-action\/upload-sarif@v\d+$/);
    expect(upload.if).toContain("!cancelled()");
    expect(step("Scan").run).toContain(`--output "${reportFolder}/$model"`);
    expect(permissions).toEqual({ contents: "read", "security-events": "write" });
    expect(on.pull_request.paths).toEqual(["**.onnx"]);
    // HEAD^1 is there from two commits on.
    expect(steps.find(({ uses }) => uses?.startsWith("actions/checkout@"))!.with!["fetch-depth"]).toBe(2);
  });

  test("installs this package in this version, with a Node.js that it runs on", () => {
    const { name, version, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      name: string;
      version: string;
      engines: { node: string };
    };
    expect(step("Install").run).toBe(`npm install --global ${name}@${version}`);
    const node = steps.find(({ uses }) => uses?.startsWith("actions/setup-node@"))!.with!["node-version"];
    expect(engines.node).toMatch(new RegExp(`^>=${node}\\.`));
  });
});

describe.skipIf(process.platform === "win32")("the hook", () => {
  /** As pre-commit runs it: the words of the entry, then the files that match. */
  const run = (files: readonly string[], more: Record<string, string>): ReturnType<typeof bash> =>
    bash(`${hook!.entry} ${files.map((file) => `'${file}'`).join(" ")}`, more);

  test("is asked for models alone", () => {
    const pattern = new RegExp(hook!.files!);
    expect(["a.onnx", "models/b.onnx", "a.onnx.txt", "onnx"].filter((file) => pattern.test(file))).toEqual([
      "a.onnx",
      "models/b.onnx",
    ]);
    expect(hook).toMatchObject({ language: "system", require_serial: true });
  });

  test("lets benign models pass", () => {
    const { code, output } = run(["new.onnx", "models/with a space.onnx"], benign);
    expect(code, output).toBe(0);
    expect(output).toContain("models/with a space.onnx  benign");
  });

  test("stops a commit with a backdoored model, and one that cannot be scanned, and scans the others too", () => {
    expect(run(["new.onnx"], backdoored)).toMatchObject({ code: 1 });
    writeFileSync(join(repository, "broken.onnx"), "no model");
    const { code, output } = run(["broken.onnx", "new.onnx"], benign);
    expect(code).toBe(1);
    expect(output).toContain("new.onnx  benign");
  });
});
