// Makes elements of the page. Text goes in as text, never as markup.

interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { class: names, text, attributes = {} }: ElementOptions = {},
  ...children: readonly HTMLElement[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (names !== undefined) {
    made.className = names;
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function button(text: string, press: () => void, names = 'button'): HTMLButtonElement {
  const made = element('button', { class: names, text, attributes: { type: 'button' } });
  made.addEventListener('click', press);
  return made;
}

/** @param label what the sign stands for */
export function signButton(text: string, label: string, press: () => void): HTMLButtonElement {
  const made = button(text, press, 'button sign');
  made.setAttribute('aria-label', label);
  made.title = label;
  return made;
}

/** Sets what differs, so that a screen reader does not hear again what it has heard. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/**
 * The children that stand for these numbers, in their order. One that stays is not made anew: what was told of it, and
 * that it has the attention of a screen reader, lasts from frame to frame.
 * @param name of the data attribute that holds the number
 */
export function keepInOrder(
  parent: HTMLElement,
  name: string,
  wanted: ReadonlySet<number>,
  make: (number: number) => HTMLElement,
): void {
  const known = new Map<number, HTMLElement>();
  for (const child of parent.children as HTMLCollectionOf<HTMLElement>) {
    known.set(Number(child.dataset[name]), child);
  }
  const items = [...wanted]
    .sort((a, b) => a - b)
    .map((number) => {
      const item = known.get(number) ?? make(number);
      item.dataset[name] = String(number);
      return item;
    });
  if (items.length !== parent.children.length || items.some((item, index) => parent.children[index] !== item)) {
    parent.replaceChildren(...items);
  }
}
