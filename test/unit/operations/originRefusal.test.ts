import assert from 'node:assert/strict';
import { actsAloneForMs } from '../../../src/operations/interrupted.js';
import { type Origin } from '../../../src/domain/origin.js';
import { ageRefusal, foreignRefusal, type CurrentOrigin } from '../../../src/operations/originRefusal.js';

const now = 1_800_000_000_000;
const place = { host: 'here', machine: 'm', boot: 'b' };
const daemon = { hostname: 'here', hostUuid: 'u' };
const here: CurrentOrigin = { place, daemon, isLocal: true, now };
const other = { ...daemon, hostUuid: 'v' };
const far = { hostname: 'far', hostUuid: 'u' };

describe('where an operation was begun', () => {
  const lasting = { ...here, daemon: { ...daemon, hostUuidLasts: true } } as const;
  const rows: readonly (readonly [string, Origin, 'here' | 'elsewhere' | 'notKnown', CurrentOrigin?])[] = [
    ['here', { ...place, daemon }, 'here'],
    ['a computer of another name', { ...place, host: 'there', daemon }, 'elsewhere'],
    ['a clone under our name, with an installation of its own', { ...place, machine: 'n', daemon }, 'elsewhere'],
    ['another daemon', { ...place, daemon: { ...daemon, hostname: 'there' } }, 'elsewhere'],
    ['a clone in all but its hardware', { ...place, boot: 'c', daemon: other }, 'elsewhere', lasting],
    ['a libvirt that makes a new UUID at each start', { ...place, daemon: other }, 'here'],
    ['the same, before the computer was started again', { ...place, boot: 'c', daemon: other }, 'here'],
    ['the same without installation', { host: 'here', daemon: other }, 'notKnown'],
    [
      'the same on another computer',
      { ...place, boot: 'c', daemon: far },
      'notKnown',
      { ...here, daemon: { ...far, hostUuid: 'v' }, isLocal: false },
    ],
    ['a daemon that does not answer', { ...place, daemon }, 'notKnown', { place, now }],
    ['here, before it was started again', { ...place, boot: 'c', daemon }, 'here'],
    ['an older version, which told of no daemon', { host: 'here', boot: 'b' }, 'notKnown'],
    ['a system without installation and boot', { host: 'here', daemon }, 'notKnown'],
  ];
  for (const [name, origin, wanted, at = here] of rows) {
    it(`is ${wanted}: ${name}`, () => {
      assert.equal(
        foreignRefusal('web', origin, at)?.refusal.reason,
        wanted === 'elsewhere' ? 'begunOnOtherHost' : undefined,
      );
      assert.equal(ageRefusal('web', origin, now, at)?.refusal.reason === 'begunOnOtherHost', wanted !== 'here');
    });
  }
});

describe('how long ago it broke off', () => {
  const origin: Origin = { ...place, daemon };
  for (const [name, at, boot, old] of [
    ['just now', now, 'b', false],
    ['within the hour', now - actsAloneForMs, 'b', false],
    ['more than an hour ago', now - actsAloneForMs - 1, 'b', true],
    ['in the future', now + 1, 'b', true],
    ['at no time at all', Number.NaN, 'b', true],
    ['before the computer was started again', now, 'c', true],
  ] as const) {
    it(`is ${old ? 'too long' : 'short enough'}: ${name}`, () => {
      const reason = ageRefusal('web', { ...origin, boot }, at, here)?.refusal.reason;
      assert.equal(reason, old ? 'brokeOffLongAgo' : undefined);
    });
  }
});
