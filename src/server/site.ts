/** The built page over HTTP, for this machine. The one place that listens; nothing here opens a connection. */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DrmGuardError, messageOf } from "../errors.ts";
import { siteHeaders } from "./headers.ts";

/** A server that is listening. */
export interface Site {
  /** Where the page is. */
  readonly url: string;
  /** Ends it, with the connections that are open. */
  close(): Promise<void>;
}

/** Where to listen. */
export interface SiteOptions {
  /** The folder of the built page. */
  readonly folder: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** What is listened on when nothing else is said. */
export const siteDefaults = {
  /** This machine alone: what is dropped on the page stays on it, but who else uses it is not ours to decide. */
  host: "127.0.0.1",
  port: 8000,
} as const;

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};
const indexFile = "index.html";

interface SiteFile {
  readonly path: string;
  readonly size: number;
}

/**
 * Serves the files of a folder, and no others: what can be asked for is listed before the first request.
 *
 * Throws E_FILE when the folder holds no page, E_PORT when the address cannot be listened on.
 */
export async function serveSite({ folder, host, port }: SiteOptions): Promise<Site> {
  const files = await filesIn(folder);
  if (!files.has(`/${indexFile}`)) {
    throw new DrmGuardError("E_FILE", `found no ${indexFile} in ${folder}, expected the built page`, {
      hint: "in a checkout, `npm run build` builds it",
    });
  }
  const server = createServer((request, response) => {
    answer(request, response, files).catch(() => response.destroy());
  });
  await listen(server, host, port);
  const { port: used } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${used}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** All files by the paths that a browser asks for. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, SiteFile>> {
  const files = new Map<string, SiteFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new DrmGuardError("E_FILE", `cannot read the built page in ${folder}: ${messageOf(cause)}`, {
      cause,
      hint: "in a checkout, `npm run build` builds it",
    });
  });
  for (const entry of entries) {
    // Not what a link leads to: that may lie anywhere.
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const url = path.slice(join(folder, "/").length).split(/[\\/]/).join("/");
    files.set(`/${url}`, { path, size: (await stat(path)).size });
  }
  return files;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === "EADDRINUSE";
      const reason = isTaken ? "another program listens there already" : cause.message;
      reject(
        new DrmGuardError("E_PORT", `cannot listen on ${host}:${port}: ${reason}`, {
          cause,
          ...(isTaken ? { hint: "--port takes another one; 0 is any that is free" } : {}),
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function answer(
  { method, url = "/" }: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, SiteFile>,
): Promise<void> {
  for (const [name, value] of Object.entries(siteHeaders)) response.setHeader(name, value);
  if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { Allow: "GET, HEAD" }).end();
    return;
  }
  const path = pathOf(url);
  const file = path === null ? undefined : files.get(path === "/" ? `/${indexFile}` : path);
  if (file === undefined) {
    response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" }).end("not found\n");
    return;
  }
  response.writeHead(200, {
    "Content-Type": contentTypes[extname(file.path)] ?? "application/octet-stream",
    "Content-Length": file.size,
    // Names of scripts change with their content; the page that names them must not be an old one.
    "Cache-Control": path?.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (method === "HEAD") response.end();
  else await pipeline(createReadStream(file.path), response);
}

/** The path of a request as it was sent: what is not in the list as it stands is not there. Null when it is no text. */
function pathOf(url: string): string | null {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0]!);
  } catch {
    return null;
  }
}
