// The picture's page in the rig's browser, without an editor around it: from its data to its first paint, and the time
// between two frames while a thousand nodes or a hundred thousand extents are zoomed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser, newPage } from '../../scripts/rig/browser.mjs';
import { buildExtension } from '../../scripts/build.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { median, remark, report } from './measure.js';

const nodes = 1_000;
const extents = 100_000;
const layers = 10;
const rounds = 5;
const frames = 90;
const firstPaintMs = 200;
/** 60 a second, and what a clock of a tenth of a millisecond may be wrong by. */
const frameMs = 16.8;

/** What the page itself sees of a browser; this file is checked without one. */
interface Browser {
  sent: { kind: string; number?: number }[];
  take: (message: unknown) => void;
  acquireVsCodeApi: () => unknown;
  dispatchEvent: (event: unknown) => void;
  requestAnimationFrame: (call: (at: number) => void) => void;
  MessageEvent: new (type: string, init: object) => unknown;
  WheelEvent: new (type: string, init: object) => unknown;
  document: {
    body: { replaceChildren: () => void; className: string };
    querySelector: (selector: string) => {
      dispatchEvent: (event: unknown) => void;
      getBoundingClientRect: () => { left: number; top: number; width: number };
    };
  };
}

async function measure(): Promise<void> {
  await buildExtension({ minify: true });
  const browser = await launchBrowser();
  try {
    const style = readFileSync(join(root, 'dist/webview/main.css'), 'utf8');
    const script = readFileSync(join(root, 'dist/webview/main.js'), 'utf8');
    const firsts: number[] = [];
    const intervals: Record<'tree' | 'blocks', number[]> = { tree: [], blocks: [] };
    for (let round = 0; round <= rounds; round++) {
      const page = await newPage(browser, { width: 1_400, height: 900 });
      await page.setContent(`<!DOCTYPE html><html><head><style>${style}</style></head><body></body></html>`);
      await page.evaluate(() => {
        const here = globalThis as unknown as Browser;
        here.document.body.className = 'vscode-dark';
        here.sent = [];
        here.acquireVsCodeApi = () => ({
          postMessage: (message: Browser['sent'][number]) => here.sent.push(message),
          getState: () => undefined,
          setState: () => undefined,
        });
      });
      await page.addScriptTag({ content: script });
      const first = await page.evaluate(firstPaint, { nodes, extents, layers });
      const zoomed = {
        tree: await page.evaluate(zoom, { selector: '.trees .scroller', ctrl: true, frames }),
        blocks: await page.evaluate(zoom, { selector: '.layers .scroller', ctrl: false, frames }),
      };
      if (round > 0) {
        firsts.push(first);
        intervals.tree.push(...zoomed.tree);
        intervals.blocks.push(...zoomed.blocks);
      }
      await page.context().close();
    }
    const limit = 'the limit';
    report({
      name: 'picture, first paint',
      ours: median(firsts),
      baseline: firstPaintMs,
      unit: 'ms',
      goal: 1,
      against: limit,
    });
    for (const [name, what] of [
      ['tree', `frame while zooming ${nodes} nodes`],
      ['blocks', `frame while zooming ${extents} extents`],
    ] as const) {
      report({
        name: `picture, ${what}`,
        ours: median(intervals[name]),
        baseline: frameMs,
        unit: 'ms',
        goal: 1,
        against: limit,
      });
      const late = intervals[name].filter((ms) => ms > frameMs * 1.5).length / intervals[name].length;
      remark(
        `Picture, ${what}: ${Math.round(late * 100)} of 100 frames came late; all figures without a graphics card.`,
      );
    }
  } finally {
    await browser.close();
    await buildExtension();
  }
}

/** Runs in the page. Milliseconds from the data to the frame after the one that painted them. */
async function firstPaint({
  nodes: count,
  extents: all,
  layers: rows,
}: {
  nodes: number;
  extents: number;
  layers: number;
}) {
  const here = globalThis as unknown as Browser;
  here.take = (data) => here.dispatchEvent(new here.MessageEvent('message', { data }));
  here.take({ kind: 'start', sentences: {}, language: 'en', kept: { connection: 'c', uuid: 'u' } });
  const state = {
    kind: 'state',
    vm: 'bench',
    words: 'running',
    actions: [],
    disks: ['vda'],
    marks: [],
    nodes: Array.from({ length: count }, (_, index) => ({
      kind: index === count - 1 ? 'here' : 'snapshot',
      name: index === count - 1 ? '' : `s${index}`,
      ...(index === 0 ? {} : { parent: index % 7 === 0 ? Math.floor(index / 7) : index - 1 }),
      title: `Snapshot ${index}`,
      lines: ['memory · 3 days', '12 MB'],
      spoken: `Snapshot ${index}, memory, 3 days`,
      tokens: '',
      onPath: index % 3 === 0,
    })),
  };
  const each = all / rows;
  const cluster = 65_536;
  const step = 4 * cluster;
  const reads = new Float64Array(each * 3);
  for (let index = 0; index < each; index++) reads.set([index * step, cluster, index % rows], index * 3);
  const blocks = {
    kind: 'blocks',
    disk: 'vda',
    virtualBytes: each * step,
    clusterBytes: cluster,
    words: '',
    reads,
    rows: Array.from({ length: rows }, (_, row) => ({
      id: `r${row}`,
      title: `Layer ${row}`,
      words: 'delta',
      file: '/x',
      kind: 'overlay',
      extents: Float64Array.from({ length: each * 2 }, (__, index) => (index % 2 === 0 ? (index / 2) * step : cluster)),
      kinds: new Uint8Array(each),
    })),
  };
  const began = performance.now();
  here.take(state);
  here.take(blocks);
  here.take({ kind: 'settle', number: 1 });
  while (!here.sent.some(({ kind }) => kind === 'settled')) {
    await new Promise((resolve) => here.requestAnimationFrame(resolve));
  }
  return performance.now() - began;
}

/** Runs in the page. Milliseconds between frames, with a turn of the wheel in each: in, then out again. */
async function zoom({ selector, ctrl, frames: count }: { selector: string; ctrl: boolean; frames: number }) {
  const here = globalThis as unknown as Browser;
  const target = here.document.querySelector(selector);
  const { left, top, width } = target.getBoundingClientRect();
  const times: number[] = [];
  for (let frame = 0; frame <= count; frame++) {
    const at = await new Promise<number>((resolve) => here.requestAnimationFrame(resolve));
    times.push(at);
    const deltaY = (frame < count / 2 ? -1 : 1) * 40 * (ctrl ? -1 : 1);
    const where = { clientX: left + width / 3, clientY: top + 60, bubbles: true, cancelable: true };
    target.dispatchEvent(new here.WheelEvent('wheel', { deltaY, ctrlKey: ctrl, ...where }));
  }
  return times.slice(1).map((time, index) => time - (times[index] ?? time));
}

void measure();
