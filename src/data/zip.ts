/** Zip archives, as far as .npz files need them: stored and deflated entries, zip64, no encryption. */
import { DrmGuardError, messageOf } from "../errors.ts";
import { crc32 } from "./crc32.ts";

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes after unpacking. */
  readonly size: number;
  /** Unpacks it. Throws E_IMAGES when it is damaged. */
  read(): Promise<Uint8Array>;
}

const endOfDirectory = 0x06054b50;
const endOfDirectory64 = 0x06064b50;
const directoryEntry = 0x02014b50;
const localEntry = 0x04034b50;
/** A 16 or 32 bit field that is full says: look in the zip64 record. */
const inZip64 = 0xffffffff;
const text = new TextDecoder();

/** The 64 bit field at an offset. */
const uint64 = (view: DataView, offset: number): number => Number(view.getBigUint64(offset, true));

/**
 * Lists the files of an archive.
 *
 * Throws E_IMAGES when the bytes are no zip archive, or one that is cut short, encrypted or packed in another way.
 *
 * @param bytes the whole archive
 */
export function readZip(bytes: Uint8Array): ZipEntry[] {
  try {
    return listEntries(bytes);
  } catch (cause) {
    if (cause instanceof DrmGuardError) throw cause;
    // DataView throws RangeError for every field beyond the end.
    throw damaged("its directory points beyond its end", cause);
  }
}

function damaged(what: string, cause?: unknown): DrmGuardError {
  return new DrmGuardError("E_IMAGES", `the zip archive is damaged: ${what}`, { cause });
}

function listEntries(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start } = findDirectory(view);
  const entries: ZipEntry[] = [];
  let offset = start;
  for (let i = 0; i < count; i++) {
    if (view.getUint32(offset, true) !== directoryEntry) throw damaged("its directory has a gap");
    const nameLength = view.getUint16(offset + 28, true);
    const extraLength = view.getUint16(offset + 30, true);
    const name = text.decode(bytes.subarray(offset + 46, offset + 46 + nameLength));
    const fields = readSizes(view, offset, offset + 46 + nameLength, extraLength);
    const flags = view.getUint16(offset + 8, true);
    const method = view.getUint16(offset + 10, true);
    const checksum = view.getUint32(offset + 16, true);
    if (flags & 1)
      throw new DrmGuardError("E_IMAGES", `${name} in the zip archive is encrypted, expected a plain file`);
    entries.push({
      name,
      size: fields.size,
      read: () => unpack(bytes, view, { name, method, checksum, ...fields }),
    });
    offset += 46 + nameLength + extraLength + view.getUint16(offset + 32, true);
  }
  return entries;
}

function findDirectory(view: DataView): { count: number; start: number } {
  // The record is 22 bytes and a comment of at most 65535 long.
  const lowest = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= lowest; at--) {
    if (view.getUint32(at, true) !== endOfDirectory) continue;
    const count = view.getUint16(at + 10, true);
    const start = view.getUint32(at + 16, true);
    if (count !== 0xffff && start !== inZip64) return { count, start };
    // The locator stands right before the record, and says where the zip64 record is.
    const at64 = uint64(view, at - 12);
    if (view.getUint32(at64, true) !== endOfDirectory64) throw damaged("its zip64 record is missing");
    return { count: uint64(view, at64 + 32), start: uint64(view, at64 + 48) };
  }
  throw new DrmGuardError(
    "E_IMAGES",
    "the file is no zip archive, or cut short: it has no directory at its end",
  );
}

interface Sizes {
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

function readSizes(view: DataView, offset: number, extra: number, extraLength: number): Sizes {
  const small = {
    size: view.getUint32(offset + 24, true),
    packed: view.getUint32(offset + 20, true),
    at: view.getUint32(offset + 42, true),
  };
  for (let at = extra; at + 4 <= extra + extraLength; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    // Only the fields that are full stand here, in this order.
    let next = at + 4;
    const take = (value: number): number => {
      if (value !== inZip64) return value;
      next += 8;
      return uint64(view, next - 8);
    };
    return { size: take(small.size), packed: take(small.packed), at: take(small.at) };
  }
  return small;
}

interface Packed extends Sizes {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
}

async function unpack(bytes: Uint8Array, view: DataView, entry: Packed): Promise<Uint8Array> {
  const { name, method, at, packed, size } = entry;
  if (at + 30 > bytes.byteLength || view.getUint32(at, true) !== localEntry)
    throw damaged(`${name} is not where it should be`);
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (start + packed > bytes.byteLength) throw damaged(`${name} is cut short`);
  const content = bytes.subarray(start, start + packed);
  if (method !== 0 && method !== 8) {
    throw new DrmGuardError(
      "E_IMAGES",
      `${name} in the zip archive is packed by method ${method}, expected stored or deflated`,
    );
  }
  const unpacked = method === 0 ? content : await inflate(name, content, size);
  if (unpacked.byteLength !== size)
    throw damaged(`${name} has ${unpacked.byteLength} bytes, expected ${size}`);
  if (crc32(unpacked) !== entry.checksum) throw damaged(`the checksum of ${name} does not fit`);
  return unpacked;
}

async function inflate(name: string, content: Uint8Array, size: number): Promise<Uint8Array> {
  // Deflate packs at most 1032 to 1: a directory that promises more would have us ask for memory in vain.
  if (size > content.byteLength * 1032 + 1024) throw damaged(`${name} cannot hold ${size} bytes`);
  const result = new Uint8Array(size);
  let filled = 0;
  try {
    const stream = new Blob([content as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream("deflate-raw"));
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      if (filled + chunk.byteLength > size)
        throw damaged(`${name} holds more than the ${size} bytes it names`);
      result.set(chunk, filled);
      filled += chunk.byteLength;
    }
  } catch (cause) {
    if (cause instanceof DrmGuardError) throw cause;
    throw damaged(`${name} cannot be inflated (${messageOf(cause)})`, cause);
  }
  return result.subarray(0, filled);
}
