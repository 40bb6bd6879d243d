import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { short } from "../../src/experiments/experiment.ts";
import { figure2 } from "../../src/experiments/figure2.ts";
import type * as Gather from "../../src/experiments/gather.ts";
import type { TrainedModel } from "../../src/experiments/model-item.ts";
import type { ModelSpec } from "../../src/experiments/models.ts";
import type { Profile } from "../../src/experiments/profile.ts";
import { table1 } from "../../src/experiments/table1.ts";
import { table10 } from "../../src/experiments/table10.ts";
import type { ItemEvent } from "../../src/experiments/work.ts";
import { trainingRecipes, withSteps } from "../../src/training/options.ts";
import { built } from "../support/built.ts";
import { errorOf } from "../support/errors.ts";
import { trainingImages } from "../support/training.ts";

const { gather } = await built<typeof Gather>("experiments/gather");

const ofTask = {
  network: { architecture: "resnet18", width: 2 / 64, stem: "auto" },
  recipe: { ...withSteps(trainingRecipes.desk, 4), batch: 16 },
  implanting: null,
  size: null,
  mirror: null,
  heads: null,
} as const;
const profile: Profile = {
  tasks: { gaze: ofTask, "head-pose": ofTask, classification: ofTask },
  attackOptions: {},
  scans: {},
  repairs: {},
};
const specs: readonly ModelSpec[] = (["clean-label", "badnets"] as const).map((condition) => ({
  task: "gaze",
  condition,
  seed: 1,
}));

let images: string;
let folder: string;
let events: ItemEvent[];
/** All but the folder. */
let options: Omit<Gather.GatherOptions, "folder">;
beforeAll(async () => {
  images = await trainingImages(mkdtempSync(join(tmpdir(), "drmguard-images-")));
  options = {
    profile,
    data: { gaze: images },
    jobs: 2,
    threads: 1,
    isOnlyFinished: false,
    cache: join(images, ".cache"),
    scanOptions: {},
    memoryLimit: 4e9,
    onEvent: (event) => events.push(event),
    signal: new AbortController().signal,
  };
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drmguard-experiment-"));
  events = [];
});

const run = (changes: Partial<Gather.GatherOptions> = {}, wanted = specs): Promise<Gather.Findings> =>
  gather({ models: wanted }, { ...options, folder, ...changes });

const isPhase = (event: ItemEvent, phase: string): boolean =>
  event.kind === "work" && event.event.kind === "phase" && event.event.phase === phase;
/** The starts and ends among the events: `+` and `-` with the model's condition. */
const milestones = (): string[] =>
  events.flatMap((event) =>
    event.kind === "started" || event.kind === "finished"
      ? `${event.kind === "started" ? "+" : "-"}${event.item.slice(5, -2)}`
      : [],
  );

test("models are trained side by side, those that others need first; the second time nothing is trained", async () => {
  const findings = await run();
  const { models } = findings;
  expect(models.map(({ spec }) => spec)).toEqual(specs);
  expect(readdirSync(join(folder, "models"))).toHaveLength(3);
  const order = milestones();
  expect(order.slice(0, 2).sort()).toEqual(["+badnets", "+benign"]);
  expect(order.indexOf("+clean-label")).toBeGreaterThan(order.indexOf("-benign"));
  expect(order).toHaveLength(6);
  expect(events.filter((event) => event.kind !== "work").at(-1)).toMatchObject({
    counts: { model: { done: 3, all: 3 } },
  });
  const [cleanLabel, badnets] = models as [TrainedModel, TrainedModel];
  const { surrogate } = cleanLabel.report.configuration as { surrogate: string };
  expect(surrogate).toContain("gaze-benign-1");
  expect(existsSync(surrogate)).toBe(true);
  for (const { folder: own, report } of models) {
    expect(JSON.parse(readFileSync(join(own, "run.json"), "utf8"))).toEqual(report);
  }

  events = [];
  const again = await run();
  expect(again).toEqual(findings);
  expect(events.some((event) => isPhase(event, "training the network"))).toBe(false);

  // What tables say of them is what stands in their run.json.
  const [backdoor] = badnets.report.backdoors;
  const { markdown } = await table1.evaluate(findings);
  expect(markdown).toContain(
    `| gaze | BadNets | ${short(backdoor!.angleVarianceRatio)} | ${short(backdoor!.normVarianceRatio)} | 0.0433 | 1.4499 |`,
  );
  const errors = (await table10.evaluate(findings)).markdown;
  expect(errors).toContain(
    `| gaze | BadNets | ${short(backdoor!.attackError)} | ${short(badnets.report.regressionError)} |`,
  );
  const { pictures } = await figure2.evaluate(findings);
  // Eight test images, clean and with the trigger, of two models.
  expect([...pictures["figure2.svg"]!.matchAll(/<circle/g)]).toHaveLength(32);
});

test("a scan sees the part of the kept images that it is to see, and is kept under another name for each part", async () => {
  const scans = { paper: { generatorChannels: 2, pretrainingSteps: 2, steps: 2, batch: 4 } };
  const scan = (share: number) => ({
    model: { task: "gaze", condition: "benign", seed: 1 } as const,
    method: "paper" as const,
    options: {},
    share,
  });
  const { scans: found } = await gather(
    { scans: [scan(1), scan(0.5)] },
    { ...options, profile: { ...profile, scans }, folder },
  );
  expect(found.map(({ result }) => result.benign.count)).toEqual([8, 4]);
  expect(found.map(({ result }) => result.options.generatorChannels)).toEqual([2, 2]);
  expect(found[0]!.path).not.toBe(found[1]!.path);
  // Another option of the profile is another scan of the same model, which is not there yet.
  const other = { paper: { ...scans.paper, steps: 3 } };
  const { scans: left, unfinished } = await gather(
    { scans: [scan(1)] },
    { ...options, profile: { ...profile, scans: other }, folder, isOnlyFinished: true },
  );
  expect([left.length, unfinished.scans]).toEqual([0, 1]);
});

test("another recipe is another model", async () => {
  const badnets = specs.slice(1);
  const first = (await run({}, badnets)).models[0];
  const longer = { ...ofTask, recipe: withSteps(ofTask.recipe, 5) };
  const {
    models: [second],
  } = await run({ profile: { ...profile, tasks: { ...profile.tasks, gaze: longer } } }, badnets);
  expect(second!.folder).not.toBe(first!.folder);
  expect(second!.report.steps).toBe(5);
});

test("a backdoor is put into the benign model where the profile says so", async () => {
  const badnets = specs.slice(1);
  const implanting = withSteps(ofTask.recipe, 3);
  const {
    models: [model],
  } = await run(
    { profile: { ...profile, tasks: { ...profile.tasks, gaze: { ...ofTask, implanting } } } },
    badnets,
  );
  expect(milestones()).toEqual(["+benign", "-benign", "+badnets", "-badnets"]);
  expect(model!.report.steps).toBe(3);
  const { initial, surrogate } = model!.report.configuration as Record<string, string>;
  expect(readdirSync(initial!)).toContain("weights.state");
  expect(initial).toContain("gaze-benign-1");
  expect(surrogate).toBeNull();
  // It is another model than the one that is trained from nothing.
  const {
    models: [fromNothing],
  } = await run({}, badnets);
  expect(fromNothing!.folder).not.toBe(model!.folder);
});

test("an interrupt saves every model that is under way, and the same call goes on", async () => {
  const recipe = withSteps(ofTask.recipe, 300);
  const long = { profile: { ...profile, tasks: { ...profile.tasks, gaze: { ...ofTask, recipe } } } };
  const controller = new AbortController();
  const onEvent = (event: ItemEvent): void => {
    if (isPhase(event, "training the network")) controller.abort();
  };
  const one = specs.slice(1);
  const error = await errorOf(() => run({ ...long, signal: controller.signal, onEvent }, one));
  expect(error).toMatchObject({
    code: "E_INTERRUPTED",
    message: expect.stringContaining("the state is saved"),
  });
  const [name] = readdirSync(join(folder, "models")) as [string];
  expect(readdirSync(join(folder, "models", name)).sort()).toEqual(["checkpoints", "configuration.json"]);
  // Again, to see where it goes on: the whole of it would take a while.
  const second = new AbortController();
  const stop = (event: ItemEvent): void => {
    events.push(event);
    if (event.kind === "work" && event.event.kind === "note") second.abort();
  };
  expect((await errorOf(() => run({ ...long, signal: second.signal, onEvent: stop }, one))).code).toBe(
    "E_INTERRUPTED",
  );
  expect(events).toContainEqual(
    expect.objectContaining({
      event: {
        kind: "note",
        message: expect.stringMatching(/^training the network resumed at step \d+ of 300$/),
      },
    }),
  );
});

test("what stops one model is said, and the others are let go", async () => {
  const bad: ModelSpec = { task: "gaze", condition: "input-aware", seed: 1 };
  const error = await errorOf(() =>
    run({ profile: { ...profile, attackOptions: { "input-aware": { baseChannels: 0 } } } }, [...specs, bad]),
  );
  expect(error).toMatchObject({ code: "E_USAGE", message: expect.stringContaining("found 0 base channels") });
});

test("a task without data is refused before anything is trained", async () => {
  const other: ModelSpec = { task: "head-pose", condition: "benign", seed: 1 };
  expect(await errorOf(() => run({}, [...specs, other]))).toMatchObject({
    code: "E_USAGE",
    message: "found no data set for head-pose, expected --head-pose PATH",
  });
  expect(events).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});
