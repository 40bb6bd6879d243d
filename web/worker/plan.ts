/** How much work the phases of a scan are, for the time that is left. */
import { type ContrastOptions, contrastDefaults } from "../../src/identification/contrast/options.ts";
import { families } from "../../src/identification/families/families.ts";
import type { MethodChanges, MethodName } from "../../src/identification/methods.ts";
import type { PlannedPhase } from "../messages.ts";

/** How many more images than a search a growing trigger sees in a step. */
const growingImages = 4;

/**
 * The phases of a scan in their order, with the images that pass through the model in each; empty for methods that say less of
 * themselves. A further dip, which is only looked at after a backdoor was found, cannot be foreseen.
 *
 * @param changes what differs from the method's defaults
 */
export function planOf(method: MethodName, changes: MethodChanges): PlannedPhase[] {
  if (method !== "contrast") return [];
  const options = { ...contrastDefaults, ...(changes as Partial<ContrastOptions>) };
  const { batch, restarts, controls } = options;
  return options.families.flatMap((name) => {
    const homes = families[name].canHide ? 2 : 1;
    return [
      { phase: `mapping costs (${name})`, work: (1 + options.mapTargets) * batch * options.mapSteps },
      {
        phase: `letting a trigger grow (${name})`,
        work: growingImages * batch * options.growingSteps,
      },
      {
        phase: `contrasting a target with controls (${name})`,
        work: (restarts + controls + homes) * batch * options.steps,
      },
    ];
  });
}
