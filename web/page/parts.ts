/** What is said to the worker, in parts that do not keep the page from answering. */
import type { PageMessage, PageRequest } from "../messages.ts";

/** Files in a message: the browser copies one in a fifth of a millisecond, so that a part takes 10 ms. */
const filesAtOnce = 50;

/**
 * The messages that ask for work. Clean images go before it in parts, unless the worker has them.
 *
 * @param known the images that the worker was given last; null when it has none
 * @returns the messages in their order, and the images that the worker has after them
 */
export function messagesOf(
  request: PageRequest,
  known: readonly File[] | null,
): { readonly messages: readonly PageMessage[]; readonly images: readonly File[] | null } {
  if (request.kind !== "scan" && request.kind !== "repair") return { messages: [request], images: known };
  const { files } = request.images;
  const work: PageRequest = { ...request, images: { ...request.images, files: [] } };
  if (files === known) return { messages: [work], images: known };
  const parts = Array.from({ length: Math.ceil(files.length / filesAtOnce) }, (_, i): PageMessage => {
    const start = i * filesAtOnce;
    return { kind: "images", files: files.slice(start, start + filesAtOnce), isFirst: i === 0 };
  });
  return { messages: [...parts, work], images: files };
}
