/** Files and folders that are chosen by the browser's own pickers. */
import type { GivenFile } from "./choice.ts";

/** What browsers without such pickers lack, and what this language's library does not know. */
interface WithPickers {
  readonly showDirectoryPicker: () => Promise<FileSystemDirectoryHandle>;
  readonly showOpenFilePicker: (options: { readonly multiple: true }) => Promise<FileSystemFileHandle[]>;
}

const pickers = (): WithPickers => window as unknown as WithPickers;

/**
 * Whether the browser has pickers that let a page view files (Chromium on an address that is secure, such as 127.0.0.1). A file dialog makes all files at once: for
 * 500 the page stands still for a tenth of a second. And for a folder it asks whether to upload it, which nothing does here.
 */
export const hasPickers = (): boolean => "showDirectoryPicker" in window && "showOpenFilePicker" in window;

/**
 * Files that the user picks; null where there are none.
 *
 * Throws what the browser throws where it may not ask, or a file cannot be read.
 */
export async function pickedFiles(): Promise<GivenFile[] | null> {
  const handles = await unlessLeft(pickers().showOpenFilePicker({ multiple: true }));
  if (handles === null) return null;
  const found: GivenFile[] = [];
  for (const handle of handles) found.push({ file: await handle.getFile(), path: handle.name });
  return found;
}

/**
 * Everything in a folder that the user picks, with the folders in it; null where the user picks none.
 *
 * Throws what the browser throws where it may not ask, or a file cannot be read.
 */
export async function pickedFolder(): Promise<GivenFile[] | null> {
  const folder = await unlessLeft(pickers().showDirectoryPicker());
  return folder === null ? null : filesIn(folder, `${folder.name}/`);
}

/** What a picker gives; null where it was left without a choice. */
async function unlessLeft<T>(picked: Promise<T>): Promise<T | null> {
  try {
    return await picked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
}

async function filesIn(folder: FileSystemDirectoryHandle, path: string): Promise<GivenFile[]> {
  const found: GivenFile[] = [];
  for await (const entry of folder.values()) {
    if (entry.kind === "directory") {
      found.push(...(await filesIn(entry as FileSystemDirectoryHandle, `${path}${entry.name}/`)));
    } else found.push({ file: await (entry as FileSystemFileHandle).getFile(), path: path + entry.name });
  }
  return found;
}
