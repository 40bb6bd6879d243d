/** What the page and its worker say to each other. */
import type { ErrorCode } from "../src/errors.ts";
import type { MethodName } from "../src/identification/methods.ts";
import type { PlannedPhase, WorkEvent } from "../src/loops/work.ts";
import type { MitigationName } from "../src/mitigation/methods.ts";
import type { CheckReport } from "../src/models/check.ts";
import type { RepairReport } from "../src/report/repair-report.ts";
import type { ScanResult } from "../src/report/result.ts";
import type { WebProvider } from "../src/runtime/web.ts";
import type { ScanOptions } from "../src/workflows/scan-options.ts";

/** A model: the ONNX file, and the files that it keeps weights in. */
export interface ModelFiles {
  readonly model: File;
  readonly external: readonly File[];
}

/** Clean images: files with their labels, or one archive. */
export interface ImageFiles {
  /** What a result calls them. */
  readonly name: string;
  /** PNG, JPEG or WebP files, or one .npz file. */
  readonly files: readonly File[];
  /** labels.csv; null without labels. */
  readonly labels: File | null;
  /** Folders inside of the one that was chosen, whose files were left out. */
  readonly unsearched: number;
}

/** Where and how ONNX Runtime runs. */
export interface RuntimeSettings {
  readonly provider: WebProvider | "auto";
  /** Null for one a core. */
  readonly threads: number | null;
}

/** How a model is scanned. What follows from the page itself is not asked for. */
export interface ScanSettings
  extends Pick<ScanOptions, "preprocessing" | "size" | "features" | "outputs" | "seed" | "timeBudget"> {
  readonly runtime: RuntimeSettings;
  readonly method: MethodName;
  /** Options of the method as text, as `--set` takes them; empty for its defaults. */
  readonly options: string;
  readonly repair: RepairSettings;
}

/** How a model is repaired. */
export interface RepairSettings {
  readonly method: MitigationName;
  /** Options of the method as text; empty for its defaults. */
  readonly options: string;
  /** The part by which the error on clean images may rise; null for the default. */
  readonly maxDegradation: number | null;
}

/** Work for the worker. */
export type PageRequest =
  | { readonly kind: "check"; readonly settings: ScanSettings; readonly model: ModelFiles }
  | {
      readonly kind: "scan";
      readonly settings: ScanSettings;
      readonly model: ModelFiles;
      readonly images: ImageFiles;
      /** Whether to go on from where it was stopped. */
      readonly resume: boolean;
    }
  | {
      readonly kind: "repair";
      readonly settings: ScanSettings;
      readonly model: ModelFiles;
      readonly images: ImageFiles;
      /** Of a scan of this model. */
      readonly result: ScanResult;
      readonly resume: boolean;
    }
  /** Reads the result.json of a scan, or the report of a repair. */
  | { readonly kind: "open"; readonly file: File };

/** What the page says: work to do, whose clean images came before it; some of these; or to save and stop. */
export type PageMessage =
  | PageRequest
  | {
      readonly kind: "images";
      readonly files: readonly File[];
      /** Whether those that came before are of another choice. */
      readonly isFirst: boolean;
    }
  | { readonly kind: "stop" };

/** Pixels as a canvas takes them. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGBA, row-major. */
  readonly bytes: Uint8ClampedArray<ArrayBuffer>;
}

/** What a search has at the moment, on one image. */
export interface Sketch {
  readonly family: string;
  readonly clean: Picture;
  readonly reversed: Picture;
  /** Gray where nothing changes. */
  readonly difference: Picture;
  /** By how much the difference is strengthened, so that a faint one is seen. */
  readonly strength: number;
}

/** What the worker says. */
export type WorkerMessage =
  | {
      readonly kind: "runtime";
      readonly name: string;
      readonly provider: WebProvider;
      readonly threads: number;
      readonly remarks: readonly string[];
    }
  | { readonly kind: "plan"; readonly phases: readonly PlannedPhase[] }
  | { readonly kind: "event"; readonly event: WorkEvent }
  | { readonly kind: "sketch"; readonly sketch: Sketch }
  | { readonly kind: "checked"; readonly report: CheckReport }
  | {
      readonly kind: "scanned" | "opened";
      readonly result: ScanResult;
      /** The report of the result as a page of its own. */
      readonly html: string;
    }
  | {
      readonly kind: "repaired" | "openedRepair";
      readonly report: RepairReport;
      readonly html: string;
      /** The files of the repaired model; none where a report was opened. */
      readonly files: readonly File[];
    }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | null;
    };
