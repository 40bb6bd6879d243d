/** Builds the page as a static site. */
import { cpSync, createReadStream, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultClientConditions, defineConfig, type Plugin, type UserConfig } from "vite";
import { contentPolicy, siteHeaders } from "../src/server/headers.ts";
import { licenseFile } from "./licenses.ts";

const root = import.meta.dirname;
const example = join(root, "..", "examples", "gaze64");
const licenses = licenseFile("licenses.txt", [join(root, "..", "node_modules", "onnxruntime-web")]);

/** The policy in the page itself, for hosts that send no headers. Not while developing: Vite's own scripts are inline. */
function policyTag(): Plugin {
  return {
    name: "content-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: contentPolicy },
        injectTo: "head-prepend",
      },
    ],
  };
}

/** What the list of the example's images holds: a static host shows no folders. */
const imageList = (): string => JSON.stringify(readdirSync(join(example, "images")).sort());

/** The example beside the page, with a list of its files. */
function exampleFiles(): Plugin {
  return {
    name: "example-files",
    configureServer(server) {
      server.middlewares.use("/example", (request, response, next) => {
        const path = (request.url ?? "").split("?")[0]!;
        if (path === "/images.json") response.end(imageList());
        else if (/^(\/images)?\/[\w-]+\.\w+$/.test(path))
          createReadStream(join(example, path)).pipe(response);
        else next();
      });
    },
    writeBundle({ dir }) {
      const folder = join(dir!, "example");
      mkdirSync(folder, { recursive: true });
      cpSync(example, folder, { recursive: true });
      writeFileSync(join(folder, "images.json"), imageList());
    },
  };
}

// While developing, Vite's own scripts are inline.
const { "Content-Security-Policy": _, ...developmentHeaders } = siteHeaders;

const config: UserConfig = defineConfig({
  root,
  // Works from any folder of a host.
  base: "./",
  // ONNX Runtime's threads load its own script again; inside of ours they would run the worker anew.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
  plugins: [policyTag(), exampleFiles(), licenses.write()],
  worker: { format: "es", plugins: () => [licenses.collect()] },
  build: {
    outDir: join(root, "..", "dist", "web"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    // How long plugins took is no warning.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { headers: developmentHeaders },
});
export default config;
