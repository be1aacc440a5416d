// A daemon that died within one call of libvirt's: what it did to the images, and did not write down.
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { image } from '../domain/hostFiles.js';
import { all, base, broken, inside, keep } from './recoveryShapes.js';
import { ask, planned } from '../domain/someFacts.js';
import { changePower, withImage } from '../../../src/steps/changedFacts.js';
import { Golden, recovered } from './golden.js';

const golden = new Golden('halfDone');

const revert = keep(ask.revert('a'));
const reverting = planned(revert, inside());
const at = reverting.steps.findIndex((step) => step.kind === 'revert');
const stopped = changePower('off', all(reverting.steps.slice(0, at), inside()));
const checkpoint = reverting.checkpoint ?? '';
const images: readonly (readonly [what: string, Partial<ImageFacts>])[] = [
  ['hold the checkpoint still', { unchangedSince: [checkpoint] }],
  ['hold the snapshot already', { unchangedSince: ['a'] }],
  ['hold what no snapshot holds', { unchangedSince: [] }],
];
golden.section(
  'a revert that libvirt had done to the images, and not to what it knows',
  recovered(
    images.map(([what, facts]) => {
      const now = withImage(stopped, base, image({ tags: ['a', 'b', checkpoint], ...facts }));
      return [`the images ${what}`, () => planRecovery(broken(revert, reverting, at, 'begun'), now)];
    }),
  ),
);

const remove = ask.remove('a', 'withDescendants');
const before: Facts = inside({ power: 'off' });
const removing = planned(remove, before);
const rows: readonly (readonly [what: string, tags: readonly string[] | undefined, state?: 'not begun'])[] = [
  ['the image holds both', ['a', 'b']],
  ['the image holds the first alone', ['a']],
  ['the image holds nobody knows what', undefined],
  ['not begun, whatever is missing', ['a'], 'not begun'],
];
golden.section(
  'a delete that libvirt had done to the images, and not to what it knows',
  recovered(
    rows.map(([what, tags, state]) => {
      const now = withImage(before, base, tags === undefined ? 'unknown' : image({ tags }));
      return [what, () => planRecovery(broken(remove, removing, 0, state ?? 'begun'), now)];
    }),
  ),
);
golden.end();
