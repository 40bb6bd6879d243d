/** Writes docs/result.schema.json, the published JSON Schema of result.json. */
import { writeFileSync } from "node:fs";
import { resultJsonSchema } from "../src/report/result.ts";

const path = new URL("../docs/result.schema.json", import.meta.url);
writeFileSync(path, `${JSON.stringify(resultJsonSchema(), null, 2)}\n`);
