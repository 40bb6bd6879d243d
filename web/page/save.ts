/** Files from the page to the disk. */

/** Milliseconds after which a browser has taken a file. */
const taken = 60_000;

/** Saves a file as a download: it never leaves the machine. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), taken);
}
