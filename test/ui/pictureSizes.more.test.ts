// The picture in windows of all usual sizes: no text stands on another, nothing stands beyond the edge, each button can
// be pressed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { PictureHands } from './pictureHands.js';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const sizes = [
  { what: 'the smallest window', width: 800, height: 600 },
  { what: 'a small screen', width: 1280, height: 800 },
  // What is left of its pixels, each of them half as large again.
  { what: 'a small screen at a zoom of 150 %', width: 853, height: 533 },
  { what: 'a large screen', width: 1920, height: 1080 },
] as const;

describe('the picture in a window of any size', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    const folder = join(daemon.dir, 'sizes');
    ends.push(() => removeDemoVms({ virsh, folder }));
    await makeDemoVms({ virsh, folder });
    return openStage('mouse');
  });
  const hands = new PictureHands(stage);

  const canBeReadAndUsed = async (): Promise<void> => {
    const { beyond, overlapping } = await hands.page.locator('body').evaluate(lookAtTexts);
    assert.equal(beyond, 0, 'pixels stand beyond the edge');
    assert.deepEqual(overlapping, []);
    for (const button of await hands.page.getByRole('button').all()) {
      if (await button.isVisible()) {
        // Scrolls to it, and fails where something else is where it is to be pressed.
        await button.click({ trial: true });
      }
    }
  };

  for (const vm of ['rewind-overlays', 'rewind-internal']) {
    for (const { what, width, height } of sizes) {
      it(`of ${vm} can be read and used in ${what}`, async () => {
        const { page: window } = stage().workbench;
        await window.setViewportSize({ width: 1200, height: 750 });
        await stage().hands.showView('Virt Rewind', 'VMs');
        await hands.open(vm);
        await hands.node(/^You are here/).waitFor();
        await hands.blocks.getByRole('row').nth(1).waitFor();
        await window.setViewportSize({ width, height });
        await stage().workbench.picture(`sizes-${vm}-${width}`);
        await canBeReadAndUsed();
        // With what a delete would do, before it is done.
        await hands.tree.focus();
        await hands.press('Home');
        await hands.press('Delete');
        await hands.whatIf.waitFor();
        await stage().workbench.picture(`sizes-${vm}-${width}-what-if`);
        if (width >= 1280) {
          const reads = await hands.blocks.getByRole('row').last().boundingBox();
          assert.ok(reads !== null && reads.y + reads.height <= height, 'the blocks are out of sight');
        }
        await canBeReadAndUsed();
        await stage().hands.command('View: Close Editor');
        await window.locator('iframe.webview').waitFor({ state: 'detached' });
      });
    }
  }
});

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Shown {
  readonly text: string;
  readonly box: Box;
}

/**
 * Runs in the page. `beyond`: pixels of it that stand beyond the right edge; `overlapping`: pairs of texts that share
 * some.
 */
function lookAtTexts(root: unknown): { readonly beyond: number; readonly overlapping: readonly string[] } {
  interface Part {
    readonly childNodes: Iterable<TextPart>;
    readonly parentElement: Part | null;
    readonly scrollWidth: number;
    readonly clientWidth: number;
    readonly ownerDocument: {
      readonly defaultView: { getComputedStyle(part: Part): Record<string, string> };
      createRange(): { selectNodeContents(node: TextPart): void; getClientRects(): Iterable<Box> };
    };
    getBoundingClientRect(): Box;
    querySelectorAll(selector: string): Iterable<Part>;
  }
  interface TextPart {
    readonly nodeType: number;
    readonly textContent: string | null;
  }
  const body = root as Part;
  const textNode = 3;
  /** The boxes of two lines touch, and are a little higher than their letters. */
  const shared = 3;
  const cut = (a: Box, b: Box): Box => ({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const isThere = ({ left, top, right, bottom }: Box, least: number): boolean =>
    right - left > least && bottom - top > least;
  const styleOf = (part: Part): Record<string, string> => part.ownerDocument.defaultView.getComputedStyle(part);
  /** What is left of it within all that cuts it off. */
  const seenOf = (all: Box, part: Part): Box => {
    let box = all;
    for (let at: Part | null = part; at !== null; at = at.parentElement) {
      if (styleOf(at)['overflow'] !== 'visible') {
        box = cut(box, at.getBoundingClientRect());
      }
    }
    return box;
  };
  const shown: Shown[] = [];
  for (const part of body.querySelectorAll('*')) {
    const style = styleOf(part);
    if (style['visibility'] !== 'visible' || style['opacity'] === '0') {
      continue;
    }
    for (const node of part.childNodes) {
      const text = (node.textContent ?? '').trim();
      if (node.nodeType === textNode && text !== '') {
        const range = part.ownerDocument.createRange();
        range.selectNodeContents(node);
        const boxes = [...range.getClientRects()].map((all) => seenOf(all, part));
        shown.push(...boxes.filter((box) => isThere(box, shared)).map((box) => ({ text, box })));
      }
    }
  }
  const overlapping = shown.flatMap((one, at) =>
    shown
      .slice(at + 1)
      .filter(({ box }) => isThere(cut(one.box, box), shared))
      .map(({ text }) => `${one.text} / ${text}`),
  );
  return { beyond: body.scrollWidth - body.clientWidth, overlapping };
}
