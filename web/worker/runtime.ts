/** ONNX Runtime from the site itself. */
import gpuScript from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import gpuBinary from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import wasmScript from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmBinary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { type WebRuntime, webRuntime } from "../../src/runtime/web.ts";
import type { RuntimeSettings } from "../messages.ts";

/** As addresses of their own: ONNX Runtime reads them from another script. */
const absolute = (url: string): string => new URL(url, import.meta.url).href;

const files = {
  wasm: { mjs: absolute(wasmScript), wasm: absolute(wasmBinary) },
  webgpu: { mjs: absolute(gpuScript), wasm: absolute(gpuBinary) },
};

/** Starts ONNX Runtime. Throws what {@link webRuntime} throws. */
export function startRuntime(settings: RuntimeSettings): Promise<WebRuntime> {
  return webRuntime({ ...settings, files });
}
