/** What heads are rendered from: a mesh, its morph targets, and what is worn on it. */
import type { Texture } from "./texture.ts";

/** Triangles and where their corners lie in a texture. */
export interface Surface {
  /** [m, 3] indices of vertices. */
  readonly triangles: Uint32Array;
  /** [m, 3, 2]: u from left to right, v from bottom to top. */
  readonly uvs: Float32Array;
}

/** How a shape changes: displacements of some vertices. */
export interface MorphTarget {
  readonly vertices: Uint32Array;
  /** [k, 3] in dm. */
  readonly deltas: Float32Array;
}

/** Something that is fitted to the mesh: hair, brows, lashes. */
export interface FittedMesh {
  readonly name: string;
  readonly surface: Surface;
  /** [n, 3] vertices of the mesh that each vertex hangs on. */
  readonly anchors: Uint32Array;
  /** [n, 3] their weights. */
  readonly weights: Float32Array;
  /** [n, 3] in dm, added to the weighted mean. */
  readonly offsets: Float32Array;
  readonly texture: Texture;
}

/** A skin, and whom it suits. */
export interface Skin {
  readonly race: string;
  readonly sex: string;
  readonly age: string;
  readonly texture: Texture;
}

/** The vertices that an eyeball is made from. */
export interface EyeVertices {
  /** Their mean is the centre. */
  readonly center: Uint32Array;
  /** They lie on the eyeball. */
  readonly surface: Uint32Array;
}

/** All that is needed to render heads. Positions are in dm: x to the subject's left, y up, z to the viewer. */
export interface HeadModel {
  /** [n, 3] */
  readonly vertices: Float32Array;
  /** [n] how much of the head's rotation a vertex takes: 1 on the head, 0 on the shoulders. */
  readonly following: Float32Array;
  /** [n] how much of a vertex is covered by clothes. */
  readonly clothing: Float32Array;
  readonly skinSurface: Surface;
  readonly teeth: Surface;
  /** The mean of these vertices is the point that the head turns about. */
  readonly pivot: Uint32Array;
  readonly eyes: readonly [left: EyeVertices, right: EyeVertices];
  /** By name, such as `nose/nose-hump-morehump`. */
  readonly targets: ReadonlyMap<string, MorphTarget>;
  readonly skins: readonly Skin[];
  readonly hairs: readonly FittedMesh[];
  readonly brows: readonly FittedMesh[];
  readonly lashes: readonly FittedMesh[];
}
