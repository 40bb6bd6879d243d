/** The trigger that a search has at the moment, drawn on an image. */
import { type ImageSet, imageOf } from "../../src/data/image-set.ts";
import { type FamilyName, families } from "../../src/identification/families/families.ts";
import type { TriggerSketch } from "../../src/loops/work.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { compile, type Program } from "../../src/runtime/compile.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { reshape } from "../../src/tensor/movement.ts";
import type { Sketch } from "../messages.ts";
import { pictureOf } from "./pictures.ts";

/** Draws triggers. */
export interface SketchArtist {
  /** The first image of the set is the one that is drawn on. */
  show(images: ImageSet): void;
  /** Null for families that are not known here, and before there is an image. */
  draw(sketch: TriggerSketch): Promise<Sketch | null>;
  /** Gives the memory back. */
  release(): Promise<void>;
}

/** More would show nothing but noise. */
const mostStrength = 8;

/** Milliseconds between two drawings: each is a run of its own in between those of the search. */
export const sketchInterval = 1500;

/**
 * An artist with a program for each family, which is compiled when the first of it is drawn.
 *
 * @param runtime what runs the programs
 */
export function sketchArtist(runtime: Runtime): SketchArtist {
  const programs = new Map<string, Promise<Program>>();
  let images: ImageSet | null = null;
  const programFor = (name: FamilyName, shape: readonly [number, number, number]): Promise<Program> => {
    const known = programs.get(name);
    if (known !== undefined) return known;
    const graph = new Graph();
    const image = graph.input("image", [1, ...shape]);
    const theta = graph.input("theta", [1, families[name].length(shape)]);
    const program = compile(runtime, {
      changed: reshape(families[name].write(theta, image).images, image.shape),
    });
    programs.set(name, program);
    return program;
  };
  return {
    show(set) {
      images = set;
    },
    async draw({ family, theta }) {
      if (images === null || !Object.hasOwn(families, family)) return null;
      const shape = images.shape.slice(1) as [number, number, number];
      const clean = imageOf(images, 0).slice();
      const program = await programFor(family as FamilyName, shape);
      const results = await program.run({
        image: float32(clean, [1, ...shape]),
        theta: float32(theta, [1, theta.length]),
      });
      const reversed = results.changed!.data as Float32Array;
      const change = clean.map((value, i) => reversed[i]! - value);
      const largest = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const strength = Math.max(1, Math.min(mostStrength, Math.floor(1 / largest)));
      const difference = change.map((value) => 0.5 + (strength * value) / 2);
      return {
        family,
        clean: pictureOf(clean, shape),
        reversed: pictureOf(reversed, shape),
        difference: pictureOf(difference, shape),
        strength,
      };
    },
    async release() {
      const compiled = [...programs.values()];
      programs.clear();
      for (const program of compiled) await (await program).release();
    },
  };
}
