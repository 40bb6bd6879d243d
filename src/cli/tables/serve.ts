/** The settings of `drmguard serve`. */
import { siteDefaults } from "../../server/site.ts";
import { parseInteger, parseText } from "../settings.ts";
import { flagOnly } from "./shared.ts";

/** Settings of `drmguard serve`. */
export const serveTable = {
  port: {
    flags: "--port <number>",
    help: "0 is any that is free",
    parse: parseInteger(0, 65535),
    fallback: String(siteDefaults.port),
    ...flagOnly,
  },
  host: {
    flags: "--host <address>",
    help: "other machines reach the page only where this is one of this machine's addresses in the network",
    parse: parseText,
    fallback: siteDefaults.host,
    ...flagOnly,
  },
} as const;
