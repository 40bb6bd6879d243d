/** What a browser tells of the machine, for the result. */
import type { ScanResult } from "../../src/report/result.ts";
import type { WebRuntime } from "../../src/runtime/web.ts";

/** Browsers name several others in their user agent; the last name that is its own counts. */
const browsers = [/Edg\/[\d.]+/, /Firefox\/[\d.]+/, /Chrome\/[\d.]+/, /Version\/[\d.]+.*Safari/];

/** Browser, runtime, provider, platform and threads. Browsers do not say which processor there is. */
export function environmentOf({ name, provider, threads }: WebRuntime): ScanResult["environment"] {
  const { userAgent, hardwareConcurrency } = navigator;
  const browser = browsers
    .map((pattern) => pattern.exec(userAgent)?.[0])
    .find((found) => found !== undefined);
  return {
    node: `none: ${(browser ?? "an unknown browser").replace("/", " ")}`,
    runtime: name,
    provider,
    platform: /\(([^)]*)\)/.exec(userAgent)?.[1] ?? "unknown",
    cpu: `unknown, ${hardwareConcurrency} cores`,
    threads,
  };
}
