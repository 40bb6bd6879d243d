/** The headers of the page: what it may load, and what its threads need. */

/**
 * What the page may load: its own files, and pictures that it draws. No connection to any other place can be opened, so nothing
 * that a user drops on it can leave the machine.
 *
 * Styles may be inline: the report is a document of its own within the page, which inherits this policy and carries its style with it.
 */
export const contentPolicy: string = [
  "default-src 'none'",
  // ONNX Runtime is WebAssembly; no text becomes a script.
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
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
