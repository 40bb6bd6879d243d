/** HDF5 files through h5wasm, which is the HDF5 library itself. Files are read from disk in parts, never whole. */
import { DrmGuardError, messageOf } from "../../../errors.ts";

/** An array of numbers in a file. */
export interface Hdf5Array {
  readonly shape: readonly number[];
  /** Whether its elements are unsigned bytes. */
  readonly isBytes: boolean;
  /**
   * Rows first to end - 1 along the first axis, all of the others, row-major. Reads these from disk and no more. Throws E_IMAGES when
   * they are damaged or hold no numbers.
   */
  rows(first: number, end: number): Uint8Array | Float32Array | Float64Array;
}

/** An open file. */
export interface Hdf5File {
  /** Throws E_IMAGES when there is no such array. */
  array(path: string): Hdf5Array;
}

/**
 * Opens a file, lets it be used, and closes it.
 *
 * Throws E_IMAGES when it cannot be opened.
 *
 * @param path the file
 * @param use what is done with it
 */
export async function withHdf5<T>(path: string, use: (file: Hdf5File) => T): Promise<T> {
  const { default: h5wasm, Dataset } = await import("h5wasm/node");
  // Otherwise the library prints what went wrong, and goes on.
  (await h5wasm.ready).activate_throwing_error_handler();
  const file = attempt(
    "no HDF5 file that can be read, expected MATLAB 7.3",
    () => new h5wasm.File(path, "r"),
  );
  try {
    return use({
      array(name) {
        const isThere = name.split("/").reduce<unknown>((group, part) => childOf(group, part), file);
        if (isThere instanceof Dataset) return arrayOf(name, isThere);
        const found = file.keys().join(", ") || "nothing";
        throw new DrmGuardError("E_IMAGES", `found ${found}, expected an array ${name}`);
      },
    });
  } finally {
    file.close();
  }
}

/** What is used of h5wasm's groups. */
interface Group {
  keys(): string[];
  get(name: string): unknown;
}

function childOf(parent: unknown, name: string): unknown {
  const isGroup = typeof parent === "object" && parent !== null && "keys" in parent && "get" in parent;
  if (!isGroup || !(parent as Group).keys().includes(name)) return null;
  return (parent as Group).get(name);
}

/** What is used of h5wasm's arrays. */
interface Source {
  readonly shape: number[] | null;
  readonly dtype: unknown;
  slice(ranges: [number, number][]): unknown;
}

function arrayOf(name: string, source: Source): Hdf5Array {
  const shape = source.shape ?? [];
  const rest = shape.slice(1).map((dim): [number, number] => [0, dim]);
  return {
    shape,
    isBytes: /^[<>|]?B$/.test(String(source.dtype)),
    rows(first, end) {
      const values = attempt(`damaged in ${name}`, () => source.slice([[first, end], ...rest]));
      if (values instanceof Uint8Array || values instanceof Float32Array || values instanceof Float64Array)
        return values;
      if (values instanceof Int8Array || values instanceof Int16Array || values instanceof Uint16Array)
        return Float32Array.from(values);
      if (values instanceof Int32Array || values instanceof Uint32Array) return Float64Array.from(values);
      throw new DrmGuardError(
        "E_IMAGES",
        `found ${name} of type ${String(source.dtype)}, expected numbers of up to 32 bits or doubles`,
      );
    },
  };
}

/** The library throws the stack of its calls; the innermost says most. */
function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : messageOf((cause as { message?: unknown }).message);
    const innermost = [...said.matchAll(/#\d+: .* line \d+ in [^:]*: (.*)$/gm)].at(-1)?.[1];
    throw new DrmGuardError("E_IMAGES", `${what}: ${innermost ?? said.split("\n")[0]}`, { cause });
  }
}
