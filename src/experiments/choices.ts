/** The models, scans and repairs that experiments ask for. */
import type { MethodName } from "../identification/methods.ts";
import type { MitigationName } from "../mitigation/methods.ts";
import { architectures } from "../models/networks/network.ts";
import type { ExperimentScope } from "./experiment.ts";
import type { Condition, ModelSpec, NetworkChoice } from "./models.ts";
import type { Profile, TaskProfile } from "./profile.ts";
import type { RepairSpec } from "./repair-item.ts";
import type { ScanSpec } from "./scan-item.ts";

/** Models of some attacks, for the tasks that are chosen. */
export const attacked =
  (...names: readonly Condition[]) =>
  ({ tasks }: ExperimentScope): Omit<ModelSpec, "seed">[] =>
    tasks.flatMap((task) => names.map((condition) => ({ task, condition })));

/** Models with the benign ones of their task and network before them, each once. */
export function withBenign<M extends Omit<ModelSpec, "seed">>(models: readonly M[]): M[] {
  const all = models.flatMap((model) => [{ ...model, condition: "benign" as const }, model]);
  return [...new Map(all.map((model) => [JSON.stringify(model), model])).values()];
}

/** The networks of Tables 12 and 13, as wide as the profile's own: that one is the profile's, so that its models are the same. */
export function networksOf(
  { tasks }: ExperimentScope,
  profile: Profile,
): Pick<ModelSpec, "task" | "network">[] {
  return tasks.flatMap((task) =>
    architectures.map((architecture) => ofNetwork({ task }, { architecture }, profile)),
  );
}

/**
 * A model of another network than its task's own; as it is where nothing differs.
 *
 * @param choice what the network has in place of the profile's, whose stem goes with the architecture
 */
export function ofNetwork<M extends Pick<ModelSpec, "task">>(
  model: M,
  choice: Partial<NetworkChoice>,
  { tasks }: Profile,
): M & Pick<ModelSpec, "network"> {
  const network = otherNetwork(tasks[model.task], choice);
  return network === null ? model : { ...model, network };
}

/** The network; null where it does not differ. */
function otherNetwork(
  { network, otherStems = {} }: Pick<TaskProfile, "network" | "otherStems">,
  { architecture = network.architecture, width = network.width }: Partial<NetworkChoice>,
): NetworkChoice | null {
  if (architecture === network.architecture && width === network.width) return null;
  const stem = architecture === network.architecture ? undefined : otherStems[architecture];
  return { architecture, width, ...(stem === undefined ? {} : { stem }) };
}

/** Scans of benign models and of those with some attacks, seed by seed, so that a row is whole early. */
export function scansOf(choice: {
  readonly models: readonly Omit<ModelSpec, "seed">[];
  readonly seeds: readonly number[];
  readonly methods: readonly MethodName[];
}): ScanSpec[] {
  return choice.seeds.flatMap((seed) =>
    choice.models.flatMap((model) =>
      choice.methods.map((method) => ({ model: { ...model, seed }, method, options: {}, share: 1 })),
    ),
  );
}

/** Repairs of backdoored models by the triggers of the default method, seed by seed. */
export function repairsOf(choice: {
  readonly models: readonly Omit<ModelSpec, "seed">[];
  readonly seeds: readonly number[];
  readonly methods: readonly MitigationName[];
}): RepairSpec[] {
  return choice.seeds.flatMap((seed) =>
    choice.models.flatMap((model) =>
      choice.methods.map((method) => ({
        scan: { model: { ...model, seed }, method: "contrast" as const, options: {}, share: 1 },
        method,
        options: {},
      })),
    ),
  );
}
