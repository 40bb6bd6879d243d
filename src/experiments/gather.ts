/** Makes what an experiment reads: from what it needs to what is there. */
import type { MeasurementReport } from "../report/measurement.ts";
import { baselineItem, poisonedItem, repairedMeasurementItem } from "./measurement-item.ts";
import { type LabelRanges, labelRanges, modelItem, type TrainedModel } from "./model-item.ts";
import { dependencyOf, type ModelSpec } from "./models.ts";
import { type RepairedModel, type RepairSpec, repairItem } from "./repair-item.ts";
import type { WorkOptions } from "./run-folders.ts";
import { type FinishedScan, type ScanSpec, scanItem, wholeScanItem } from "./scan-item.ts";
import { type MakeOptions, makeItems, type WorkItem } from "./work.ts";

/** What an experiment reads. */
export interface Needs {
  readonly models?: readonly ModelSpec[];
  readonly scans?: readonly ScanSpec[];
  readonly repairs?: readonly RepairSpec[];
  /** Models whose clean images are wanted with the true trigger. */
  readonly poisoned?: readonly ModelSpec[];
}

/** A repair, and what the true triggers do before and after. */
export interface FinishedRepair {
  readonly spec: RepairSpec;
  readonly repaired: RepairedModel;
  /** Of the repaired model; null where nothing was done. */
  readonly after: MeasurementReport | null;
  /** Of the benign model of the same seed, which knows no trigger. */
  readonly baseline: MeasurementReport;
}

/** What is there, in the order in which it was asked for. */
export interface Findings {
  readonly models: readonly TrainedModel[];
  readonly scans: readonly FinishedScan[];
  readonly repairs: readonly FinishedRepair[];
  readonly poisoned: readonly { readonly model: TrainedModel; readonly folder: string }[];
  /** What was asked for and is not done yet; only where nothing was to be made. */
  readonly unfinished: Readonly<Record<"models" | "scans" | "repairs" | "poisoned", number>>;
}

/** All models that are needed for something. */
export function modelsOf({ models = [], scans = [], repairs = [], poisoned = [] }: Needs): ModelSpec[] {
  return [
    ...models,
    ...scans.map(({ model }) => model),
    ...repairs.map(({ scan }) => scan.model),
    ...poisoned,
  ];
}

/** How it is made. */
export interface GatherOptions extends WorkOptions, MakeOptions {}

/**
 * Makes what is needed and not there yet, and all that it builds on.
 *
 * Throws E_USAGE where a task has no data set, E_INTERRUPTED when stopped, with the states saved; the same call goes on. Throws what
 * trainings, scans and repairs throw.
 */
export async function gather(needs: Needs, options: GatherOptions): Promise<Findings> {
  const { models = [], scans = [], repairs = [], poisoned = [] } = needs;
  const tasks = modelsOf(needs).map(({ task }) => task);
  const ranges = options.isOnlyFinished ? null : await labelRanges(tasks, options.data);
  const items = createItems(ranges, options);
  const wanted = {
    models: models.map(items.model),
    scans: scans.map(items.scan),
    repairs: repairs.map((spec) => ({
      repair: items.repair(spec),
      after: items.after(spec),
      baseline: items.baseline(spec.scan.model),
    })),
    poisoned: poisoned.map((spec) => ({ model: items.model(spec), folder: items.poisoned(spec) })),
  };
  const all: WorkItem[] = [
    ...wanted.models,
    ...wanted.scans,
    ...wanted.repairs.flatMap(({ repair, after, baseline }) => [repair, after, baseline]),
    ...wanted.poisoned.map(({ folder }) => folder),
  ];
  const { has, of } = await makeItems(all, options);
  const found = {
    models: wanted.models.filter(has).map(of),
    scans: wanted.scans.filter(has).map(of),
    repairs: wanted.repairs.flatMap(({ repair, after, baseline }, i): FinishedRepair[] =>
      has(repair) && has(after) && has(baseline)
        ? [{ spec: repairs[i]!, repaired: of(repair), after: of(after), baseline: of(baseline) }]
        : [],
    ),
    poisoned: wanted.poisoned.flatMap(({ model, folder }) =>
      has(folder) ? [{ model: of(model), folder: of(folder) }] : [],
    ),
  };
  return {
    ...found,
    unfinished: {
      models: models.length - found.models.length,
      scans: scans.length - found.scans.length,
      repairs: repairs.length - found.repairs.length,
      poisoned: poisoned.length - found.poisoned.length,
    },
  };
}

/** Items by what they are of: the same one for the same thing. */
function createItems(ranges: LabelRanges | null, options: WorkOptions) {
  const once = <S, T>(make: (spec: S) => WorkItem<T>): ((spec: S) => WorkItem<T>) => {
    const known = new Map<string, WorkItem<T>>();
    return (spec) => {
      const key = JSON.stringify(spec);
      const item = known.get(key) ?? make(spec);
      known.set(key, item);
      return item;
    };
  };
  const model: (spec: ModelSpec) => WorkItem<TrainedModel> = once((spec) => {
    const first = dependencyOf(spec, options.profile);
    return modelItem(spec, first && model(first), ranges, options);
  });
  const scan = once((spec: ScanSpec) => scanItem(spec, model(spec.model), options));
  const whole = once((spec: ScanSpec) => wholeScanItem(scan(spec), spec, model(spec.model), options));
  const repair = once((spec: RepairSpec) => repairItem(spec, scan(spec.scan), whole(spec.scan), options));
  return {
    model,
    scan,
    repair,
    after: once((spec: RepairSpec) => repairedMeasurementItem(repair(spec), options)),
    baseline: once((spec: ModelSpec) =>
      baselineItem(model({ ...spec, condition: "benign" }), model(spec), options),
    ),
    poisoned: once((spec: ModelSpec) => poisonedItem(model(spec), options)),
  };
}
