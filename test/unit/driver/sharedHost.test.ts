// Which connections lead to one host.
import assert from 'node:assert/strict';
import { asksForTheSame, mayShareHost } from '../../../src/driver/sharedHost.js';
import { isSameHostname } from '../../../src/base/hostname.js';

describe('connections to one host', () => {
  for (const [one, other, expected] of [
    ['qemu:///system', 'qemu:///session', true],
    ['qemu:///system', 'qemu+unix:///system?socket=/run/x', true],
    ['qemu:///system', 'qemu+ssh://root@localhost/system', true],
    ['qemu:///system', 'qemu+ssh://web/system', false],
    ['qemu+ssh://root@web/system', 'qemu+ssh://Web:2222/session', true],
    ['qemu+ssh://web/system', 'qemu+ssh://db/system', false],
    ['qemu+ssh://web/system', 'nonsense', false],
    ['nonsense', 'nonsense', false],
  ] as const) {
    it(`${one} and ${other}: ${expected ? 'perhaps' : 'no'}`, () => {
      assert.equal(mayShareHost(one, other), expected);
      assert.equal(mayShareHost(other, one), expected);
    });
  }

  it('one daemon under two names is asked for the same', () => {
    assert.ok(asksForTheSame('qemu:///system', 'qemu+ssh://localhost/system'));
    assert.ok(!asksForTheSame('qemu:///system', 'qemu:///session'));
  });

  it('hosts by their names, with a domain or without', () => {
    assert.ok(isSameHostname('web', 'WEB.example.org'));
    assert.ok(isSameHostname('web.example.org', 'web.example.org'));
    assert.ok(!isSameHostname('web.example.org', 'web.example.net'));
    assert.ok(!isSameHostname('web', 'db'));
  });
});
