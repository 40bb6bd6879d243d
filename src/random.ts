/** Random numbers from a seed. Everything random in the project takes one of these generators. */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus, xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers; drawing from it changes it. */
export interface Random {
  /** A number in [0, 1). */
  uniform(): number;
  /** A whole number in [0, n). */
  integer(n: number): number;
  /** A number from the standard normal distribution. */
  normal(): number;
  /** The numbers 0 to n - 1 in random order. */
  permutation(n: number): number[];
  /** Another stream, independent of this one, for a purpose with a name. Does not change this one. */
  fork(purpose: string): Random;
  /** What is needed to go on from here: see {@link resumeRandom}. */
  state(): readonly number[];
}

/**
 * A stream of random numbers.
 *
 * @param seed any whole number
 */
export function createRandom(seed: number): Random {
  // The generator's first numbers are sums of its seed's bits: small seeds as they are would all begin with 0.99999.
  return wrap(xoroshiro128plus(hash(`seed ${seed}`)));
}

/**
 * A stream that goes on where another one was.
 *
 * @param state what {@link Random.state} gave
 */
export function resumeRandom(state: readonly number[]): Random {
  return wrap(xoroshiro128plusFromState(state));
}

function wrap(generator: ReturnType<typeof xoroshiro128plus>): Random {
  const uniform = (): number => uniformFloat64(generator);
  return {
    uniform,
    integer: (n) => uniformInt(generator, 0, n - 1),
    // Box and Muller; 1 - u keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    permutation(n) {
      const order = Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = uniformInt(generator, 0, i);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
    fork: (purpose) => wrap(xoroshiro128plus(hash(`${generator.getState().join(",")}/${purpose}`))),
    state: () => [...generator.getState()],
  };
}

/** FNV-1a, 32 bits: enough to tell purposes apart. The end is MurmurHash3's, so that every bit depends on every character. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) as number), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
