// The tools by which a picture becomes a file: what stands behind it, and in which format. Knows no slide.
import { t } from '@vscode/l10n';
import { button, element } from './element.js';
import { type SlideGround, slideGrounds } from './palette.js';

/** What was chosen last, over the times that the tab is hidden. */
export interface GroundStore {
  readonly get: () => unknown;
  readonly set: (ground: SlideGround) => void;
}

export class SlideTools {
  readonly element: HTMLElement;
  #ground: SlideGround;

  constructor(kept: GroundStore, save: (format: 'svg' | 'png') => void) {
    const before = kept.get();
    this.#ground = slideGrounds.find((ground) => ground === before) ?? 'light';
    const words: Readonly<Record<SlideGround, string>> = {
      light: t('Light background'),
      dark: t('Dark background'),
      onLight: t('No background, for light slides'),
      onDark: t('No background, for dark slides'),
    };
    const chooser = element(
      'select',
      { attributes: { 'aria-label': t('Background of the saved image') } },
      ...slideGrounds.map((ground) => element('option', { text: words[ground], attributes: { value: ground } })),
    );
    chooser.value = this.#ground;
    chooser.addEventListener('change', () => {
      this.#ground = slideGrounds.find((ground) => ground === chooser.value) ?? this.#ground;
      kept.set(this.#ground);
    });
    this.element = element(
      'div',
      { class: 'tools' },
      chooser,
      button(t('Save as SVG…'), () => save('svg')),
      button(t('Save as PNG…'), () => save('png')),
    );
  }

  get ground(): SlideGround {
    return this.#ground;
  }
}
