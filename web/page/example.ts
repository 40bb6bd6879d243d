/** The examples that lie beside the page. */
import type { ImageFiles, ModelFiles } from "../messages.ts";

/** Files at once. */
const atOnce = 16;

/**
 * An example: one of the models, and its clean images with their labels.
 *
 * Throws when the site does not have its files.
 *
 * @param name of the model
 */
export async function loadExample(name: string): Promise<{ model: ModelFiles; images: ImageFiles }> {
  const names = (await (await load("example/images.json")).json()) as string[];
  const model = await fileAt(`example/${name}.onnx`);
  const files: File[] = [];
  for (let i = 0; i < names.length; i += atOnce) {
    const part = names.slice(i, i + atOnce).map((each) => fileAt(`example/images/${each}`));
    files.push(...(await Promise.all(part)));
  }
  const labels = files.find((file) => file.name === "labels.csv") ?? null;
  return {
    model: { model, external: [] },
    images: { name: "examples", files: files.filter((file) => file !== labels), labels, unsearched: 0 },
  };
}

async function fileAt(path: string): Promise<File> {
  return new File([await (await load(path)).blob()], path.split("/").at(-1)!);
}

async function load(path: string): Promise<Response> {
  const response = await fetch(path);
  if (response.ok) return response;
  throw new Error(`the site has no ${path} (${response.status})`);
}
