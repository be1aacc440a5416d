// What the reader makes of answers that a real daemon does not give on demand.
import assert from 'node:assert/strict';
import { LibvirtReader } from '../../../src/driver/connection/libvirtReader.js';
import { toFailure } from '../../../src/driver/toFailure.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import type { Capabilities } from '../../../src/domain/capabilities.js';

const uuid = '00000000-0000-4000-8000-000000000001';

describe('the reader', () => {
  it('says which snapshot cannot be read, and blames neither the connection nor the others', async () => {
    const xmlOf = (name: string): string => (name === 'bad' ? '<domainsnapshot><name>bad' : head(name));
    const connection = {
      call: (procedure: string, args: { readonly snap?: { readonly name: string } }) =>
        Promise.resolve(
          procedure === 'domainLookupByUuid'
            ? { dom: { name: 'web', uuid, id: -1 } }
            : { xml: Buffer.from(xmlOf(args.snap?.name ?? '')) },
        ),
    } as unknown as Connection;
    const reader = new LibvirtReader(connection, {} as Capabilities);
    assert.deepEqual(
      (await reader.readSnapshots(uuid, ['a', 'b'])).map(({ name }) => name),
      ['a', 'b'],
    );
    const failure = toFailure(
      await reader.readSnapshots(uuid, ['a', 'bad', 'b']).then(
        () => assert.fail('it was read'),
        (error: unknown) => error,
      ),
    );
    assert.equal(failure.kind, 'failed');
    assert.match(failure.details.libvirtMessage ?? '', /\bbad\b/);
  });

  it('tells the tree as the list has it, whatever was expected to be there', async () => {
    const rows: readonly (readonly [listed: readonly string[], likely: readonly string[] | undefined])[] = [
      [['a', 'b', 'c'], undefined],
      [
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ],
      [
        ['b', 'new', 'a'],
        ['a', 'gone', 'b'],
      ],
      [[], ['gone']],
      [
        ['late', 'a'],
        ['a', 'late'],
      ],
    ];
    for (const [listed, likely] of rows) {
      // One is made between the two looks: it is not there when it is asked for by its name alone.
      let late = likely?.includes('late') === true ? 1 : 0;
      const asked: string[] = [];
      const connection = answering((procedure, { snap }) => {
        switch (procedure) {
          case 'domainListAllSnapshots':
            return { snapshots: listed.map((name) => ({ name })) };
          case 'domainSnapshotCurrent':
            return { snap: { name: 'a' } };
          default: {
            const name = snap?.name ?? '';
            asked.push(name);
            if (!listed.includes(name) || (name === 'late' && late-- > 0)) {
              throw noSnapshot(procedure);
            }
            return { xml: Buffer.from(head(name)) };
          }
        }
      });
      const tree = await new LibvirtReader(connection, {} as Capabilities).readTree(uuid, likely);
      assert.deepEqual(
        tree.snapshots.map(({ name }) => name),
        listed,
      );
      assert.equal(tree.current, listed.includes('a') ? 'a' : undefined);
      const twice = asked.filter((name, index) => asked.indexOf(name) !== index);
      assert.deepEqual(twice, likely?.includes('late') === true ? ['late'] : []);
    }
  });

  it('reads what a VM names afresh each time, and makes nothing anew of the same text', async () => {
    let file = '/one';
    let asked = 0;
    const connection = answering((procedure) => {
      if (procedure === 'domainListAllSnapshots') {
        return { snapshots: [{ name: 'a' }] };
      }
      if (procedure === 'domainHasManagedSaveImage') {
        return { result: 0 };
      }
      asked++;
      const disk = `<disk type='file'><source file='${file}'/><target dev='vda'/></disk>`;
      return { xml: `<domain><name>web</name><uuid>${uuid}</uuid><devices>${disk}</devices></domain>\n` };
    });
    const reader = new LibvirtReader(connection, {} as Capabilities);
    const [first, second] = [await reader.readReferences(uuid), await reader.readReferences(uuid)];
    assert.equal(asked, 2);
    assert.equal(second.disks, first.disks);
    assert.equal(first.disks[0]?.source, '/one');
    assert.deepEqual(first.snapshots, ['a']);
    file = '/two';
    assert.equal((await reader.readReferences(uuid)).disks[0]?.source, '/two');
  });
});

function noSnapshot(procedure: string): LibvirtError {
  const text = { message: 'no', str1: undefined, str2: undefined, str3: undefined };
  const rest = { dom: undefined, net: undefined, int1: 0, int2: 0 };
  return new LibvirtError(procedure, {
    code: errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT,
    domain: 0,
    level: 2,
    ...text,
    ...rest,
  });
}

type Answer = (procedure: string, args: { readonly snap?: { readonly name: string } }) => unknown;

function answering(answer: Answer): Connection {
  const call = (procedure: string, args: Parameters<Answer>[1]): Promise<unknown> =>
    new Promise((resolve) =>
      resolve(procedure === 'domainLookupByUuid' ? { dom: { name: 'web', uuid, id: -1 } } : answer(procedure, args)),
    );
  return { call } as unknown as Connection;
}

function head(name: string): string {
  return `<domainsnapshot><name>${name}</name><state>shutoff</state></domainsnapshot>`;
}
