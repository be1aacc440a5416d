// The history reads as text, whatever is in its file.
import assert from 'node:assert/strict';
import { historyText } from '../../../src/text/rows/historyText.js';

const at = new Date(2026, 10, 20, 9, 41).toISOString();
const vm = { uuid: 'u1', name: 'web-test' };
const line = (changes: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    at,
    user: 'ada',
    vm,
    request: { kind: 'revert', snapshot: 'clean', after: 'asSnapshot' },
    outcome: 'done',
    durationMs: 2_400,
    command: 'virsh -c qemu:///system snapshot-revert --domain web-test --snapshotname clean',
    ...changes,
  });
const page = (lines: readonly string[]): string =>
  historyText(lines, (_, snapshot) => `${snapshot}, as it is called`, '/state/audit.jsonl');

describe('the text of the history', () => {
  it('says when, which VM, what, by whom, how it ended and the command', () => {
    const text = page([line()]);
    for (const wanted of [
      /2026\\-11\\-20/,
      /09\\:41 web\\-test/,
      /as it is called/,
      /ada/,
      /2\\\.4 s/,
      /`virsh -c qemu:\/\/\/system snapshot-revert --domain web-test --snapshotname clean`/,
    ]) {
      assert.match(text, wanted);
    }
  });

  it('says what became of a disk, and its kind alone where the file does not say it', () => {
    const told = (change?: unknown): string =>
      /web-test\*\*: ([^·]*) ·/u.exec(page([line({ request: { kind: 'disk', change } })]).replaceAll('\\', ''))?.[1] ??
      '';
    assert.equal(told({ do: 'grow', target: 'vda', bytes: 8 * 1024 ** 2 }), 'growing disk vda to 8.0 MB');
    assert.equal(told({ do: 'add', target: 'vdb', bytes: 1024 ** 2 }), 'adding a disk of 1.0 MB');
    assert.equal(told({ do: 'remove', target: 'vdb' }), 'removing disk vdb');
    for (const change of [undefined, null, 'grow', {}, { do: 'toString' }, { do: 'grow', target: 1, bytes: 'x' }]) {
      assert.equal(told(change), 'disk');
    }
  });

  it('has a command as it is typed, whatever is in it', () => {
    const code = (command: string): string | undefined => /^ {2}(`.*)$/mu.exec(page([line({ command })]))?.[1];
    assert.equal(code('virsh list'), '`virsh list`');
    assert.equal(code('echo `id` ``'), '``` echo `id` `` ```');
    assert.equal(code('a\n# b'), '`a # b`');
    assert.equal(code(`virsh ${'x'.repeat(3_000)}`)?.length, 3_008);
  });

  it('says once that it failed, and why in words', () => {
    const told = (failure: string, outcome = 'failed'): string =>
      /: revert[^·]*· ([^·]*) ·/iu.exec(
        page([line({ outcome, failure, durationMs: 400 })]).replaceAll('\\', ''),
      )?.[1] ?? '';
    assert.equal(told('failed'), 'failed in 0.4 s');
    assert.equal(told('failed: no disk: vdb'), 'failed in 0.4 s: no disk: vdb');
    assert.equal(told('busy: another editor began'), 'failed in 0.4 s: busy (another editor began)');
    assert.equal(told('noSpace'), 'failed in 0.4 s: disk full');
    assert.equal(told('refused: blockJobRunning'), 'failed in 0.4 s: rejected');
    assert.equal(told('whatever: it was'), 'failed in 0.4 s: whatever: it was');
    assert.doesNotMatch(told('dismissed', 'explained'), /dismissed/);
    assert.equal(told('toString'), 'failed in 0.4 s: toString');
  });

  it('names the system that it was done with', () => {
    const text = historyText(
      [line({ entry: '0123abcd' })],
      (_, snapshot) => snapshot,
      '/state',
      ({ entry }) => (entry === '0123abcd' ? 'my shop' : undefined),
    );
    assert.match(text, /with the system my shop/u);
    assert.doesNotMatch(page([line({ entry: '0123abcd' })]), /system my/u);
  });

  it('tells marks, and whatever else stands where one should', () => {
    const told = (request: object): string =>
      /09:41 web-test\*\*: ([^·]*) ·/u.exec(page([line({ request, command: undefined })]).replaceAll('\\', ''))?.[1] ??
      '';
    assert.equal(
      told({ kind: 'trash', snapshots: ['a', 'b'], put: 'in', until: 1 }),
      'moving a, as it is called, b, as it is called to the trash',
    );
    assert.equal(told({ kind: 'keep', snapshots: ['a'], kept: 'free' }), 'allowing pruning of a, as it is called');
    assert.equal(told({ kind: 'favourite', snapshot: 'a' }), 'making a, as it is called the favourite');
    assert.equal(told({ kind: 'favourite' }), 'removing the favourite');
    assert.equal(told({ kind: 'trash', snapshots: 'a', put: 'in' }), 'trash');
    assert.equal(told({ kind: 'trash', put: 7 }), 'trash');
    assert.equal(told({ type: 'trash' }), 'trash');
  });

  it('begins with the newest', () => {
    const text = page([line(), line({ durationMs: 3_900 })]);
    assert.ok(text.indexOf('3\\.9 s') < text.indexOf('2\\.4 s'));
  });

  it('tells the step of an agent, and the snapshot before it', () => {
    const agent = { kind: 'agent', agent: 'a_b', tool: 'run_in_guest', step: 7, what: 'rm -rf /', before: 'kept' };
    const text = page([line({ request: agent, shell: 'virt-rewind mcp', command: undefined })]);
    assert.match(text, /step 7 of a\\_b\\: run\\_in\\_guest rm \\-rf \\\/ \\\(before\\: kept\\, as it is called\\\)/);
    assert.match(text, /by ada in virt\\-rewind mcp/);
    assert.doesNotThrow(() => page([line({ request: { kind: 'agent', step: {}, what: [] } })]));
  });

  it('says of a VM which backup it was restored from', () => {
    const madeAt = new Date(2026, 10, 20, 10, 20, 30).getTime();
    assert.match(
      page([line({ request: { kind: 'restore', madeAt } })]),
      /restoring its backup of 2026\\-11\\-20 10\\:20\\:30/u,
    );
    const backup = { kind: 'backup', id: '1f0c22ab', to: '/mnt/backups' };
    assert.match(page([line({ request: backup })]), /backing it up to \\\/mnt\\\/backups as 1f0c22ab/u);
    assert.match(page([line({ request: { kind: 'backup', to: 7 } })]), /backing it up to/u);
    assert.match(page([line({ request: { kind: 'restore', madeAt: 1e300 } })]), /restoring its backup of \\?/u);
  });

  it('leaves out what is no entry, and makes markup of nothing', () => {
    const broken = [
      '',
      '{',
      '[]',
      'null',
      '{"at":"x"}',
      line({ vm: 'web' }),
      line({ request: 1 }),
      line({ outcome: {} }),
    ];
    assert.equal(
      page(broken)
        .split('\n')
        .filter((one) => one.startsWith('- ')).length,
      0,
    );
    const hostile = page([line({ vm: { uuid: 'u', name: '[x](command:y)\n# z' }, failure: '<b>`x`</b>' })]);
    assert.doesNotMatch(hostile.replaceAll(/^ {2}`virsh .*`$/gmu, ''), /\]\(|^# z|<b>|(?<!\\)`/mu);
  });

  it('has words for every kind of request, also for one that was shortened', () => {
    const requests = [
      { kind: 'create', title: 'a' },
      { kind: 'delete', snapshot: 'a', scope: 'one' },
      { kind: 'delete', snapshot: 'a', scope: 'other' },
      { kind: 'power', action: 'forceOff' },
      { kind: 'power', action: 'toString' },
      { kind: 'prune', snapshots: ['a', 'b'] },
      { kind: 'consolidate' },
      { kind: 'repair' },
      { kind: 'rename', title: 'a' },
      { kind: 'describe', title: 'a' },
      { type: 'prune' },
      { kind: 'constructor' },
      {},
    ];
    const text = page(requests.map((request) => line({ request })));
    assert.doesNotMatch(text, /undefined|\[object/);
    assert.equal(text.split('\n').filter((one) => one.startsWith('- ')).length, requests.length);
  });

  it('tells how many older ones there are', () => {
    assert.match(page(Array.from({ length: 320 }, () => line())), /20 older/);
    assert.match(page(Array.from({ length: 301 }, () => line())), /1 older entry is/);
  });
});
