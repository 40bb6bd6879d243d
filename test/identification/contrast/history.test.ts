/** What a contrast tells of its way: stages, the estimate of the target, and responses. */
import { expect, test } from "vitest";
import { identifyByContrast } from "../../../src/identification/contrast/identify.ts";
import { type ContrastOptions, contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { columnMeans, meanVarianceRatio } from "../../../src/metrics/statistics.ts";
import { setupOf, someImages } from "../../support/identification.ts";

const options: ContrastOptions = {
  ...contrastDefaults,
  starts: 0,
  families: ["patch"],
  // The average of four images is as far from the mean as they are.
  homePart: 2,
  mapTargets: 4,
  mapSteps: 6,
  tightMapSteps: 5,
  steps: 6,
  growingSteps: 4,
  climbSteps: 4,
  controls: 2,
  restarts: 2,
  batch: 4,
  // So that every trigger counts, and all stages are gone through.
  tolerance: 50,
  tightTolerance: 50,
  dip: 1000,
  shallow: 1000,
  leastDistance: 0.001,
};
const benign = someImages(12);
const isEstimate = (name: string): boolean => name.startsWith("target ");
/** The stages after the maps, which are about the cheapest. */
const isOfCandidate = (name: string): boolean =>
  /^(letting triggers grow|weighing candidates|contrasting)/.test(name);
/** The steps of these, counted over all stages. */
const candidateSteps = (stages: readonly { readonly name: string; readonly steps: number }[]): number[] => {
  const starts = stages.map((_, i) => stages.slice(0, i).reduce((sum, { steps }) => sum + steps, 0));
  return stages.flatMap(({ name, steps }, i) =>
    isOfCandidate(name) ? Array.from({ length: steps }, (_, k) => starts[i]! + k) : [],
  );
};

test("the steps of all stages follow one another, and the estimate is of the cheapest target of a map", async () => {
  const { terms, stages, target } = await identifyByContrast(setupOf({ benign }), options);
  expect(stages!.slice(0, 2)).toEqual([
    { name: "mapping costs (patch)", steps: 6 },
    { name: "mapping costs (patch, closer)", steps: 5 },
  ]);
  const total = stages!.reduce((sum, { steps }) => sum + steps, 0);
  const steps = terms.map(({ step }) => step);
  expect(steps).toEqual(Array.from({ length: total }, (_, i) => i));
  const growing = terms.filter(({ values }) => Object.keys(values).some(isEstimate));
  expect(growing.map(({ step }) => step)).toEqual(candidateSteps(stages!));
  expect(growing[0]!.step).toBe(6 + 5);
  for (const { values } of growing) {
    expect(Object.keys(values).filter(isEstimate)).toEqual(target.map((_, j) => `target ${j}`));
  }
});

test("rounds of one trigger each follow one another, and that of the candidate has the estimate", async () => {
  const setup = setupOf({ benign, memoryLimit: 1 });
  const { terms, stages } = await identifyByContrast(setup, options);
  // The mean and four targets of the map, in as many rounds.
  expect(stages![0]).toEqual({ name: "mapping costs (patch)", steps: 6 * 5 });
  expect(stages![1]).toEqual({ name: "mapping costs (patch, closer)", steps: 5 * 5 });
  expect(terms.slice(0, 56).map(({ step }) => step)).toEqual(Array.from({ length: 56 }, (_, i) => i));
  const estimated = terms.filter(({ values }) => Object.keys(values).some(isEstimate));
  expect(estimated[0]!.step).toBe(55);
  const ofCandidate = new Set(candidateSteps(stages!));
  expect(estimated.every(({ step }) => ofCandidate.has(step))).toBe(true);
  expect(estimated.length).toBeLessThan(ofCandidate.size);
});

test("responses are of the trigger that the evidence shows", async () => {
  const setup = setupOf({ benign });
  const found = await identifyByContrast(setup, options);
  const { clean, reversed, dimension, angleCount } = found.responses!;
  expect([clean, reversed].map(({ outputs }) => outputs.length)).toEqual([24, 24]);
  expect([clean, reversed].map(({ angles }) => angles.length)).toEqual([12 * angleCount, 12 * angleCount]);
  found.evidence.forEach((image, i) => {
    const row = (values: Float32Array): number[] => [...values.subarray(2 * i, 2 * i + 2)];
    expect(row(clean.outputs)).toEqual(image.cleanOutput);
    expect(row(reversed.outputs)).toEqual(image.reversedOutput);
  });
  expect(columnMeans(reversed.outputs, dimension)).toEqual(found.target);
  expect(meanVarianceRatio(reversed.angles, clean.angles, angleCount)).toBe(found.collapse.coneRatio);
});
