/** Hints name flags of the command line; the page has fields. */

const fields: Readonly<Record<string, string>> = {
  "--mean": "Mean",
  "--std": "Standard deviation",
  "--scale": "White is",
  "--layout": "Layout",
  "--channels": "Channels",
  "--size": "Resize images to",
  "--features": "Features F(x)",
  "--outputs": "Outputs",
  "--hold": "Other inputs are",
  "--method": "Method",
  "--set": "Options",
};

/** A message with the names of fields in the place of flags: `--size 64x64` becomes `"Resize images to" 64x64`. */
export function withFieldNames(text: string): string {
  return text.replace(/--[a-z]+\b(?!-)/g, (flag) =>
    fields[flag] === undefined ? flag : `"${fields[flag]}"`,
  );
}
