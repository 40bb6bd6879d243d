/** What a lane and its thread say to each other. */
import type { ErrorCode } from "../errors.ts";
import type { Provider } from "./node-session.ts";
import type { Arrays, SessionOptions } from "./runtime.ts";

/** A graph to load. */
export interface LaneSession {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly threads: number;
  readonly provider: Provider;
  readonly options: Omit<SessionOptions, "lane">;
}

/** What is asked of the thread; sessions go by numbers. */
export type LaneRequest = { readonly call: number; readonly session: number } & (
  | ({ readonly kind: "load" } & LaneSession)
  | { readonly kind: "run"; readonly feeds: Arrays }
  | { readonly kind: "release" }
);

/** What the thread answers to a call. */
export type LaneAnswer = { readonly call: number } & (
  | { readonly kind: "done"; readonly results: Arrays }
  | {
      readonly kind: "error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | undefined;
    }
);
