// Finds and launches the machine's Chromium. Downloads none.
import { existsSync } from 'node:fs';
import { findProgram } from './run.mjs';

const names = ['chromium', 'chromium-browser', 'chromium-headless-shell', 'google-chrome', 'google-chrome-stable'];

/**
 * The browser of the UI tests: `CHROME`, else the first of Chromium and Chrome on this machine, else one that
 * Playwright has downloaded earlier.
 * @returns {Promise<string | undefined>}
 */
export async function findBrowser() {
  const wanted = process.env['CHROME'];
  if (wanted) return wanted;
  for (const name of names) {
    const path = await findProgram(name);
    if (path) return path;
  }
  const { chromium } = await import('playwright-core');
  const own = chromium.executablePath();
  return existsSync(own) ? own : undefined;
}

/**
 * @returns {Promise<import('playwright-core').Browser>}
 * @throws {Error} when there is no browser
 */
export async function launchBrowser() {
  const executablePath = await findBrowser();
  if (!executablePath) throw new Error('No Chromium on this machine: install the package chromium, or set CHROME.');
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath,
    headless: true,
    // Root may not have a sandbox; the pages are our own. The rest keeps the browser from calling home.
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A page as large as the screenshots; without animations, so that they show what is meant to stay.
 * @param {import('playwright-core').Browser} browser
 * @param {{ width?: number, height?: number }} [size]
 */
export async function newPage(browser, { width = 1280, height = 800 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return page;
}
