/** A line on a terminal that is drawn again, and lines that stay. */

/** What progress is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** The line at the bottom of a terminal. */
export interface StatusLine {
  /** Draws it, cut to the terminal's width. */
  readonly draw: (text: string) => void;
  /** Takes it away. */
  readonly clear: () => void;
  /** Writes a line that stays, in its place. */
  readonly say: (text: string) => void;
}

/** A status line of a stream, not drawn yet. */
export function createStatusLine(stream: ProgressStream): StatusLine {
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) stream.write("\r\u001b[K");
    isDrawn = false;
  };
  return {
    clear,
    say(text) {
      clear();
      stream.write(`${text}\n`);
    },
    draw(text) {
      const width = (stream.columns ?? 80) - 1;
      stream.write(`\r\u001b[K${text.slice(0, width)}`);
      isDrawn = true;
    },
  };
}
