// The exported SVG is well-formed XML, whatever the names in it are, and shows what the picture shows.
import assert from 'node:assert/strict';
import { SaxesParser } from 'saxes';
import { Blocks } from '../../../src/ui/picture/page/blocks.js';
import type { PictureNode } from '../../../src/ui/picture/messages.js';
import { parseFromPicture } from '../../../src/ui/picture/messages.js';
import { isFilled, paletteOf, slideGrounds, slidePalette } from '../../../src/ui/picture/page/palette.js';
import { drawSlide, type Slide, slideSize, slideWords } from '../../../src/ui/picture/page/slide.js';
import { SvgSurface } from '../../../src/ui/picture/page/svgSurface.js';
import { treeFigure } from '../../../src/ui/picture/page/treeScene.js';

const nasty = '<script>alert("1")</script> & ]]> \u0000 \uD800 \' onload="x"';

function node(name: string, parent: number | undefined): PictureNode {
  return {
    kind: 'snapshot',
    name,
    ...(parent === undefined ? {} : { parent }),
    title: name,
    lines: [nasty],
    spoken: name,
    tokens: '',
    onPath: true,
  };
}

function svgOf(changes: Partial<Slide> = {}): string {
  const slide: Slide = {
    title: nasty,
    words: nasty,
    figure: treeFigure([node('Clean', undefined), node(nasty, 0)]),
    legend: ['legend'],
    palette: slidePalette,
    filled: true,
    ...changes,
  };
  const surface = new SvgSurface('sans-serif');
  drawSlide(surface, slide);
  const { width, height } = slideSize(slide);
  return surface.finish(width, height, slide.title, slideWords(slide));
}

function parsed(svg: string): { readonly names: ReadonlySet<string>; readonly text: string; readonly rects: number } {
  const names = new Set<string>();
  let text = '';
  let rects = 0;
  const parser = new SaxesParser();
  parser.on('error', (error) => assert.fail(error));
  parser.on('opentag', ({ name, attributes }) => {
    names.add(name);
    rects += name === 'rect' ? 1 : 0;
    assert.ok(Object.keys(attributes).every((key) => !key.startsWith('on')));
  });
  parser.on('text', (more) => (text += more));
  parser.write(svg).close();
  return { names, text, rects };
}

const rows = Array.from({ length: 10 }, (_, row) => ({
  id: `r${row}`,
  title: nasty,
  words: nasty,
  file: '/x',
  kind: 'overlay' as const,
  extents: Float64Array.from(
    Array.from({ length: 20_000 }, (__, index) => (index % 2 === 0 ? (index / 2) * 131_072 : 65_536)),
  ),
  kinds: new Uint8Array(10_000),
}));

describe('the slide', () => {
  it('is well-formed, and holds no markup but its own', () => {
    const { names, text } = parsed(svgOf());
    assert.deepEqual([...names].toSorted(), ['desc', 'polyline', 'rect', 'svg', 'text', 'title']);
    assert.ok(text.includes('<script>'), 'names are shown as they are');
    assert.ok(text.includes('Clean'));
  });

  it('is what the editor lets be written', () => {
    const data = svgOf();
    assert.equal(parseFromPicture({ kind: 'export', format: 'svg', data })?.kind, 'export');
  });

  it('has patterns beside colours, and grows with rows, not with extents', () => {
    const blocks = new Blocks({
      kind: 'blocks',
      disk: 'vda',
      virtualBytes: 10_000 * 131_072,
      clusterBytes: 65_536,
      rows,
      reads: new Float64Array(),
      words: '',
    });
    const { names, rects } = parsed(svgOf({ blocks }));
    assert.ok(names.has('pattern'));
    assert.ok(rects < 10 * 600, String(rects));
  });

  it('draws a thousand nodes, smaller where they are many', () => {
    const wide = treeFigure([
      node('root', undefined),
      ...Array.from({ length: 999 }, (_, index) => node(`n${index}`, 0)),
    ]);
    const { width } = slideSize({
      title: '',
      words: '',
      figure: wide,
      legend: [],
      palette: slidePalette,
      filled: true,
    });
    assert.ok(width < 7_000);
    assert.ok(parsed(svgOf({ figure: wide })).rects >= 1_000);
  });

  it('has nothing behind it where that is wished', () => {
    const grounds = slideGrounds.map((ground) => {
      const slide = { palette: paletteOf(ground), filled: isFilled(ground) };
      const svg = svgOf(slide);
      const whole = /<svg [^>]*width="(\d+)" height="(\d+)"/u.exec(svg);
      const behind = svg.includes(`<rect x="0" y="0" width="${whole?.[1] ?? ''}" height="${whole?.[2] ?? ''}"`);
      return [ground, behind, svg.includes(`fill="${slide.palette.foreground}"`)];
    });
    assert.deepEqual(grounds, [
      ['light', true, true],
      ['dark', true, true],
      ['onLight', false, true],
      ['onDark', false, true],
    ]);
  });

  it('can be read on each ground: words and letters stand out from what is behind them', () => {
    for (const ground of slideGrounds) {
      const { background, box, foreground, muted, accent, danger, line, layers, inks } = paletteOf(ground);
      for (const behind of [background, box]) {
        for (const words of [foreground, muted, accent, danger]) {
          assert.ok(contrast(words, behind) >= 4.5, `${ground}: ${words} on ${behind}`);
        }
      }
      for (const [index, layer] of layers.entries()) {
        assert.ok(contrast(layer, background) >= 2.5, `${ground}: layer ${layer}`);
        assert.ok(contrast(inks[index]!, layer) >= 3, `${ground}: ink on ${layer}`);
      }
      assert.ok(contrast(line, background) >= 3);
    }
  });

  it('shows the marks of what is wrong', () => {
    const wrong = { ...node('Clean', undefined), mark: '⚠ 1 warning', lines: ['disk-only', '3 days', '256 MB'] };
    const { text } = parsed(svgOf({ figure: treeFigure([wrong]) }));
    for (const words of ['⚠ 1 warning', 'disk-only', '3 days · 256 MB']) {
      assert.ok(text.includes(words), text);
    }
  });

  it('shows in words what a bisect knows', () => {
    const searched = { mark: 'firstBad', words: 'bisect: first bad' } as const;
    const { text } = parsed(svgOf({ figure: treeFigure([{ ...node('Clean', undefined), searched }]) }));
    assert.ok(text.includes('bisect: first bad'), text);
  });
});

/** As WCAG counts it. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
