// A look at a VM of which something changes while it is looked at. A real one changes too seldom in that moment.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { VmView } from '../../../src/live/views.js';
import { type CopiesEngine, lookAtVm } from '../../../src/transfer/lookAtVm.js';
import { hostHere } from '../../../src/transfer/vmHost.js';
import { ofWing } from '../../ofWing.js';

describe('a look at a VM for a backup', () => {
  const vm = { name: 'web', uuid: 'u', power: 'off', disks: [], managedSave: false };
  const view = { ref: { connection: 'c', uuid: 'u' }, vm } as unknown as VmView;
  const snapshot = (name: string): object => ({ name, xml: `<domainsnapshot><name>${name}</name></domainsnapshot>` });

  /** @param named what libvirt names in its documents, by the time of the second look */
  function engineOf(later: readonly object[], named: readonly string[]): CopiesEngine {
    const looks = [[snapshot('one')], later];
    const copies = {
      readDocuments: () => Promise.resolve({ definition: '<domain/>', snapshots: looks.shift() ?? later }),
      filesIn: () => ({ files: named, odd: [], special: [], secrets: [] }),
      withoutVolumes: (documents: unknown) => Promise.resolve(documents),
    };
    return {
      openHost: () => Promise.resolve(undefined),
      readInterrupted: () => Promise.resolve([]),
      refresh: () => Promise.resolve(),
      readTree: () => Promise.resolve({ snapshots: [] }),
      findVm: () => view,
      readFiles: () => Promise.resolve({ files: [], nearby: true }),
      withCopies: (_: string, use: (some: typeof copies) => unknown) => Promise.resolve(use(copies)),
      examine: () => Promise.reject(new Failure('busy', { vm: 'u' })),
    } as unknown as CopiesEngine;
  }

  it('says that it changed, where a snapshot came while its files were listed', async () => {
    const engine = engineOf([snapshot('one'), snapshot('two')], ['/etc/hostname']);
    await assert.rejects(lookAtVm(engine, view, hostHere(process.env)), ofWing('changed'));
  });

  it('says that an operation is running, where one has begun before its layers were examined', async () => {
    const engine = engineOf([snapshot('one')], []);
    await assert.rejects(lookAtVm(engine, view, hostHere(process.env)), { kind: 'busy' });
  });

  it('names a file that is none of its disks, where nothing changed', async () => {
    const engine = engineOf([snapshot('one')], ['/etc/hostname']);
    await assert.rejects(
      lookAtVm(engine, view, hostHere(process.env)),
      ofWing('unknownFile', { file: '/etc/hostname' }),
    );
  });
});
