import { expect, test } from "vitest";
import { identifyByContrast } from "../../../src/identification/contrast/identify.ts";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { contrastPlan } from "../../../src/identification/contrast/plan.ts";
import { cornerBackdoor } from "../../support/backdoored.ts";
import { setupOf, someImages, watchedRuntime } from "../../support/identification.ts";

test("a scan goes through the planned phases, and as many images pass through the model as the plan says", async () => {
  const options = {
    ...contrastDefaults,
    mapTargets: 6,
    mapSteps: 80,
    tightMapSteps: 20,
    steps: 7,
    restarts: 2,
    controls: 3,
    batch: 4,
    // Nothing is left out of what can be foreseen, and nothing added.
    contrastPatience: 1,
    starts: 0,
    patience: 1,
    dip: Number.MAX_VALUE,
  };
  const images = new Map<string, number>();
  let phase = "";
  // A program of a search is fed theta; so many triggers at once on so many images is what a step costs.
  const counting = watchedRuntime(() => (feeds) => {
    const count = (feeds.theta?.dims[0] ?? 0) * (feeds.image?.dims[0] ?? 0);
    if (count > 0) images.set(phase, (images.get(phase) ?? 0) + count);
  });
  await identifyByContrast(
    {
      ...setupOf({ model: cornerBackdoor([2, -2]), benign: someImages(24), runtime: counting, seed: 1 }),
      onEvent: (event) => {
        if (event.kind === "phase") phase = event.phase;
      },
    },
    options,
  );
  const plan = contrastPlan(options);
  // Warps have a few targets; patches a map, a closer map and a contrast; waves a map and a contrast.
  expect(plan.length).toBe(1 + 3 + 2);
  const met = plan.filter(({ phase: planned }) => images.has(planned));
  // A candidate that is found is looked at; with so few steps not every family finds one.
  expect(met.length).toBeGreaterThanOrEqual(4);
  expect(met.map(({ phase: planned, work }) => [planned, work])).toEqual(
    met.map(({ phase: planned }) => [planned, images.get(planned)]),
  );
});

test("triggers of known kinds come first in the families that have any, and a few targets in the others", () => {
  const phases = contrastPlan(contrastDefaults).map(({ phase }) => phase);
  expect(phases.filter((phase) => phase.startsWith("trying"))).toEqual([
    "trying a few targets (warp)",
    "trying known kinds of triggers (patch)",
    "trying known kinds of triggers (wave)",
  ]);
  expect(phases.filter((phase) => phase.endsWith("(warp)"))).toHaveLength(1);
  // No more at once than a map has.
  expect(phases.filter((phase) => phase.startsWith("searching"))).toEqual([
    ...[1, 2, 3].map((round) => `searching places (patch), round ${round} of 3`),
    "searching the best places (patch)",
  ]);
  for (const none of [{ places: 0 }, { starts: 0 }]) {
    const without = contrastPlan({ ...contrastDefaults, ...none }).map(({ phase }) => phase);
    expect(without.filter((phase) => phase.startsWith("searching"))).toEqual([]);
  }
  const whole = contrastPlan({ ...contrastDefaults, scouts: 0 }).map(({ phase }) => phase);
  expect(whole.filter((phase) => phase.includes("(warp")).length).toBeGreaterThan(1);
});
