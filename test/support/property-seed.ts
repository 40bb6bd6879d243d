/**
 * Examples of property tests are drawn from one seed, so that a run can be made again: what fails, fails for everyone. `FC_SEED` draws
 * others, to look for what the usual ones do not show.
 */
import fc from "fast-check";

const usualSeed = 20_241_104;

fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? usualSeed) });
