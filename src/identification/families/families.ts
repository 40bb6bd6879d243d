/** All families of trigger functions by name. */
import { additive } from "./additive.ts";
import type { TriggerFamily } from "./family.ts";
import { patch } from "./patch.ts";
import { warp } from "./warp.ts";
import { wave } from "./wave.ts";

/** The families. */
export const families = { patch, warp, additive, wave } as const satisfies Readonly<
  Record<string, TriggerFamily>
>;

/** The name of a family. */
export type FamilyName = keyof typeof families;

/** The names of all families. */
export const familyNames = Object.keys(families) as FamilyName[];
