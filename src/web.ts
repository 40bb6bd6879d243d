/** DRMGuard in browsers: ONNX Runtime there. What it runs is in `drmguard`. */
export {
  type WasmFiles,
  type WebProvider,
  type WebRuntime,
  type WebRuntimeOptions,
  webProviders,
  webRuntime,
} from "./runtime/web.ts";
