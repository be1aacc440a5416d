// What stands around the blocks: the chooser of disks, the zoom, the words below, the legend. Knows no block.
import { t } from '@vscode/l10n';
import { button, element, setText, signButton } from './element.js';

interface FrameHooks {
  readonly chooseDisk: (disk: string) => void;
  readonly refresh: () => void;
  readonly zoom: (closer: boolean) => void;
  readonly whole: () => void;
}

export class BlockFrame {
  readonly element: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #words: HTMLElement;
  readonly #said: HTMLElement;
  readonly #why: HTMLElement;
  readonly #legend: HTMLElement;
  readonly #unknown: HTMLElement;
  readonly #keys: HTMLElement;
  readonly #disks: HTMLSelectElement;
  readonly #zoom: HTMLElement;

  constructor(scroller: HTMLElement, hooks: FrameHooks) {
    this.#scroller = scroller;
    this.#words = element('p', { class: 'words', attributes: { id: 'block-words' } });
    this.#said = element('p', { class: 'cell-words', attributes: { 'aria-live': 'polite', id: 'cell-words' } });
    this.#why = element('p', { class: 'notice' });
    this.#disks = element('select', { attributes: { 'aria-label': t('Disk') } });
    this.#disks.addEventListener('change', () => hooks.chooseDisk(this.#disks.value));
    this.#zoom = element(
      'span',
      { class: 'tools' },
      signButton('−', t('Zoom out'), () => hooks.zoom(false)),
      signButton('+', t('Zoom in'), () => hooks.zoom(true)),
      button(t('Fit'), hooks.whole),
    );
    this.#unknown = element('li', { text: unknownLine() });
    this.#legend = element(
      'ul',
      { class: 'legend', attributes: { 'aria-label': t('Legend') } },
      ...legendLines().map((text) => element('li', { text })),
      this.#unknown,
    );
    this.#keys = element('p', {
      class: 'words',
      text: t('Arrow keys move between cells, + and − zoom, 0 shows the whole disk.'),
      attributes: { id: 'block-keys' },
    });
    this.element = element(
      'section',
      { class: 'part layers', attributes: { 'aria-label': t('Blocks') } },
      element(
        'header',
        {},
        element('h2', { text: t('Blocks') }),
        this.#disks,
        element('span', { class: 'spring' }),
        this.#zoom,
        button(t('Refresh'), hooks.refresh),
      ),
      this.#why,
      this.#words,
      scroller,
      this.#said,
      this.#keys,
      this.#legend,
    );
  }

  showDisks(disks: readonly string[], chosen: string | undefined): void {
    this.#disks.hidden = disks.length < 2;
    if ([...this.#disks.options].map(({ value }) => value).join('\n') !== disks.join('\n')) {
      this.#disks.replaceChildren(
        ...disks.map((disk) => element('option', { text: disk, attributes: { value: disk } })),
      );
    }
    if (chosen !== undefined) {
      this.#disks.value = chosen;
    }
  }

  /** @param what is there: a map of blocks, sizes of layers alone, or nothing; `why`: why it is not more */
  show(what: 'map' | 'sizes' | 'none', words: string, why: string | undefined): void {
    this.#why.hidden = why === undefined;
    setText(this.#why, why ?? '');
    setText(this.#words, words);
    this.#scroller.hidden = what === 'none';
    for (const part of [this.#zoom, this.#legend, this.#keys]) {
      part.hidden = what !== 'map';
    }
    if (what === 'none') {
      this.say('');
    }
  }

  /** Whether some layer cannot be read. */
  tellUnknown(isPartlyUnknown: boolean): void {
    this.#unknown.hidden = !isPartlyUnknown;
  }

  /** What the cursor is on. */
  say(words: string): void {
    setText(this.#said, words);
  }
}

export function legendLines(): readonly string[] {
  return [
    t('Full colour: the VM reads this now.'),
    t('Pale with a frame: a newer layer covers it.'),
    t('Empty frame: zeros.'),
    t('Cell height: how much of its range the layer contains.'),
  ];
}

export function unknownLine(): string {
  return t('Hatched in grey: unknown.');
}
