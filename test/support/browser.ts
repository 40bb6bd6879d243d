/** A real browser on the built page. Where there is none these tests are skipped, loudly, unless they are required. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import axe, { type AxeResults } from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Site, serveSite } from "../../src/server/site.ts";

/** Where Debian and others put it. */
const usualPaths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** No sandbox: in containers tests run as root. */
const commonFlags = [
  "--headless",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** How graphics are done: not at all, so that WebGPU is not to be found, or by software. */
const graphicsFlags = {
  none: ["--disable-gpu"],
  software: [
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
    "--use-angle=swiftshader",
    "--ignore-gpu-blocklist",
  ],
} as const;

/** The folder of the built page. */
export const pageFolder = fileURLToPath(new URL("../../dist/web", import.meta.url));

/**
 * The path of Chromium: DRMGUARD_CHROMIUM, or where it usually is; null where it is not. Throws when it is required and not there.
 *
 * @param environment the process's variables
 * @param paths where it may be
 */
export function findChromium(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  paths: readonly string[] = usualPaths,
): string | null {
  const { DRMGUARD_CHROMIUM: given, DRMGUARD_REQUIRE_CHROMIUM: required } = environment;
  const found = [...(given ? [given] : []), ...paths].find((path) => existsSync(path)) ?? null;
  if (found === null && required) {
    throw new Error(`found no Chromium, expected one: DRMGUARD_REQUIRE_CHROMIUM is set`);
  }
  return found;
}

/** What a test in a browser gets. */
export interface BrowserTest {
  /** A new page in a context of its own; it is closed, and held to have said nothing on its console, by {@link closePages}. */
  open(address?: string, options?: BrowserContextOptions): Promise<Page>;
  /** Closes all pages, and fails when one of them has logged an error or a warning. */
  closePages(): Promise<void>;
  /** What the console may say in this test. */
  forgive(pattern: RegExp): void;
}

/** A group of tests in a browser, with the page served by the command line's own server. */
export function describeInBrowser(
  name: string,
  tests: (browser: BrowserTest) => void,
  graphics: keyof typeof graphicsFlags = "none",
): void {
  const path = findChromium();
  if (path === null) {
    console.warn(
      `${name}: SKIPPED, found no Chromium at ${usualPaths.join(", ")} (DRMGUARD_CHROMIUM names another one)`,
    );
  }
  describe.skipIf(path === null)(name, () => {
    let browser: Browser;
    let site: Site;
    let forgiven: RegExp | null = null;
    let pages: { page: Page; said: string[] }[] = [];
    beforeAll(async () => {
      if (!existsSync(pageFolder)) throw new Error("dist/ is not built: run npm run build, or npm test");
      site = await serveSite({ folder: pageFolder, host: "127.0.0.1", port: 0 });
      browser = await chromium.launch({
        executablePath: path!,
        args: [...commonFlags, ...graphicsFlags[graphics]],
      });
    });
    afterAll(async () => {
      await browser?.close();
      await site?.close();
    });
    tests({
      forgive(pattern) {
        forgiven = pattern;
      },
      async open(address = "", options = {}) {
        const context = await browser.newContext(options);
        const page = await context.newPage();
        const said: string[] = [];
        page.on("console", (message) => {
          if (message.type() === "error" || message.type() === "warning") said.push(message.text());
        });
        page.on("pageerror", (error) => said.push(error.message));
        pages.push({ page, said });
        await page.goto(/^\w+:/.test(address) ? address : site.url + address);
        return page;
      },
      async closePages() {
        const open = pages;
        pages = [];
        for (const { page } of open) await page.context().close();
        const pattern = forgiven;
        forgiven = null;
        const said = open.flatMap((each) => each.said).filter((text) => !pattern?.test(text));
        expect(said).toEqual([]);
      },
    });
  });
}

/** Everything that axe-core finds wrong with a page as it is, with the elements. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // As a text for the debugger: the page's own policy lets no script in.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run({ resultTypes: ["violations"], iframes: false })`,
  );
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
  );
}
