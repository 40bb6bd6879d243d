/** What is asked for in a repair. */
import type { MethodChanges, MethodName } from "../identification/methods.ts";
import type { MitigationChanges, MitigationName } from "../mitigation/methods.ts";
import type { PreprocessingHints } from "../models/preprocessing.ts";
import type { SplitOptions } from "../models/split.ts";
import type { ScanResult } from "../report/result.ts";

/** What repairs do when nothing else is said. */
export const repairDefaults = {
  /** The paper's. */
  method: "unlearning",
  /** A tenth is about the spread between two trainings of one network. */
  maxDegradation: 0.1,
} as const;

/** How a model is repaired; every default is filled in. */
export interface RepairOptions extends SplitOptions {
  readonly preprocessing: PreprocessingHints;
  /** Height and width that images are resized to; null to take them as they are. */
  readonly size: readonly [number, number] | null;
  readonly seed: number;
  /** The result of a scan of this model, and what messages call it; null to scan it now. */
  readonly from: { readonly path: string; readonly result: ScanResult } | null;
  readonly method: MitigationName;
  /** What differs from the method's defaults. */
  readonly options: MitigationChanges;
  /** How the model is scanned where there is no result. */
  readonly scan: { readonly method: MethodName; readonly options: MethodChanges };
  /** Whether the repaired model is scanned too. */
  readonly rescan: boolean;
  /** The part by which the error on clean images may rise. */
  readonly maxDegradation: number;
  /** Seconds after which no further step is begun; null for none. */
  readonly timeBudget: number | null;
  /** Bytes that the process may take in all. */
  readonly memoryLimit: number;
  /** Whether to go on from a saved state. */
  readonly resume: boolean;
}
