/** Files that are dropped or chosen, also in folders. */
import type { GivenFile } from "./choice.ts";

/**
 * Everything that was dropped. Folders are read to their ends.
 *
 * @param transfer of the drop; it is empty once the event is over, so this must be called in it
 */
export function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  // Where the browser tells of no folders there are files alone.
  if (!entries.some((entry) => entry?.isDirectory)) {
    return Promise.resolve([...transfer.files].map((file): GivenFile => ({ file, path: file.name })));
  }
  return Promise.all(entries.map((entry) => (entry === null ? [] : filesOf(entry, "")))).then((lists) =>
    lists.flat(),
  );
}

/** What was chosen in a dialog. */
export function chosenFiles(input: HTMLInputElement): GivenFile[] {
  return [...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<GivenFile[]> {
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ file, path }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: GivenFile[] = [];
  for (;;) {
    // A call gives at most a hundred, and none at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (entries.length === 0) return found;
    for (const each of entries) found.push(...(await filesOf(each, `${path}/`)));
  }
}
