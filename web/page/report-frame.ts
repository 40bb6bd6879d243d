/** A report in a frame, which runs no scripts. */

/**
 * Shows a report.
 *
 * @param html a page of its own
 */
export function showReport(frame: HTMLIFrameElement, html: string): void {
  const old = frame.src;
  frame.onload = () => fitHeight(frame);
  // Not as srcdoc: there the links of the report to its own parts would lead to this page.
  frame.src = URL.createObjectURL(new Blob([html], { type: "text/html" }));
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

/** As high as what it holds, now and when that changes. */
function fitHeight(frame: HTMLIFrameElement): void {
  const root = frame.contentDocument?.documentElement;
  if (root === undefined || root === null) return;
  const resize = (): void => {
    // With its own border.
    frame.style.height = `${Math.ceil(root.getBoundingClientRect().height) + 2}px`;
  };
  resize();
  new ResizeObserver(resize).observe(root);
}
