// `npm test`: every layer of tests, one report, one count at the end.
//   npm test [-- LAYER… | LAYER/FILE…] [-- --grep TEXT] [-- --keep-lengths]
//   Layers: unit here libvirtd host ui. A file: ui/lesson for test/ui/lesson.more.test.ts
//   --keep-lengths: writes how long each program lasted also for others (rig/lengths.mjs)
import { parseArgs } from 'node:util';
import { layers } from './build.mjs';
import { plan } from './rig/testParts.mjs';
import { TestSession } from './rig/testSession.mjs';

/** @typedef {import('./build.mjs').Layer} Layer */

const { values, positionals } = parseArgs({
  options: {
    grep: { type: 'string' },
    'keep-lengths': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowPositionals: true,
});
if (values.help) {
  console.log(
    `npm test [-- LAYER… | LAYER/FILE…] [-- --grep TEXT]\nLayers: ${layers.join(', ')}. All of it: docs/testing.md`,
  );
  process.exit();
}
const asked = positionals.map((name) => name.split('/', 2));
const unknown = asked.flatMap(([layer = '']) => (layers.includes(/** @type {Layer} */ (layer)) ? [] : [layer]));
if (unknown.length > 0) {
  console.error(`No such layer: ${unknown.join(', ')}. There are ${layers.join(', ')}.`);
  process.exit(2);
}
const chosen = layers.filter((layer) => asked.length === 0 || asked.some(([name]) => name === layer));

/** Those that were named, unless the whole layer was. @param {Layer} layer */
function only(layer) {
  const files = asked.flatMap(([name, file]) => (name === layer ? [file] : []));
  return files.length === 0 || files.includes(undefined) ? undefined : files.flatMap((file) => file ?? []);
}

const session = new TestSession(values.grep, { keepLengths: values['keep-lengths'] });
await session.attempt('tests', async () => {
  const unmet = await session.begin(chosen.flatMap((layer) => plan[layer].needs));
  /** @type {Layer[]} */
  const ready = [];
  for (const layer of chosen) {
    const reason = plan[layer].needs.flatMap((need) => unmet.get(need) ?? [])[0];
    if (reason) session.skip(layer, reason);
    else ready.push(layer);
  }
  if (!session.stopped) await session.run(ready.map((layer) => ({ layer, only: only(layer) })));
});
await session.finish();
