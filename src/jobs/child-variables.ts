/** The environment of a job's process. */

/** Variables that a child needs; all others stay here. */
const passed = ["PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "NODE_OPTIONS"];

/** The variable that the GNU C library reads its settings from; other libraries do not know it. */
const tunables = "GLIBC_TUNABLES";

/**
 * Pages of 2 MB in place of 4 kB for large arrays, where the system has them for who asks. A step of a search or a training gives back tens of megabytes and asks for as many, and making pages one
 * by one took up to half of its time at 224 px (bench/README.md). Memory that goes to the system and comes back is still the rule: kept in the process it was no faster to speak of, and the peak of a scan rose from
 * 3.3 to 5.2 GB.
 */
const largePages = "glibc.malloc.hugetlb=1";

/**
 * The variables of a job's process: those that it needs, and on Linux how memory is asked for, unless that is set already.
 *
 * @param variables of this process
 */
export function childVariables(
  variables: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): Record<string, string> {
  const settings: Record<string, string | undefined> = {
    ...Object.fromEntries(passed.map((name) => [name, variables[name]])),
    ...(platform === "linux" ? { [tunables]: variables[tunables] ?? largePages } : {}),
  };
  return Object.fromEntries(
    Object.entries(settings).filter((each): each is [string, string] => each[1] !== undefined),
  );
}
