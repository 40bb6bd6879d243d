/** A session of ONNX Runtime in Node. The one file that runs graphs there. */
import "./without-telemetry.ts";
import * as ort from "onnxruntime-node";
import { DrmGuardError, messageOf } from "../errors.ts";
import type { DType, TensorData } from "../onnx/tensor-data.ts";
import type { Arrays, Session, SessionOptions } from "./runtime.ts";

/** Execution providers that can be asked for. */
export const providers = ["cpu", "cuda", "webgpu", "coreml", "dml"] as const;
/** One of them. */
export type Provider = (typeof providers)[number];

/** The name and version of ONNX Runtime. */
export const runtimeName: string = `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`;

/** The execution providers that this build of ONNX Runtime knows; the machine may still lack what one needs. */
export function availableProviders(): string[] {
  return ort.listSupportedBackends().map((backend) => backend.name);
}

/**
 * Loads a graph into this thread, which it blocks when it runs.
 *
 * Throws E_PROVIDER when the execution provider is not there, and E_RUNTIME when the graph is refused.
 *
 * @param threads inside one operator
 */
export async function loadSession(
  model: Uint8Array<ArrayBuffer>,
  threads: number,
  provider: Provider,
  { optimize = true }: Omit<SessionOptions, "lane"> = {},
): Promise<Session> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: optimize ? "all" : "basic",
      // A plan of the memory is made after the first run and held beside what that run took: twice as much in all.
      enableMemPattern: false,
      // Warnings name every unused initializer, and errors are thrown anyway.
      logSeverityLevel: 4,
    });
  } catch (cause) {
    if (provider !== "cpu" && /provider|backend|shared library|webgpu/i.test(messageOf(cause))) {
      const reason = messageOf(cause).split("\n")[0];
      throw new DrmGuardError("E_PROVIDER", `execution provider ${provider} cannot be used here: ${reason}`, {
        cause,
        hint: "--provider cpu works everywhere",
      });
    }
    throw new DrmGuardError("E_RUNTIME", `ONNX Runtime refused the graph: ${messageOf(cause)}`, { cause });
  }
  return {
    async run(feeds) {
      const tensors = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, toOrt(value)]));
      let results: ort.InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(tensors);
      } catch (cause) {
        const code = isOutOfMemory(cause) ? "E_MEMORY" : "E_RUNTIME";
        throw new DrmGuardError(code, `ONNX Runtime failed: ${messageOf(cause)}`, { cause });
      }
      return fromResults(results);
    },
    release: () => session.release(),
  };
}

/** ONNX Runtime has no code for this that reaches JavaScript. */
function isOutOfMemory(cause: unknown): boolean {
  return /failed to allocate memory|bad allocation|bad_alloc/i.test(messageOf(cause));
}

function toOrt({ dtype, data, dims }: TensorData): ort.Tensor {
  return new ort.Tensor(dtype as ort.Tensor.Type, data as ort.Tensor.DataType, dims as number[]);
}

function fromResults(results: ort.InferenceSession.OnnxValueMapType): Arrays {
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => {
      const { type, data, dims } = tensor as ort.Tensor;
      const value: TensorData = { dtype: type as DType, data: data as TensorData["data"], dims: [...dims] };
      // The data stays valid; the native handle need not wait for the garbage collector.
      (tensor as ort.Tensor).dispose();
      return [name, value];
    }),
  );
}
