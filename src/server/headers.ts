/** The headers of the page: what it may load, and what its threads need. */
import { styleHash } from "../report/page/style.ts";

/**
 * What the page may load: its own files, and pictures and reports that it draws. No connection to any other place can be opened, so
 * nothing that a user drops on it can leave the machine. A report is a document within the page, which inherits this policy and carries its
 * style with it.
 */
export const contentPolicy: string = [
  "default-src 'none'",
  // ONNX Runtime is WebAssembly; no text becomes a script.
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  `style-src 'self' 'sha256-${styleHash}'`,
  "frame-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The headers that are sent with every file. The first two isolate the page, without which it has one thread. */
export const siteHeaders: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy": `${contentPolicy}; frame-ancestors 'none'`,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};
