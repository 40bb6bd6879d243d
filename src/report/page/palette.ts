/** The colours of all reports. Each has a contrast of 4.5 or more to the background, in light and in dark. */

/** A colour on a light page and on a dark one. */
export interface Color {
  readonly light: string;
  readonly dark: string;
}

/** Colours by name; in styles and charts `var(--name)`. */
export const palette = {
  background: { light: "#ffffff", dark: "#14171b" },
  text: { light: "#1b1f24", dark: "#e6e8eb" },
  dim: { light: "#57606a", dark: "#a3abb5" },
  line: { light: "#d0d7de", dark: "#3a414a" },
  shade: { light: "#f3f5f7", dark: "#1e2329" },
  link: { light: "#0b5cad", dark: "#7cb7ff" },
  clean: { light: "#0b62c4", dark: "#6cb2ff" },
  reversed: { light: "#b93a08", dark: "#ff9a6b" },
  control: { light: "#0b6e66", dark: "#4fd1c5" },
  home: { light: "#7231d6", dark: "#c4a7ff" },
  benign: { light: "#1a7f37", dark: "#1a7f37" },
  backdoored: { light: "#b3261e", dark: "#b3261e" },
  inconclusive: { light: "#8a6100", dark: "#8a6100" },
} as const satisfies Readonly<Record<string, Color>>;

/** The name of a colour. */
export type ColorName = keyof typeof palette;

/** A colour for attributes of charts. */
export const colorOf = (name: ColorName): string => `var(--${name})`;

/** A chart's text with the colours of a light page in place of their names: for files that stand alone. */
export function withLightColors(svg: string): string {
  return svg
    .replaceAll(/var\(--([a-z]+)\)/g, (whole, name: string) =>
      name in palette ? palette[name as ColorName].light : whole,
    )
    .replaceAll("currentColor", palette.text.light);
}
