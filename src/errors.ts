/** The one error type of the project, and its codes. */

/** What went wrong, in a word that scripts can test. The command line maps each to an exit code. */
export type ErrorCode =
  | "E_USAGE"
  | "E_CONFIG"
  | "E_FILE"
  | "E_WRITE"
  | "E_RESULT"
  | "E_NOT_ONNX"
  | "E_INVALID_MODEL"
  | "E_TRUNCATED"
  | "E_EXTERNAL_DATA"
  | "E_OPSET"
  | "E_DTYPE"
  | "E_UNSUPPORTED_OPERATOR"
  | "E_NO_GRADIENT"
  | "E_SHAPE"
  | "E_MODEL_INPUT"
  | "E_MODEL_OUTPUT"
  | "E_CLASSIFIER"
  | "E_NO_DENSE_HEAD"
  | "E_NAN"
  | "E_DIVERGED"
  | "E_REFERENCE"
  | "E_IMAGES"
  | "E_LABELS"
  | "E_MEMORY"
  | "E_TIME"
  | "E_PORT"
  | "E_PROVIDER"
  | "E_RUNTIME"
  | "E_RESUME"
  | "E_INTERRUPTED"
  | "E_INTERNAL";

/**
 * An error with a code. The message says what was found and what was expected, in lower case; `hint` says
 * what the user can do about it.
 */
export class DrmGuardError extends Error {
  override readonly name = "DrmGuardError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * The message of anything that was thrown.
 *
 * @param thrown an error or any other value
 */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
