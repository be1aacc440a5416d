// Whether picture and lesson can be read in four themes: contrasts computed from the styles that are shipped and from
// the colours that VS Code hands to a page (test/fixtures/themes.json: Light and Dark 2026, both of high contrast).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { lessonStyle } from '../../../src/ui/lesson/lessonPage.js';
import { coveredOpacity } from '../../../src/ui/picture/page/blockCells.js';
import { stripOpacity } from '../../../src/ui/picture/page/blockScene.js';
import { dimmedColor } from '../../../src/text/rows/rows.js';
import { paletteOf } from '../../../src/ui/picture/page/palette.js';
import { type Color, contrast, over, PageStyle, type ThemeFixture } from './pageStyle.js';

/** What WCAG 2.2 asks for: of words, and of shapes that carry a meaning. */
const least = { words: 4.5, shapes: 3 };

const themes = JSON.parse(readFileSync(join(root, 'test/fixtures/themes.json'), 'utf8')) as Record<
  string,
  ThemeFixture
>;
const pictureStyle = readFileSync(join(root, 'src/ui/picture/page/picture.css'), 'utf8');
const layers = Array.from({ length: 8 }, (_, layer) => layer);

/** VS Code shows the description of a row so much paler than its label. */
const descriptionOpacity = (theme: string): number => (theme === 'light' ? 0.95 : 0.7);

const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly contributes: {
    readonly colors: readonly { readonly id: string; readonly defaults: Readonly<Record<string, string>> }[];
  };
};
/** As package.json calls them. */
const defaultsFor: Readonly<Record<string, string>> = {
  light: 'light',
  dark: 'dark',
  'hc-black': 'highContrast',
  'hc-light': 'highContrastLight',
};

describe('the contrasts of the picture and the lesson', () => {
  it('are computed for four themes', () => {
    assert.deepEqual(Object.keys(themes), ['light', 'dark', 'hc-black', 'hc-light']);
  });

  for (const [name, theme] of Object.entries(themes)) {
    const picture = new PageStyle(pictureStyle, theme);
    const lesson = new PageStyle(lessonStyle, theme);
    const enough = (what: string, front: Color, back: Color, kind: keyof typeof least): void => {
      const found = contrast(over(front, back), back);
      assert.ok(found >= least[kind], `${what}: ${found.toFixed(2)} of ${least[kind]}`);
    };

    it(`are enough for all words of the picture, ${name}`, () => {
      const back = picture.variable('picture-background');
      const box = over(picture.variable('picture-box'), back);
      for (const [ground, color] of [
        ['page', back],
        ['box', box],
      ] as const) {
        for (const words of ['foreground', 'muted', 'danger', 'accent']) {
          enough(`${words} on ${ground}`, picture.variable(`picture-${words}`), color, 'words');
        }
      }
      for (const [control, classes] of [
        ['a button', ['.button']],
        ['the button over which the mouse is', ['.button', '.button:hover']],
        ['the main button', ['.button', '.button.main']],
        ['the main button over which the mouse is', ['.button', '.button:hover', '.button.main', '.button.main:hover']],
        ['a chooser', ['select']],
      ] as const) {
        const behind = over(picture.value(classes, 'background'), back);
        enough(control, picture.value(classes, 'color'), behind, 'words');
        // What can be pressed is seen to be one: by its border, or by what is behind its words.
        const edge = over(picture.value(classes, 'border'), back);
        assert.ok(
          Math.max(contrast(edge, back), contrast(behind, back)) >= 1.15,
          `${control} does not stand out of the page`,
        );
      }
      enough('an entry of a menu', picture.value(['.menu'], 'color'), picture.value(['.menu'], 'background'), 'words');
    });

    it(`are enough for all shapes of the picture, ${name}`, () => {
      const back = picture.variable('picture-background');
      const strip = over({ ...picture.variable('picture-line'), alpha: stripOpacity }, back);
      enough('a line', picture.variable('picture-line'), back, 'shapes');
      enough('what has the focus', picture.value([':focus-visible'], 'outline'), back, 'shapes');
      for (const layer of layers) {
        const color = picture.variable(`picture-layer-${layer}`);
        enough(`layer ${layer}`, color, strip, 'shapes');
        enough(`the pattern of layer ${layer}`, picture.variable(`picture-ink-${layer}`), color, 'shapes');
        // A covered cell is told from an empty place by its frame, and from a full one by what it is filled with.
        const pale = over({ ...color, alpha: coveredOpacity }, strip);
        assert.ok(contrast(color, pale) >= 1.5, `layer ${layer}, covered: ${contrast(color, pale).toFixed(2)}`);
      }
    });

    it(`are enough for rows that are dimmed, ${name}`, () => {
      const back = picture.variable('vscode-sideBar-background');
      const dimmed = contributes.colors.find(({ id }) => id === dimmedColor)?.defaults[defaultsFor[name] ?? ''] ?? '';
      const color = picture.read(dimmed.startsWith('#') ? dimmed : `var(--vscode-${dimmed})`);
      enough('the label', color, back, 'words');
      enough('the description', { ...color, alpha: color.alpha * descriptionOpacity(name) }, back, 'words');
    });

    it(`are enough in the lesson, ${name}`, () => {
      const back = picture.variable('picture-background');
      enough('words', lesson.value(['body'], 'color'), back, 'words');
      for (const muted of ['.place', 'dt', 'th small', 'thead th']) {
        enough(muted, lesson.value([muted], 'color'), back, 'words');
      }
      for (const button of ['.primary', '.primary:hover', '.secondary', '.secondary:hover']) {
        const behind = over(lesson.value([button], 'background'), back);
        enough(button, lesson.value([button], 'color'), behind, 'words');
      }
      enough('progress', lesson.value(['progress::-webkit-progress-value'], 'background'), back, 'shapes');
      enough('the rest of it', lesson.value(['progress::-webkit-progress-bar'], 'border'), back, 'shapes');
      enough('a task', lesson.value(['.task'], 'border-left'), back, 'shapes');
      for (const layer of layers) {
        const sign = lesson.value([`.layer-${layer}`], 'background');
        enough(`layer ${layer}`, sign, back, 'shapes');
        enough(`its letter`, lesson.value([`.layer-${layer}`], 'color'), sign, 'shapes');
      }
    });

    it(`show the layers of the lesson in the picture's colours, ${name}`, () => {
      for (const layer of layers) {
        assert.deepEqual(lesson.value([`.layer-${layer}`], 'background'), picture.variable(`picture-layer-${layer}`));
      }
    });
  }

  it('are enough on slides', () => {
    for (const palette of [paletteOf('light'), paletteOf('dark')]) {
      const style = new PageStyle('', { name: '', classes: [], colors: {} });
      const back = style.read(palette.background);
      for (const words of [palette.foreground, palette.muted, palette.accent, palette.danger]) {
        assert.ok(contrast(style.read(words), back) >= least.words, words);
      }
      for (const shape of [palette.line, ...palette.layers]) {
        assert.ok(contrast(style.read(shape), back) >= least.shapes, shape);
      }
    }
  });
});
