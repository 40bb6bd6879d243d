/** `drmguard serve` */
import { fileURLToPath } from "node:url";
import { serveSite, siteDefaults } from "../../server/site.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { print } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { serveTable } from "../tables/serve.ts";

/** The built page; the path is the same from the sources and from the built files. */
const folder = fileURLToPath(new URL("../../../dist/web", import.meta.url));

/**
 * Serves the page until it is interrupted.
 *
 * Throws E_FILE when the page is not built, E_PORT when the address cannot be listened on.
 *
 * @returns the exit code
 */
export async function serve(flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(serveTable, flags);
  const site = await serveSite({
    folder,
    host: values.host ?? siteDefaults.host,
    port: values.port ?? siteDefaults.port,
  });
  await print(`${site.url}\n`);
  await withInterrupt(
    () => {},
    (signal) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
  );
  await site.close();
  return 0;
}
