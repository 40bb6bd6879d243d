/** Folders that are chosen by the browser's own picker. */
import type { GivenFile } from "./choice.ts";

/** What browsers without such a picker lack, and what this language's library does not know. */
interface WithPicker {
  readonly showDirectoryPicker: () => Promise<FileSystemDirectoryHandle>;
}

/**
 * Whether the browser has a picker that lets a page view a folder (Chromium on an address that is secure, such as 127.0.0.1). A file dialog calls the same an
 * upload, which it is not, and makes all files at once: for 500 the page stands still for a tenth of a second.
 */
export const hasFolderPicker = (): boolean => "showDirectoryPicker" in window;

/**
 * Everything in a folder that the user picks, with the folders in it; null where the user picks none.
 *
 * Throws what the browser throws where it may not ask, or a file cannot be read.
 */
export async function pickedFolder(): Promise<GivenFile[] | null> {
  let folder: FileSystemDirectoryHandle;
  try {
    folder = await (window as unknown as WithPicker).showDirectoryPicker();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
  return filesIn(folder, `${folder.name}/`);
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
