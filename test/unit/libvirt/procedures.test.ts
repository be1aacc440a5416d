import assert from 'node:assert/strict';
import { events } from '../../../src/libvirt/events.js';
import { type Procedure, procedures } from '../../../src/libvirt/procedures.js';
import { REMOTE_PROGRAM } from '../../../src/libvirt/protocol.js';
import { domain, typedParameter, typedParameterMap, uuid } from '../../../src/libvirt/structs.js';
import { XdrReader } from '../../../src/libvirt/xdr/reader.js';
import { XdrWriter } from '../../../src/libvirt/xdr/writer.js';

describe('the table of procedures', () => {
  it('has no number twice', () => {
    const numbers = [...Object.values(procedures), ...Object.values(events)].map(
      (row) => `${'program' in row ? row.program : REMOTE_PROGRAM} ${row.number}`,
    );
    assert.equal(new Set(numbers).size, numbers.length);
  });

  it('lays out a call as libvirt does', () => {
    const row: Procedure<{ readonly dom: typeof dom; readonly xmlDesc: string; readonly flags: number }, unknown> =
      procedures.domainSnapshotCreateXml;
    const dom = { name: 'web', uuid: '00112233-4455-6677-8899-aabbccddeeff', id: -1 };
    const writer = new XdrWriter();
    row.args.write(writer, { dom, xmlDesc: '<d/>', flags: 16 });
    assert.equal(
      writer.toBytes().toString('hex'),
      ['00000003', '77656200', '00112233445566778899aabbccddeeff', 'ffffffff', '00000004', '3c642f3e', '00000010'].join(
        '',
      ),
    );
  });
});

describe('shared structures', () => {
  it('read a domain', () => {
    const bytes = Buffer.from('000000017600000000112233445566778899aabbccddeeff00000005', 'hex');
    assert.deepEqual(domain.read(new XdrReader(bytes)), {
      name: 'v',
      uuid: '00112233-4455-6677-8899-aabbccddeeff',
      id: 5,
    });
  });

  it('write a UUID in any case, and nothing else', () => {
    const writer = new XdrWriter();
    uuid.write(writer, '00112233-4455-6677-8899-AABBCCDDEEFF');
    assert.equal(writer.toBytes().toString('hex'), '00112233445566778899aabbccddeeff');
    for (const wrong of [
      '',
      '00112233445566778899aabbccddeeff',
      '0'.repeat(36),
      '00112233-4455-6677-8899-aabbccddeefg',
    ]) {
      assert.throws(() => uuid.write(writer, wrong), RangeError);
    }
  });

  it('keep 64-bit typed parameters exact', () => {
    const parameters = [
      { field: 'large', value: { type: 'ullong', value: 2n ** 64n - 1n } },
      { field: 'small', value: { type: 'llong', value: -3 } },
      { field: 'on', value: { type: 'boolean', value: true } },
    ] as const;
    const writer = new XdrWriter();
    for (const parameter of parameters) {
      typedParameter.write(writer, parameter);
    }
    const reader = new XdrReader(writer.toBytes());
    const back = parameters.map(() => typedParameter.read(reader));
    reader.end();
    assert.deepEqual(back, parameters);
    assert.deepEqual(
      [...typedParameterMap(back)],
      [
        ['large', 18_446_744_073_709_551_615n],
        ['small', -3],
        ['on', true],
      ],
    );
  });
});
