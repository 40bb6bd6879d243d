/** Bytes as base64 text, in Node and in browsers. */
import { DrmGuardError } from "../errors.ts";

/** Characters made by one call: each is an argument of it, and those are limited. */
const chunk = 0x8000;

/** Bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += chunk) {
    binary += String.fromCharCode(...bytes.subarray(i, i + chunk));
  }
  return btoa(binary);
}

/** The bytes of base64. Throws E_RESULT when the text is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch (cause) {
    throw new DrmGuardError("E_RESULT", `found ${text.length} characters that are no base64`, { cause });
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
