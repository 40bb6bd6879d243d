/** Clean images with the true trigger, for pictures. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../data/node/file-error.ts";
import type { ResultEvidence } from "../report/result.ts";

/** The images of some evidence with the true trigger, as data URLs. Throws E_FILE when one cannot be read. */
export async function poisonedImages(
  folder: string,
  evidence: readonly Pick<ResultEvidence, "name">[],
): Promise<string[]> {
  return Promise.all(
    evidence.map(async ({ name }) => {
      const path = join(folder, name);
      const bytes = await readFile(path).catch((cause: unknown) => {
        throw fileError(`cannot read ${path}`, cause);
      });
      return `data:image/png;base64,${bytes.toString("base64")}`;
    }),
  );
}
