/** A process that renders a part of a set, one file for each image. */
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DrmGuardError, messageOf } from "../../../errors.ts";
import { readMakeHuman } from "../../heads/makehuman.ts";
import { headPresets } from "../../heads/presets.ts";
import { anglesOfImage, renderImage } from "../../heads/render-image.ts";
import { withMakeHumanFiles } from "./makehuman-files.ts";
import { fileOf, type RenderMessage, type RenderRequest, type WrittenImage } from "./render-request.ts";

/** Images between two reports. */
const reportEvery = 10;
const webpQuality = 92;

/** Without a parent nobody waits for the images. */
const send = (message: RenderMessage): void => {
  process.send?.(message);
};

async function render({
  makeHuman,
  output,
  preset,
  size,
  seed,
  format,
  count,
  first,
  step,
}: RenderRequest): Promise<void> {
  const { default: sharp } = await import("sharp");
  // Processes share the machine's cores: threads of their own would only be in each other's way.
  sharp.concurrency(1);
  const model = await withMakeHumanFiles(makeHuman, readMakeHuman);
  const chosen = headPresets[preset];
  let written: WrittenImage[] = [];
  for (let index = first; index < count; index += step) {
    const path = join(output, fileOf(index, format));
    if (existsSync(path)) {
      written.push({ index, angles: anglesOfImage(model, chosen, seed, index) });
    } else {
      const { bytes, angles } = renderImage(model, chosen, seed, index, size);
      const image = sharp(bytes, { raw: { width: size, height: size, channels: 3 } });
      const encoded =
        format === "png" ? image.png() : image.webp({ quality: webpQuality, smartSubsample: true });
      const file = await encoded.toBuffer();
      // Under another name first, so that an interrupted run leaves no half image that the next one would take for whole.
      await writeFile(`${path}.tmp`, file);
      await rename(`${path}.tmp`, path);
      written.push({ index, angles });
    }
    if (written.length === reportEvery) {
      send({ kind: "images", images: written });
      written = [];
    }
  }
  if (written.length > 0) send({ kind: "images", images: written });
}

process.on("message", (request: RenderRequest) => {
  void render(request)
    .then(
      (): RenderMessage => ({ kind: "done" }),
      (thrown: unknown): RenderMessage => ({
        kind: "error",
        code: thrown instanceof DrmGuardError ? thrown.code : "E_INTERNAL",
        message: messageOf(thrown),
        hint: thrown instanceof DrmGuardError ? thrown.hint : undefined,
      }),
    )
    .then((message) => process.send?.(message, () => process.disconnect()));
});
// The terminal sends its interrupt to the whole group; the parent decides what it means.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
