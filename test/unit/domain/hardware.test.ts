// What differs between the hardware of two states, as a table.
import assert from 'node:assert/strict';
import { compareHardware, type Hardware, type HardwareItem } from '../../../src/domain/hardware.js';

const item = (part: HardwareItem['part'], id: string, facts: HardwareItem['facts'], whole = ''): HardwareItem => ({
  part,
  id,
  facts,
  whole: `${JSON.stringify(facts)}${whole}`,
});
const hardware = (...items: readonly HardwareItem[]): Hardware => ({ xml: '', items });
const memory = (bytes: string): HardwareItem => item('memory', 'memory', { bytes });
const disk = (id: string, file: string): HardwareItem => item('disk', id, { file });

describe('a comparison of hardware', () => {
  const table: readonly (readonly [string, Hardware, Hardware, readonly unknown[]])[] = [
    ['nothing', hardware(memory('1')), hardware(memory('1')), []],
    [
      'a fact',
      hardware(memory('1')),
      hardware(memory('2')),
      [{ part: 'memory', id: 'memory', how: 'changed', facts: [{ name: 'bytes', from: '1', to: '2' }] }],
    ],
    [
      'something that is no fact',
      hardware(item('cpu', 'cpu', {}, 'a')),
      hardware(item('cpu', 'cpu', {}, 'b')),
      [{ part: 'cpu', id: 'cpu', how: 'changed', facts: [] }],
    ],
    [
      'a disk that came',
      hardware(disk('vda', '/a')),
      hardware(disk('vda', '/a'), disk('vdb', '/b')),
      [{ part: 'disk', id: 'vdb', how: 'added', facts: [{ name: 'file', to: '/b' }] }],
    ],
    [
      'a disk that went',
      hardware(disk('vda', '/a'), disk('vdb', '/b')),
      hardware(disk('vda', '/a')),
      [{ part: 'disk', id: 'vdb', how: 'removed', facts: [{ name: 'file', from: '/b' }] }],
    ],
    [
      'a fact that only one has',
      hardware(item('network', 'm', { source: 'default' })),
      hardware(item('network', 'm', { model: 'virtio' })),
      [
        {
          part: 'network',
          id: 'm',
          how: 'changed',
          facts: [
            { name: 'source', from: 'default' },
            { name: 'model', to: 'virtio' },
          ],
        },
      ],
    ],
    [
      'the second of two that share a name',
      hardware(disk('', '/a'), disk('', '/b')),
      hardware(disk('', '/a'), disk('', '/c')),
      [{ part: 'disk', id: '', how: 'changed', facts: [{ name: 'file', from: '/b', to: '/c' }] }],
    ],
  ];
  for (const [what, before, after, expected] of table) {
    it(`tells ${what}`, () => assert.deepEqual(compareHardware(before, after), expected));
  }

  it('goes by parts, in an order of its own', () => {
    const after = hardware(item('other', 'x', {}), disk('vda', '/a'), memory('1'), item('cpu', 'vcpu', {}));
    assert.deepEqual(
      compareHardware(hardware(), after).map(({ part }) => part),
      ['cpu', 'memory', 'disk', 'other'],
    );
  });
});
