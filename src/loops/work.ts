/** What long work reports, keeps and asks, whatever it is. */

/** What a run reports while it works. */
export type WorkEvent =
  | { readonly kind: "phase"; readonly phase: string; readonly steps: number }
  | {
      readonly kind: "step";
      readonly phase: string;
      readonly step: number;
      readonly steps: number;
      readonly values: Readonly<Record<string, number>>;
    }
  | { readonly kind: "note"; readonly message: string }
  | { readonly kind: "warning"; readonly message: string };

/** Keeps what a long run needs to go on later. Values are plain arrays and JSON. */
export interface CheckpointStore {
  /** The last saved state under a key, null when there is none. */
  load(key: string): Promise<SavedState | null>;
  /** Replaces the state under a key, whole or not at all. */
  save(key: string, state: SavedState): Promise<void>;
}

/** A store that can also list and forget. */
export interface CheckpointArchive extends CheckpointStore {
  /** The keys that begin so, in the order of their names. */
  keys(prefix: string): Promise<string[]>;
  /** Removes every state whose key begins so. */
  remove(prefix: string): Promise<void>;
}

/** A saved state: float arrays by name, and JSON. */
export interface SavedState {
  readonly arrays: Readonly<Record<string, Float32Array>>;
  readonly json: unknown;
}

/** A phase of work that can be foreseen, and how much it is beside the others. */
export interface PlannedPhase {
  readonly phase: string;
  readonly work: number;
}

/** A trigger that a search has at the moment: enough to draw it. */
export interface TriggerSketch {
  /** The kind of trigger. */
  readonly family: string;
  /** Its parameters. */
  readonly theta: Float32Array;
}

/** What long work gets from whoever started it. */
export interface Work {
  readonly checkpoints: CheckpointStore;
  readonly onEvent: (event: WorkEvent) => void;
  /** Offered what a search has after a step, which is only put together when it is asked for. Left out where nobody looks. */
  readonly onSketch?: ((sketch: () => TriggerSketch) => void) | undefined;
  /** Asked between steps; true means: save and throw E_INTERRUPTED. */
  readonly shouldStop: () => boolean;
}
