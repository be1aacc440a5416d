// The report of Check Health: of one VM about that VM, of several the bad ones first.
import assert from 'node:assert/strict';
import { healthReportText } from '../../../src/text/problems/healthReportText.js';
import { now, vm, vmView } from '../ui/samples.js';

const checked = (name: string) => ({
  view: vmView({ vm: vm({ name }) }),
  health: { found: [], unjudged: [] },
  snoozed: 0,
});
const headings = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('#'));

describe('the report of Check Health', () => {
  it('is about a single VM by its name, and says once that nothing is wrong', () => {
    const text = healthReportText([checked('web')], ['build-host could not be asked.'], now);
    assert.deepEqual(headings(text), ['# Health of web']);
    assert.equal(text.match(/No problems found/gu)?.length, 1);
    assert.match(text, /build\\-host/u);
  });

  it('says that nothing is wrong where there are only notes, of one VM as of several', () => {
    const noted = {
      ...checked('web'),
      health: { found: [{ kind: 'nvramNotHeld', snapshot: 'base' } as const], unjudged: [] },
    };
    for (const all of [[noted], [noted, noted]]) {
      const text = healthReportText(all, [], now);
      assert.match(text, /^No problems found/mu);
      assert.match(text, /^##+ Note\\: /mu);
    }
  });

  it('does not say that nothing is wrong with one that could not be examined', () => {
    const silent = { ...checked('web'), failure: 'Its QEMU does not answer.' };
    for (const all of [[silent], [silent, checked('db')]]) {
      const [above] = healthReportText(all, [], now).split('## db');
      assert.doesNotMatch(above!, /Nothing is wrong/u);
      assert.match(above!, /Not checked\\?:\*\* Its QEMU/u);
    }
  });

  it('has a heading for each of several that it tells of, and one line for those without problems', () => {
    const noted = {
      ...checked('cache'),
      health: { found: [{ kind: 'nvramNotHeld', snapshot: 'base' } as const], unjudged: [] },
    };
    const text = healthReportText([checked('db'), noted, checked('web')], [], now);
    assert.deepEqual(
      headings(text).filter((one) => !one.startsWith('###')),
      ['# Health of 3 VMs', '## cache', '## No problems found\\.'],
    );
    assert.match(text, /^## No problems found\\\.\n\ndb\\, web$/mu);
  });

  it('tells once what is the same for all VMs of a connection', () => {
    const old = { kind: 'knownBadVersion', version: '9.0', why: 'longChain', source: 'its news' } as const;
    const all = ['db', 'web'].map((name) => ({ ...checked(name), health: { found: [old], unjudged: [] } }));
    const text = healthReportText(all, [], now);
    assert.equal(text.match(/^### /gmu)?.length, 1);
    assert.match(text, /^## No problems found\\\.\n\ndb\\, web$/mu);
    const low = { kind: 'freeSpaceLow', folder: '/i', freeBytes: 1, totalBytes: 9, limitPercent: 10 } as const;
    const bad = healthReportText(
      all.map((one) => ({ ...one, health: { found: [low], unjudged: [] } })),
      [],
      now,
    );
    assert.equal(bad.match(/^### /gmu)?.length, 1);
    assert.doesNotMatch(bad, /No problems/u);
  });
});
