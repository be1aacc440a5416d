// `npm test`: every layer of tests, one report, one count at the end.
//   npm test [-- LAYER…] [-- --grep TEXT]        layers: unit libvirtd host ui
import { parseArgs } from 'node:util';
import { layers } from './build.mjs';
import { plan } from './rig/testParts.mjs';
import { TestSession } from './rig/testSession.mjs';

/** @typedef {import('./build.mjs').Layer} Layer */

const { values, positionals } = parseArgs({
  options: { grep: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !layers.includes(/** @type {Layer} */ (name)));
if (unknown.length > 0) throw new Error(`No such layer: ${unknown.join(', ')}. There are ${layers.join(', ')}.`);
const chosen = layers.filter((layer) => positionals.length === 0 || positionals.includes(layer));

const session = new TestSession(values.grep);
await session.attempt('tests', async () => {
  const unmet = await session.begin(chosen.flatMap((layer) => plan[layer].needs));
  /** @type {Layer[]} */
  const ready = [];
  for (const layer of chosen) {
    const reason = plan[layer].needs.flatMap((need) => unmet.get(need) ?? [])[0];
    if (reason) session.skip(layer, reason);
    else ready.push(layer);
  }
  if (!session.stopped) await session.run(ready.map((layer) => ({ layer })));
});
await session.finish();
