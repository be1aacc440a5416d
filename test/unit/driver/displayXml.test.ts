import assert from 'node:assert/strict';
import { displayKindOf, parseDisplay } from '../../../src/driver/xml/displayXml.js';

const domain = (graphics: string, id = ' id="3"'): string =>
  `<domain type="kvm"${id}><name>a</name><devices><disk/>${graphics}</devices></domain>`;

describe('the display that the XML of a VM names', () => {
  const rows: readonly (readonly [string, string, ReturnType<typeof parseDisplay>])[] = [
    ['none', '', { isRunning: true }],
    ['one of SPICE', '<graphics type="spice" port="5900"/>', { isRunning: true }],
    [
      'a port on loopback',
      '<graphics type="vnc" port="5901" listen="127.0.0.1"><listen type="address" address="127.0.0.1"/></graphics>',
      { isRunning: true, place: { host: '127.0.0.1', port: 5901 } },
    ],
    [
      'a port on all addresses',
      '<graphics type="vnc" port="5901" passwd="x"><listen type="address" address="0.0.0.0"/></graphics>',
      { isRunning: true, place: { host: '127.0.0.1', port: 5901 }, password: 'x' },
    ],
    [
      'a port on all addresses of IPv6',
      '<graphics type="vnc" port="5901"><listen type="address" address="::"/></graphics>',
      { isRunning: true, place: { host: '::1', port: 5901 } },
    ],
    [
      'a socket, beside SPICE',
      '<graphics type="spice"/><graphics type="vnc"><listen type="socket" socket="/run/a.vnc"/></graphics>',
      { isRunning: true, place: { path: '/run/a.vnc' } },
    ],
    ['a socket that is no path', '<graphics type="vnc" socket="a.vnc"/>', { isRunning: true }],
    ['a port that is none', '<graphics type="vnc" port="-1" autoport="yes"/>', { isRunning: true }],
    ['one that listens nowhere', '<graphics type="vnc"><listen type="none"/></graphics>', { isRunning: true }],
  ];
  for (const [what, graphics, expected] of rows) {
    it(`is ${what}`, () => {
      assert.deepEqual(parseDisplay(domain(graphics)), expected);
    });
  }

  it('is told of a VM that is off, too', () => {
    assert.equal(parseDisplay(domain('<graphics type="vnc"/>', '')).isRunning, false);
    assert.equal(displayKindOf(domain('<graphics type="vnc"/><graphics type="spice"/>', '')), 'vnc');
    assert.equal(displayKindOf(domain('<graphics type="spice"/>')), 'spice');
    assert.equal(displayKindOf(domain('<graphics type="sdl"/>')), 'none');
  });
});
