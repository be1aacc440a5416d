// A menu at a place of the page, by mouse and by keyboard.
import { element } from './element.js';

interface MenuItem {
  readonly title: string;
  /** Between two groups is a line. */
  readonly group: string;
  /** As `ctrl+alt+r`. */
  readonly key?: string;
  /** It opens another one. */
  readonly isMenu?: boolean;
  readonly choose: () => void;
}

/** Opens it; whatever had the keyboard has it again afterwards. */
export function openMenu(label: string, items: readonly MenuItem[], x: number, y: number): void {
  const before = document.activeElement;
  const buttons = items.map(({ title, key, isMenu = false }) =>
    element(
      'button',
      {
        attributes: {
          type: 'button',
          role: 'menuitem',
          tabindex: '-1',
          ...(isMenu && { 'aria-haspopup': 'menu' }),
          ...(key !== undefined && { 'aria-keyshortcuts': spellKey(key) }),
        },
      },
      element('span', { text: title }),
      element('span', { text: isMenu ? '›' : spellKey(key ?? ''), attributes: { 'aria-hidden': 'true' } }),
    ),
  );
  const lines = buttons.flatMap((one, index) =>
    index > 0 && items[index]?.group !== items[index - 1]?.group
      ? [element('div', { attributes: { role: 'separator' } }), one]
      : [one],
  );
  const menu = element('div', { class: 'menu', attributes: { role: 'menu', 'aria-label': label } }, ...lines);
  const ended = new AbortController();
  const close = (): void => {
    if (!ended.signal.aborted) {
      ended.abort();
      menu.remove();
      if (before instanceof HTMLElement) {
        before.focus();
      }
    }
  };
  const focus = (index: number): void => buttons[(index + buttons.length) % buttons.length]?.focus();
  buttons.forEach((one, index) => {
    one.addEventListener('click', () => {
      close();
      items[index]?.choose();
    });
  });
  menu.addEventListener('keydown', (event) => {
    const at = buttons.findIndex((one) => one === document.activeElement);
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => focus(at + 1),
      ArrowUp: () => focus(at - 1),
      Home: () => focus(0),
      End: () => focus(buttons.length - 1),
      ArrowRight: () => {
        if (items[at]?.isMenu === true) buttons[at]?.click();
      },
      ArrowLeft: close,
      Escape: close,
      Tab: close,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      step();
    }
  });
  document.body.append(menu);
  const { width, height } = menu.getBoundingClientRect();
  menu.style.setProperty('left', `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`);
  menu.style.setProperty('top', `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`);
  const outside = (event: Event): void => {
    if (!(event.target instanceof Node && menu.contains(event.target))) {
      close();
    }
  };
  const { signal } = ended;
  document.addEventListener('pointerdown', outside, { capture: true, signal });
  addEventListener('blur', close, { signal });
  focus(0);
}

/** `Ctrl+Alt+R`. */
function spellKey(key: string): string {
  return key.replaceAll(/(^|\+)(\w)/gu, (_, before: string, letter: string) => before + letter.toUpperCase());
}
