// Draws media/icon.png, the picture of the extension in lists and on its page, out of scripts/icon/icon.svg.
//   node scripts/icon.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { launchBrowser, newPage } from './rig/browser.mjs';
import { root } from './rig/root.mjs';

/** Twice what the lists show, as the marketplace wants it. */
const size = 256;
/** So many of each colour's levels: no eye sees more in it, and a table of colours takes half of what pixels take. */
const levels = 31;

const browser = await launchBrowser();
try {
  const page = await newPage(browser, { width: size, height: size });
  const svg = readFileSync(join(root, 'scripts/icon/icon.svg'), 'utf8');
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
  const shot = (await page.screenshot({ omitBackground: true })).toString('base64');
  const pixels = await page.evaluate(
    async ([png, side]) => {
      const image = new window.Image();
      image.src = `data:image/png;base64,${png}`;
      await image.decode();
      const canvas = new window.OffscreenCanvas(Number(side), Number(side));
      const context = canvas.getContext('2d');
      context?.drawImage(image, 0, 0);
      return [...(context?.getImageData(0, 0, Number(side), Number(side)).data ?? [])];
    },
    [shot, String(size)],
  );
  writeFileSync(join(root, 'media/icon.png'), indexedPng(pixels));
} finally {
  await browser.close();
}

/** @param {readonly number[]} pixels red, green, blue and opacity of each */
function indexedPng(pixels) {
  /** @type {Map<string, number>} */
  const colors = new Map();
  const lines = Buffer.alloc((size + 1) * size);
  for (let at = 0; at < size * size; at++) {
    const rounded = pixels
      .slice(at * 4, at * 4 + 4)
      .map((value) => Math.round((Math.round((value / 255) * levels) / levels) * 255));
    const color = rounded[3] === 0 ? '0,0,0,0' : rounded.join();
    if (!colors.has(color)) colors.set(color, colors.size);
    lines[at + Math.floor(at / size) + 1] = colors.get(color) ?? 0;
  }
  if (colors.size > 256) throw new Error(`${colors.size} colours are more than a table has`);
  const table = [...colors.keys()].map((color) => color.split(',').map(Number));
  const about = Buffer.alloc(13);
  about.writeUInt32BE(size, 0);
  about.writeUInt32BE(size, 4);
  // Eight bits, each the number of a colour.
  about.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', about),
    chunk('PLTE', Uint8Array.from(table.flatMap((color) => color.slice(0, 3)))),
    chunk('tRNS', Uint8Array.from(table.map((color) => color[3] ?? 255))),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** @param {string} type @param {Uint8Array} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
