/** What the project needs of something that runs ONNX graphs. */
import type { TensorData } from "../onnx/tensor-data.ts";

/** Arrays by name. */
export type Arrays = Readonly<Record<string, TensorData>>;

/** A graph that is ready to run. It owns native memory until it is released. */
export interface Session {
  /** Runs the graph. Throws E_RUNTIME when the runtime does, E_MEMORY when memory is short. */
  run(feeds: Arrays): Promise<Arrays>;
  /** Gives the memory back. The session cannot run afterwards. */
  release(): Promise<void>;
}

/** Settings of one session. */
export interface SessionOptions {
  /** Whether the runtime may rewrite the graph; off for graphs that run once. */
  readonly optimize?: boolean;
  /** The lane that it runs in, from 0: sessions of different lanes run at the same time, each with its part of the threads. Left out, it runs alone, with all of them. */
  readonly lane?: number;
}

/** Something that runs ONNX graphs. */
export interface Runtime {
  /** Its name and version, for the result. */
  readonly name: string;
  /** The execution provider, for the result. */
  readonly provider: string;
  /** Channels that it keeps side by side between convolutions with constant weights, for gradients that leave them there; null where it does not. */
  readonly channelBlock: number | null;
  /** How many sessions can run at the same time, at least 1: what falls into parts that do not touch each other is cut into as many. */
  readonly lanes: number;
  /** Loads a graph. Throws E_RUNTIME when the runtime does not take it. */
  load(model: Uint8Array<ArrayBuffer>, options?: SessionOptions): Promise<Session>;
}
