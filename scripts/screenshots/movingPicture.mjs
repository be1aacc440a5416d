// Records what happens in a workbench as a moving picture: a mouse that is seen, and a line that says what is shown.
import { animatedPng } from './animatedPng.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Locator} Locator */

/** The movement of the mouse: the number of pictures, and the time of each. */
const [steps, stepMs] = [5, 40];
/** Each letter that is typed. */
const letterMs = 50;

export class MovingPicture {
  /** @type {{ png: Buffer, ms: number }[]} */
  #frames = [];
  #mouse = { x: 0, y: 0 };

  /** @param {Page} page the picture is of all of it */
  constructor(page) {
    this.page = page;
  }

  /** @param {{ x: number, y: number }} mouse where it begins */
  async begin(mouse) {
    await this.page.evaluate(drawOver);
    await this.#place(mouse);
  }

  /** What is seen now is shown for so long. @param {number} ms */
  async hold(ms) {
    this.#frames.push({ png: await this.page.screenshot(), ms });
  }

  /** The line at the lower edge. @param {string} text */
  async say(text) {
    await this.page.evaluate((said) => {
      const line = document.getElementById('said');
      if (line) line.textContent = said;
    }, text);
  }

  /** Moves the mouse there and presses it. @param {Locator} target */
  async click(target) {
    await target.waitFor();
    const box = await target.boundingBox();
    if (!box) throw new Error('What is to be clicked is not seen.');
    const [from, to] = [this.#mouse, { x: box.x + box.width / 2, y: box.y + box.height / 2 }];
    for (let step = 1; step <= steps; step++) {
      const part = step / steps;
      await this.#place({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part });
      await this.hold(stepMs);
    }
    await this.hold(200);
    await this.page.mouse.click(to.x, to.y);
  }

  /** @param {string} text typed letter by letter where the keyboard is */
  async type(text) {
    for (const letter of text) {
      await this.page.keyboard.type(letter);
      await this.hold(letterMs);
    }
    await this.page.keyboard.press('Enter');
  }

  /** @param {{ x: number, y: number }} place */
  async #place(place) {
    this.#mouse = place;
    await this.page.mouse.move(place.x, place.y);
    await this.page.evaluate(({ x, y }) => {
      const mouse = document.getElementById('mouse');
      if (mouse) mouse.style.transform = `translate(${x}px, ${y}px)`;
    }, place);
  }

  /** @returns {Promise<{ png: Buffer, ms: number }>} all that was held, and how long it takes */
  async end() {
    await this.page.evaluate(() => ['said', 'mouse'].forEach((id) => document.getElementById(id)?.remove()));
    const { width = 0, height = 0 } = this.page.viewportSize() ?? {};
    const reader = await this.page.context().newPage();
    const frames = [];
    for (const { png, ms } of this.#frames) frames.push({ pixels: await pixelsOf(reader, png), ms });
    await reader.close();
    return { png: animatedPng({ width, height }, frames), ms: frames.reduce((sum, { ms }) => sum + ms, 0) };
  }
}

/** Runs in the page. */
function drawOver() {
  const line = document.createElement('div');
  line.id = 'said';
  Object.assign(line.style, {
    ...{ position: 'fixed', left: '0', right: '0', bottom: '0', height: '34px', zIndex: '1000000' },
    ...{ background: '#16324a', color: 'white', font: '600 16px/34px sans-serif', textAlign: 'center' },
    pointerEvents: 'none',
  });
  const mouse = document.createElement('div');
  mouse.id = 'mouse';
  Object.assign(mouse.style, {
    ...{ position: 'fixed', left: '-2px', top: '-2px', width: '18px', height: '26px', zIndex: '1000001' },
    ...{ background: 'black', clipPath: 'polygon(0 0, 0 90%, 24% 70%, 42% 100%, 58% 94%, 42% 64%, 76% 62%)' },
    pointerEvents: 'none',
  });
  document.body.append(line, mouse);
}

/** As the browser reads them. @param {Page} page an empty one @param {Buffer} png */
async function pixelsOf(page, png) {
  const base64 = await page.evaluate(
    async (url) => {
      const image = document.createElement('img');
      image.src = url;
      await image.decode();
      const { naturalWidth: width, naturalHeight: height } = image;
      const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
      context?.drawImage(image, 0, 0);
      const { data } = context?.getImageData(0, 0, width, height) ?? { data: [] };
      const parts = [];
      for (let at = 0; at < data.length; at += 32_768) parts.push(String.fromCharCode(...data.slice(at, at + 32_768)));
      return globalThis.btoa(parts.join(''));
    },
    `data:image/png;base64,${png.toString('base64')}`,
  );
  return new Uint32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}
