/** Folders of images as .npz files. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { crc32 } from "../../src/data/crc32.ts";

/** The images of a folder, in the order of their names, as the `images` of a .npz file. */
export async function npzOf(folder: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let side = [0, 0];
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".png"))
    .sort()) {
    const { data, info } = await sharp(join(folder, name))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    parts.push(data);
    side = [info.height, info.width];
  }
  return zipOf({ "images.npy": npyOf("|u1", [parts.length, ...side, 3], Buffer.concat(parts)) });
}

/** An array in NumPy's format, version 1.0. */
export function npyOf(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = Buffer.from(`${text.padEnd(length - 1)}\n`, "latin1");
  const magic = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  return Buffer.concat([magic, header, data]);
}

/** A zip archive of stored files (APPNOTE 6.3). */
export function zipOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(files)) {
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, nameBytes, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, tail, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(locals.length, 8);
  end.writeUInt16LE(locals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
