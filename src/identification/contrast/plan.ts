/** How much work the phases of a scan by contrast are, for whoever tells how long it takes. */
import type { PlannedPhase } from "../../loops/work.ts";
import { families } from "../families/families.ts";
import { growingImages } from "./choosing.ts";
import type { ContrastOptions } from "./options.ts";

/**
 * The phases in their order, with the images that pass through the model in each. What follows from what is found cannot be foreseen:
 * further dips that are looked at, what is left out once there is a backdoor.
 *
 * @param options all of them
 */
export function contrastPlan(options: ContrastOptions): PlannedPhase[] {
  const { batch, mapTargets, mapSteps, tightMapSteps, growingSteps, shortlist, restarts, controls, steps } =
    options;
  return options.families.flatMap((name) => {
    const homes = families[name].canHide ? 2 : 1;
    const rung = (label: string, stepsOfMap: number): PlannedPhase[] => [
      { phase: `mapping costs (${label})`, work: (1 + mapTargets) * batch * stepsOfMap },
      { phase: `letting triggers grow (${label})`, work: shortlist * growingImages * batch * growingSteps },
      { phase: `weighing candidates (${label})`, work: shortlist * batch * growingSteps },
      {
        phase: `contrasting a target with controls (${label})`,
        work: (restarts + controls + homes) * batch * steps,
      },
    ];
    return [...rung(name, mapSteps), ...rung(`${name}, closer`, tightMapSteps)];
  });
}
