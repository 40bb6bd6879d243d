/** Writes OPERATORS.md: npx tsx tools/make-operators.ts */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { operatorsDocument } from "./operators-document.ts";

writeFileSync(join(import.meta.dirname, "../OPERATORS.md"), operatorsDocument());
