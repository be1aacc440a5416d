// Draws media/icon.png, the picture of the extension in lists and on its page, out of scripts/icon/icon.svg.
//   node scripts/icon.mjs
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser, newPage } from './rig/browser.mjs';
import { root } from './rig/root.mjs';

/** Twice what the lists show, as the marketplace wants it. */
const size = 256;

const browser = await launchBrowser();
try {
  const page = await newPage(browser, { width: size, height: size });
  const svg = readFileSync(join(root, 'scripts/icon/icon.svg'), 'utf8');
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
  await page.screenshot({ path: join(root, 'media/icon.png'), omitBackground: true });
} finally {
  await browser.close();
}
