/** How much work the phases of a scan by contrast are, for whoever tells how long it takes. */
import type { PlannedPhase } from "../../loops/work.ts";
import { families } from "../families/families.ts";
import { isScouted, scoutingName } from "./mapping.ts";
import type { ContrastOptions } from "./options.ts";
import { plannedPlaceSearches } from "./places.ts";
import { probingName } from "./probing.ts";

/** The shape of images that stands for all: how many probes a family has hardly depends on it. */
const usualShape = [3, 64, 64] as const;
/** What a probe costs beside a step of a search on as many images: it needs no gradient. */
const probeShare = 1 / 3;

/**
 * The phases in their order, with the images that pass through the model in each. What follows from what is found cannot be foreseen:
 * triggers of known kinds that a map begins with, families in which a few targets show that something works, how a cheap target's trigger grows and how much dearer it gets closer to it, the first map where the closer one shows nothing, further dips that are looked at, what is left out once there is
 * a backdoor.
 *
 * @param options all of them
 */
export function contrastPlan(options: ContrastOptions): PlannedPhase[] {
  const {
    batch,
    mapTargets,
    mapSteps,
    tightMapSteps,
    restarts,
    controls,
    steps,
    scouts,
    patience,
    probeImages,
  } = options;
  return options.families.flatMap((name) => {
    const { canHide, isContrastedClosely, probes } = families[name];
    if (isScouted(families[name], options, usualShape)) {
      // Beside the mean one begins there.
      const work = Math.round((2 + scouts) * batch * patience * mapSteps);
      return [{ phase: scoutingName(name), work }];
    }
    const homes = canHide ? 2 : 1;
    const kinds = options.starts === 0 ? null : probes(usualShape);
    const probed = kinds?.count ?? 0;
    const hasPlaces = (kinds?.places ?? null) !== null;
    const known = [
      { phase: probingName(name), work: Math.round(probeShare * probed * probeImages) },
      ...(hasPlaces ? plannedPlaceSearches(name, options) : []),
    ];
    const map = (label: string, stepsOfMap: number): PlannedPhase => ({
      phase: `mapping costs (${label})`,
      work: (1 + mapTargets) * batch * stepsOfMap,
    });
    const contrast = (label: string): PlannedPhase => ({
      phase: `contrasting a target with controls (${label})`,
      work: (restarts + controls + homes) * batch * steps,
    });
    const closer = `${name}, closer`;
    return [
      ...(probed > 0 ? known : []),
      map(name, mapSteps),
      ...(isContrastedClosely ? [] : [map(closer, tightMapSteps)]),
      contrast(isContrastedClosely ? name : closer),
    ];
  });
}
