/** What is asked for in a scan. */
import type { MethodChanges, MethodName, PresetChoice } from "../identification/methods.ts";
import type { PreprocessingHints } from "../models/preprocessing.ts";
import type { SplitOptions } from "../models/split.ts";
import type { ModelSource } from "./host.ts";

/** How a model is scanned; every default is filled in. */
export interface ScanOptions extends SplitOptions {
  readonly preprocessing: PreprocessingHints;
  /** Height and width that images are resized to; null to take them as they are. */
  readonly size: readonly [number, number] | null;
  readonly seed: number;
  readonly method: MethodName;
  readonly preset: PresetChoice;
  /** What differs from the method's preset or defaults. */
  readonly options: MethodChanges;
  /** Seconds after which no further search is begun; null for none. */
  readonly timeBudget: number | null;
  /** Bytes that the process may take in all. */
  readonly memoryLimit: number;
  /** Whether to go on from a saved state. */
  readonly resume: boolean;
  /** Known-good models of the same kind, whose scores give the threshold; none to use the method's own. */
  readonly references?: readonly ModelSource[];
}
