// What the reader makes of answers that a real daemon does not give on demand.
import assert from 'node:assert/strict';
import { LibvirtReader } from '../../../src/hypervisor/libvirtReader.js';
import { toFailure } from '../../../src/hypervisor/toFailure.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import type { Capabilities } from '../../../src/model/capabilities.js';

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
});

function head(name: string): string {
  return `<domainsnapshot><name>${name}</name><state>shutoff</state></domainsnapshot>`;
}
