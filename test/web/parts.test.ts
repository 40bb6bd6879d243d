/** What the page says to its worker: all of the images, once, in parts. */
import { describe, expect, test } from "vitest";
import type { PageRequest } from "../../web/messages.ts";
import { messagesOf } from "../../web/page/parts.ts";

const files = Array.from({ length: 120 }, (_, i) => new File([], `${i}.png`));
const settings = {} as Extract<PageRequest, { kind: "check" }>["settings"];
const model = { model: new File([], "model.onnx"), external: [] };
const scan: PageRequest = {
  kind: "scan",
  settings,
  model,
  images: { name: "faces", files, labels: null, unsearched: 0 },
  resume: false,
};

describe("messagesOf", () => {
  test("gives the images in parts, in their order, and the work without them at the end", () => {
    const { messages, images } = messagesOf(scan, null);
    const parts = messages.slice(0, -1);
    const given = parts.map((part) => (part.kind === "images" ? part.files : []));
    expect(given.flat()).toEqual(files);
    expect(Math.max(...given.map((part) => part.length))).toBeLessThanOrEqual(50);
    expect(parts.map((part) => part.kind === "images" && part.isFirst)).toEqual([true, false, false]);
    expect(messages.at(-1)).toMatchObject({ kind: "scan", images: { name: "faces", files: [] } });
    expect(images).toBe(files);
  });

  test("does not give them again", () => {
    const { messages } = messagesOf({ ...scan, resume: true }, files);
    expect(messages.map(({ kind }) => kind)).toEqual(["scan"]);
  });

  test("gives others in their place", () => {
    const { messages, images } = messagesOf(scan, files.slice());
    expect(messages).toHaveLength(4);
    expect(images).toBe(files);
  });

  test("leaves what needs no images as it is, and what the worker has", () => {
    const check: PageRequest = { kind: "check", settings, model };
    expect(messagesOf(check, files)).toEqual({ messages: [check], images: files });
  });
});
