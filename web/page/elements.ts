/** Elements of the page. Text goes in as text, never as HTML: names come from files of strangers. */

/**
 * The element of an id. Throws when the page has none of that kind.
 *
 * @param kind such as HTMLButtonElement
 */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** What an element gets. */
type Attributes = Readonly<Record<string, string | (() => void)>>;

/**
 * Makes an element.
 *
 * @param attributes texts; a function is called on a click
 * @param children elements and texts
 */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") element.setAttribute(name, value);
    else element.addEventListener("click", value);
  }
  element.append(...children);
  return element;
}

/** Rows of names and values. */
export function definitions(rows: readonly (readonly [string, string])[]): HTMLDListElement {
  return make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

/** Shows or hides elements. */
export function show(isShown: boolean, ...elements: readonly HTMLElement[]): void {
  for (const element of elements) element.hidden = !isShown;
}
