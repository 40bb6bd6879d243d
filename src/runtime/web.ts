/** ONNX Runtime in a browser. One of the two files that import it. */
import type { Env, InferenceSession } from "onnxruntime-web";
import { DrmGuardError, messageOf } from "../errors.ts";
import { getInt, type OnnxNode } from "../onnx/model.ts";
import { readModel } from "../onnx/proto.ts";
import type { DType, TensorData } from "../onnx/tensor-data.ts";
import type { Arrays, Runtime, Session, SessionOptions } from "./runtime.ts";
import { compareRuntimes } from "./self-test.ts";

/** Where WebAssembly or the graphics processor computes. */
export const webProviders = ["wasm", "webgpu"] as const;
/** One of them. */
export type WebProvider = (typeof webProviders)[number];

/** Addresses of the two files of a build of ONNX Runtime, on the site itself. */
export interface WasmFiles {
  readonly mjs: string;
  readonly wasm: string;
}

/** How to run. */
export interface WebRuntimeOptions {
  /** Threads inside one operator; null for one a core. Without cross-origin isolation there is one. */
  readonly threads?: number | null;
  /** `auto` is WebGPU where its numbers are right, else WebAssembly. */
  readonly provider?: WebProvider | "auto";
  /**
   * Where ONNX Runtime's files are: `ort-wasm-simd-threaded` for wasm, `ort-wasm-simd-threaded.asyncify` for webgpu. Left out,
   * they are looked for beside the script.
   */
  readonly files?: Readonly<Partial<Record<WebProvider, WasmFiles>>>;
}

/** The runtime of a browser, and what its user should know of it. */
export interface WebRuntime extends Runtime {
  readonly provider: WebProvider;
  readonly threads: number;
  /** Why it is not a faster one; empty when it is what was asked for. */
  readonly remarks: readonly string[];
}

/** What both builds of ONNX Runtime have. */
type Ort = typeof import("onnxruntime-web/wasm");

/** More threads than that gain nothing on models of a desk's size, and each takes memory. */
const mostThreads = 8;

/**
 * The runtime of a browser. It blocks the thread that it runs in: give it a worker of its own.
 *
 * Throws E_PROVIDER when a provider that is asked for by name cannot be used, E_RUNTIME when ONNX Runtime does not start. Loading
 * throws E_RUNTIME when the graph is refused.
 */
export async function webRuntime({
  threads = null,
  provider = "auto",
  files = {},
}: WebRuntimeOptions = {}): Promise<WebRuntime> {
  const environment = globalThis as { crossOriginIsolated?: boolean; navigator?: BrowserNavigator };
  const cores = environment.navigator?.hardwareConcurrency ?? 1;
  const isIsolated = environment.crossOriginIsolated === true;
  const wanted = threads ?? Math.min(cores, mostThreads);
  const used = isIsolated ? wanted : 1;
  const remarks =
    used < wanted
      ? ["one thread: the server does not send the headers for cross-origin isolation, which threads need"]
      : [];
  if (provider !== "wasm") {
    const found = await webGpu(environment.navigator, used, files.webgpu, provider === "webgpu");
    if (typeof found !== "string") return { ...found, threads: used, remarks };
    if (provider === "webgpu") {
      throw new DrmGuardError("E_PROVIDER", `WebGPU cannot be used here: ${found}`, {
        hint: "WebAssembly works everywhere",
      });
    }
    remarks.push(`WebAssembly instead of WebGPU: ${found}`);
  }
  const ort = await import("onnxruntime-web/wasm");
  configure(ort.env, used, files.wasm);
  return { ...runtimeOf(ort, "wasm"), threads: used, remarks };
}

/** The part of `navigator` that is asked. */
interface BrowserNavigator {
  readonly hardwareConcurrency?: number;
  readonly gpu?: { requestAdapter(): Promise<GraphicsAdapter | null> };
}

/** The part of WebGPU's adapter that is asked. */
interface GraphicsAdapter {
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
}

type ProvidedRuntime = Runtime & { readonly provider: WebProvider };

/**
 * The runtime on WebGPU, or why there is none.
 *
 * @param isForced whether one that is slower than WebAssembly will do
 */
async function webGpu(
  navigator: BrowserNavigator | undefined,
  threads: number,
  files: WasmFiles | undefined,
  isForced: boolean,
): Promise<ProvidedRuntime | string> {
  if (navigator?.gpu === undefined) return "this browser has none";
  try {
    const adapter = await navigator.gpu.requestAdapter();
    if (adapter === null) return "no graphics processor was found";
    const { isFallbackAdapter, architecture } = adapter.info ?? {};
    const isSoftware = isFallbackAdapter === true || architecture === "swiftshader";
    if (isSoftware && !isForced) return "the graphics processor is only imitated by software";
    const ort: Ort = await import("onnxruntime-web/webgpu");
    configure(ort.env, threads, files);
    const runtime = runtimeOf(ort, "webgpu");
    // Drivers differ, and what is wrong by a factor looks like a model that cannot be moved.
    const problem = await compareRuntimes(runtime, runtimeOf(ort, "wasm"));
    return problem === null ? runtime : `its numbers differ from those of WebAssembly (${problem})`;
  } catch (cause) {
    return messageOf(cause).split("\n")[0]!;
  }
}

function configure(env: Env, threads: number, files: WasmFiles | undefined): void {
  env.wasm.numThreads = threads;
  // The caller has a worker already; a second one would only copy every array.
  env.wasm.proxy = false;
  // Errors are thrown anyway.
  env.logLevel = "fatal";
  if (files !== undefined) env.wasm.wasmPaths = { ...files };
}

function runtimeOf(ort: Ort, provider: WebProvider): ProvidedRuntime {
  // One thing at a time: a session that is made while another one runs is refused by some builds.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  };
  return {
    name: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`,
    provider,
    channelBlock: null,
    lanes: 1,
    load: (model, options) => inTurn(() => load(ort, model, provider, inTurn, options)),
  };
}

async function load(
  ort: Ort,
  model: Uint8Array<ArrayBuffer>,
  provider: WebProvider,
  inTurn: <T>(work: () => Promise<T>) => Promise<T>,
  { optimize = true }: SessionOptions = {},
): Promise<Session> {
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      executionProviders: provider === "wasm" ? ["wasm"] : [webGpuFor(model), "wasm"],
      graphOptimizationLevel: optimize ? "all" : "basic",
      enableMemPattern: false,
      logSeverityLevel: 4,
    });
  } catch (cause) {
    throw failure(cause, "refused the graph");
  }
  return {
    run: (feeds) =>
      inTurn(async () => {
        const tensors = Object.fromEntries(
          Object.entries(feeds).map(([name, value]) => [name, toOrt(ort, value)]),
        );
        let results: InferenceSession.OnnxValueMapType;
        try {
          results = await session.run(tensors);
        } catch (cause) {
          throw failure(cause, "failed");
        }
        // A run blocks the thread, and its promise lets no message in: without this nobody could ask to stop.
        await nextTask();
        return fromResults(results);
      }),
    release: () => inTurn(() => session.release()),
  };
}

/** The provider with what it needs to know of a graph; an empty list is refused. */
function webGpuFor(model: Uint8Array): InferenceSession.ExecutionProviderConfig {
  const names = leftToWasm(model);
  return names.length === 0 ? "webgpu" : { name: "webgpu", forceCpuNodeNames: names };
}

/**
 * Nodes that ONNX Runtime gives to WebGPU, and that do not work there: pools with the indices of their maxima, which their gradients
 * need, are refused in the run; convolutions of groups with several outputs each, which copy columns for gradients of weights, give wrong numbers.
 */
function leftToWasm(model: Uint8Array): string[] {
  const { nodes, initializers } = readModel(model).graph;
  const isWrong = (node: OnnxNode): boolean => {
    if (node.op === "MaxPool") return node.outputs.length > 1;
    const groups = node.op === "Conv" ? getInt(node, "group", 1) : 1;
    return groups > 1 && initializers.get(node.inputs[1]!)?.dims[0] !== groups;
  };
  return nodes.filter(isWrong).map(({ name }) => name);
}

function failure(cause: unknown, how: string): DrmGuardError {
  const message = messageOf(cause);
  // WebAssembly has at most 4 GB, and says so in many ways.
  const isMemory = /bad_alloc|out of memory|failed to allocate|cannot enlarge memory|allocation failed/i;
  const code = isMemory.test(message) ? "E_MEMORY" : "E_RUNTIME";
  return new DrmGuardError(code, `ONNX Runtime ${how}: ${message}`, { cause });
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Lets the messages in that wait. Timers would be slowed down to milliseconds. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    // Node's types, under which core files are checked as well, know ports of another kind.
    const { port1, port2 } = new MessageChannel() as unknown as Record<"port1" | "port2", Port>;
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function toOrt(ort: Ort, { dtype, data, dims }: TensorData): InferenceSession.OnnxValueMapType[string] {
  const Tensor = ort.Tensor as new (
    type: string,
    data: unknown,
    dims: readonly number[],
  ) => InstanceType<Ort["Tensor"]>;
  return new Tensor(dtype, data, dims);
}

function fromResults(results: InferenceSession.OnnxValueMapType): Arrays {
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => {
      const { type, data, dims } = tensor as InstanceType<Ort["Tensor"]>;
      const value: TensorData = { dtype: type as DType, data: data as TensorData["data"], dims: [...dims] };
      tensor.dispose();
      return [name, value];
    }),
  );
}
