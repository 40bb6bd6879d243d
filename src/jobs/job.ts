/** What is asked of a child process, and what it says. Everything here is plain JSON. */
import type { AttackRequest } from "../attacks/plan.ts";
import type { DataSetOptions } from "../data/node/datasets/format.ts";
import type { SplitBy, SplitShares } from "../data/splits.ts";
import type { ErrorCode } from "../errors.ts";
import type { WorkEvent } from "../loops/work.ts";
import type { CheckReport } from "../models/check.ts";
import type { NetworkOptions } from "../models/networks/network.ts";
import type { PreprocessingHints } from "../models/preprocessing.ts";
import type { SplitOptions } from "../models/split.ts";
import type { Task } from "../models/task.ts";
import type { MeasurementReport } from "../report/measurement.ts";
import type { RepairReport } from "../report/repair-report.ts";
import type { ScanResult } from "../report/result.ts";
import type { TrainingReport } from "../report/training-report.ts";
import type { Provider } from "../runtime/node.ts";
import type { TrainingRecipe } from "../training/options.ts";
import type { RepairOptions } from "../workflows/repair-options.ts";
import type { ScanOptions } from "../workflows/scan-options.ts";

/** What every job on a model needs. */
export interface ModelRequest extends Pick<SplitOptions, "features" | "outputs"> {
  /** Path of the ONNX file. */
  readonly model: string;
  readonly preprocessing: PreprocessingHints;
  /** Height and width that images are resized to; null to take them as they are. */
  readonly size: readonly [number, number] | null;
  readonly seed: number;
  readonly threads: number;
  readonly provider: Provider;
  /** Bytes that the child may take in all. */
  readonly memoryLimit: number;
}

/** Asks whether a model can be scanned. */
export interface CheckRequest extends ModelRequest {
  readonly kind: "check";
  /** What the outputs are. */
  readonly task: Task;
}

/** Asks for a scan. */
export interface ScanRequest
  extends ModelRequest,
    Pick<ScanOptions, "method" | "preset" | "options" | "timeBudget" | "resume"> {
  readonly kind: "scan";
  /** A folder of clean images or a .npz file. */
  readonly benign: string;
  /** What the outputs are. */
  readonly task: Task;
  /** Paths of known-good models, whose scores give the threshold; none to use the method's own. */
  readonly references: readonly string[];
  /** Folder of pretrained generators and of the states of unfinished scans. */
  readonly cache: string;
}

/** Asks for a repair. */
export interface RepairRequest
  extends ModelRequest,
    Pick<
      RepairOptions,
      "method" | "options" | "scan" | "rescan" | "maxDegradation" | "timeBudget" | "resume"
    > {
  readonly kind: "repair";
  /** A folder of clean images with labels or a .npz file. */
  readonly benign: string;
  /** The ONNX file to write; nothing is written over. */
  readonly output: string;
  /** The result.json of a scan of this model; null to scan it now. */
  readonly from: string | null;
  /** Folder of the states of unfinished repairs. */
  readonly cache: string;
}

/** How a data set becomes images to train on. */
export interface TrainingData {
  /** The folder or file of a data set. */
  readonly path: string;
  /** The name of its reader; null to find out. */
  readonly kind: string | null;
  readonly options: Partial<DataSetOptions>;
  /** Height and width that images are resized to; null to take them as they are. */
  readonly size: readonly [number, number] | null;
  readonly channels: 1 | 3;
  /** Labels whose sign turns in a mirror: the images to train on are doubled by their mirror images. Null for no mirror images. */
  readonly mirror: readonly string[] | null;
  /** Whether one person's images may be in several parts. */
  readonly splitBy: SplitBy;
  readonly shares: SplitShares;
}

/** Asks for a training. */
export interface TrainRequest {
  readonly kind: "train";
  readonly data: TrainingData;
  readonly network: Pick<NetworkOptions, "architecture" | "width" | "stem">;
  readonly recipe: TrainingRecipe;
  /** None for a benign model. */
  readonly attacks: readonly AttackRequest[];
  /** lambda_adp of Eq. 6; null for attacks that do not hide. */
  readonly adaptive: number | null;
  /** A benign model for Clean Label as an ONNX file; null to train one first. */
  readonly surrogate: string | null;
  /** The folder of a finished training whose weights this one begins with; null to draw them from the seed. */
  readonly initial: string | null;
  readonly seed: number;
  /** The folder of the run. */
  readonly output: string;
  /** Clean images that are kept beside the model, for scans and repairs. */
  readonly keptImages: number;
  readonly resume: boolean;
  /** Folder of decoded images. */
  readonly cache: string;
  readonly threads: number;
  readonly provider: Provider;
  readonly memoryLimit: number;
}

/** Asks for images with a trigger. */
export interface PoisonRequest {
  readonly kind: "poison";
  /** The file of a trigger. */
  readonly trigger: string;
  /** A folder of images or a .npz file. */
  readonly images: string;
  readonly size: readonly [number, number] | null;
  /** The folder that the images with the trigger go to. */
  readonly output: string;
  readonly threads: number;
  readonly memoryLimit: number;
}

/** Asks what the triggers of a training do to a model. */
export interface MeasureRequest {
  readonly kind: "measure";
  /** The ONNX file. */
  readonly model: string;
  /** The folder of the finished training, whose data set is where it was. */
  readonly run: string;
  /** Folder of decoded images. */
  readonly cache: string;
  readonly threads: number;
  readonly provider: Provider;
  readonly memoryLimit: number;
}

/** Images that were poisoned. */
export interface PoisonReport {
  readonly count: number;
  readonly trigger: string;
  readonly output: string;
  /** Mean |A(x) - x| over all values, in units of [0, 1]. */
  readonly meanChange: number;
}

/** A job for a child process. */
export type JobRequest =
  | CheckRequest
  | ScanRequest
  | RepairRequest
  | TrainRequest
  | PoisonRequest
  | MeasureRequest;

/** What a job of a kind gives. */
export interface JobResults {
  readonly check: CheckReport;
  readonly scan: ScanResult;
  readonly repair: RepairReport;
  readonly train: TrainingReport;
  readonly poison: PoisonReport;
  readonly measure: MeasurementReport;
}

/** What the parent says. */
export type ParentMessage =
  | { readonly kind: "start"; readonly request: JobRequest }
  /** Save and stop. */
  | { readonly kind: "stop" };

/** What a child says. */
export type ChildMessage =
  | { readonly kind: "event"; readonly event: WorkEvent }
  | { readonly kind: "result"; readonly result: JobResults[JobRequest["kind"]] }
  | {
      readonly kind: "error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint?: string | undefined;
      /** Only of unexpected errors. */
      readonly stack?: string | undefined;
    };

/** What a job is given to talk to its parent. */
export interface JobContext {
  readonly onEvent: (event: WorkEvent) => void;
  readonly shouldStop: () => boolean;
}
