/** Programs over rows that do not touch each other, in parts that run at the same time. */
import type { TensorData } from "../onnx/tensor-data.ts";
import type { Tensor } from "../tensor/graph.ts";
import { compile, loadProgram, type Program, type WrittenProgram, writeProgram } from "./compile.ts";
import type { Arrays, Runtime } from "./runtime.ts";

/** A program over rows. Arrays have all of them along their first axis, in and out, but for the inputs that they share. */
export type RowProgram = Pick<Program, "run" | "release">;

/** Rows from one to another, without the last. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/**
 * Compiles a program over rows, in as many parts as the runtime has lanes. Threads inside of an operator wait for each other after each of hundreds; lanes, which are
 * joined once a run, take 11 to 22 % less time on two cores (bench/README.md).
 *
 * Throws what `write` throws, and E_RUNTIME when the runtime refuses a part.
 *
 * @param rows how many
 * @param shared the inputs without rows, which all parts get whole
 * @param write the float32 outputs for so many rows, in a graph of its own
 */
export async function compileRows(
  runtime: Runtime,
  rows: number,
  shared: readonly string[],
  write: (rows: number) => Promise<Readonly<Record<string, Tensor>>>,
): Promise<RowProgram> {
  if (runtime.lanes === 1 || rows === 1) return compile(runtime, await write(rows));
  const parts = partsOf(rows, runtime.lanes);
  const sizes = parts.map(({ from, to }) => to - from);
  const written = new Map<number, WrittenProgram>();
  for (const size of new Set(sizes)) written.set(size, writeProgram(await write(size)));
  // Lanes load at the same time too, and one that is refused must not leave the others' memory behind.
  const loads = await Promise.allSettled(
    sizes.map((size, lane) => loadProgram(runtime, written.get(size)!, { lane })),
  );
  const loaded = loads.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
  const release = async (): Promise<void> => {
    for (const program of loaded) await program.release();
  };
  if (loaded.length < parts.length) await release();
  const programs = loads.map(valueIn);
  return {
    async run(feeds) {
      const runs = parts.map((part, i) => programs[i]!.run(rowsOf(feeds, part, shared)));
      // A lane that still runs must not be left behind by one that has failed.
      const ends = await Promise.allSettled(runs);
      return joined(ends.map(valueIn));
    },
    release,
  };
}

/**
 * Rows cut into parts of the same size, or one more.
 *
 * @param lanes the most parts
 */
export function partsOf(rows: number, lanes: number): Part[] {
  const count = Math.min(rows, lanes);
  const start = (part: number): number => Math.ceil((part * rows) / count);
  return Array.from({ length: count }, (_, i) => ({ from: start(i), to: start(i + 1) }));
}

function rowsOf(feeds: Arrays, { from, to }: Part, shared: readonly string[]): Arrays {
  const cut = ([name, value]: [string, TensorData]): [string, TensorData] => {
    if (shared.includes(name)) return [name, value];
    const { dtype, data } = value;
    const [rows, ...rest] = value.dims as [number, ...number[]];
    const size = data.length / rows;
    const part = (data as Float32Array).subarray(from * size, to * size);
    return [name, { dtype, dims: [to - from, ...rest], data: part }];
  };
  return Object.fromEntries(Object.entries(feeds).map(cut));
}

function joined(parts: readonly Arrays[]): Arrays {
  const join = (name: string): TensorData => {
    const arrays = parts.map((part) => part[name]!);
    const data = new Float32Array(arrays.reduce((total, each) => total + each.data.length, 0));
    let start = 0;
    for (const each of arrays) {
      data.set(each.data as Float32Array, start);
      start += each.data.length;
    }
    const rows = arrays.reduce((total, { dims }) => total + dims[0]!, 0);
    return { dtype: "float32", dims: [rows, ...arrays[0]!.dims.slice(1)], data };
  };
  return Object.fromEntries(Object.keys(parts[0]!).map((name) => [name, join(name)]));
}

function valueIn<T>(end: PromiseSettledResult<T>): T {
  if (end.status === "rejected") throw end.reason;
  return end.value;
}
