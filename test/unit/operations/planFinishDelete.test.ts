// A delete of which libvirt had merged one disk and not the other when it died: the other one follows.
import type { Facts } from '../../../src/domain/facts.js';
import type { SnapshotDisk } from '../../../src/domain/snapshot.js';
import type { PowerState, Vm } from '../../../src/domain/vm.js';
import { disk, external, image, looked, ref, facts, tree, vm } from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

const stands = (power: PowerState): Vm => vm({ power, disks: [disk('vda', '/img/vda.a'), disk('vdb', '/img/vdb.b')] });

describe('planFinishDelete: of two disks, one merged', () => {
  const both = (more: { readonly name: string }): readonly SnapshotDisk[] =>
    ['vda', 'vdb'].map((target) => ({
      target,
      location: 'external',
      file: `/img/${target}.${more.name}`,
      deleteInProgress: more.name === 'a',
    }));
  const half: Partial<Facts> = {
    tree: tree(
      [external('a', undefined, { disks: both({ name: 'a' }) }), external('b', 'a', { disks: both({ name: 'b' }) })],
      'b',
    ),
    frozenDisks: new Map([
      ['a', [disk('vda', '/img/vda'), disk('vdb', '/img/vdb')]],
      ['b', [disk('vda', '/img/vda.a'), disk('vdb', '/img/vdb.a')]],
    ]),
    vm: stands('off'),
    otherVms: [],
    blockJobs: [],
    files: looked({
      images: {
        '/img/vda': image(),
        '/img/vdb': image(),
        '/img/vda.a': image('/img/vda'),
        '/img/vdb.a': image('/img/vdb'),
        '/img/vda.b': image('/img/vda.a'),
        '/img/vdb.b': image('/img/vdb.a'),
      },
    }),
  };
  const gone = { ...half.files!, images: new Map(half.files!.images).set('/img/vdb.b', 'missing') };
  const request = { kind: 'repair', vm: ref, repair: { kind: 'finishDelete', snapshot: 'a' } } as const;
  const rows: readonly (readonly [what: string, Partial<Facts>])[] = [
    ['the VM is off: we merge the other one', {}],
    ['its overlay is gone already: the VM is only defined on what took it', { files: gone }],
    ['the same while it runs', { files: gone, vm: stands('running') }],
    ['the VM runs: QEMU merges it', { vm: stands('running') }],
    ['another VM reads it', { otherVms: [{ uuid: 'x', name: 'clone', files: ['/img/vdb.a'], unread: [] }] }],
  ];
  const golden = new Golden('finishDelete');
  golden.section(
    'of two disks, one merged',
    asked(rows.map(([what, more]) => [what, request, facts({ ...half, ...more })])),
  );
  golden.end();
});
