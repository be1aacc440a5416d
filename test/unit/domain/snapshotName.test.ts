// Titles of any kind become names that libvirt, QEMU and file systems all bear.
import assert from 'node:assert/strict';
import {
  freeTitle,
  isSafeName,
  looksLikeTagId,
  nameFromTitle,
  titleProblem,
} from '../../../src/domain/snapshotName.js';
import { now, pick, seeded } from './someFacts.js';

const day = 'snapshot-2027-01-15';

describe('snapshotName', () => {
  const names: readonly (readonly [title: string, name: string])[] = [
    ['clean-install', 'clean-install'],
    ['v1.2_rc.3', 'v1.2_rc.3'],
    ['Before the upgrade', 'Before-the-upgrade'],
    ['Vor dem Größentest', 'Vor-dem-Grossentest'],
    ['Ærø, Łódź', 'AEro-Lodz'],
    ['ｆｕｌｌ ｗｉｄｔｈ １', 'full-width-1'],
    ['a/b\\c', 'a-b-c'],
    ['.hidden', 'hidden'],
    ['--help', 'help'],
    ['a,b=c', 'a-b-c'],
    [`<&"'>`, day],
    ['line\nbreak', 'line-break'],
    ['🙂', day],
    ['שלום', day],
    ['🙂 ok 🙂', 'ok'],
    ['...', day],
    ['1', 'snapshot-1'],
    ['2024', 'snapshot-2024'],
    ['１２', 'snapshot-12'],
    ['9'.repeat(100), `snapshot-${'9'.repeat(91)}`],
    ['', day],
    ['x'.repeat(10_000), 'x'.repeat(100)],
    ['ends with a dot.  ', 'ends-with-a-dot'],
  ];
  for (const [title, name] of names) {
    it(`makes ${JSON.stringify(name.slice(0, 30))} of ${JSON.stringify(title.slice(0, 30))}`, () => {
      assert.equal(nameFromTitle(title, new Set(), now), name);
    });
  }

  it('numbers a name that is taken, also a file suffix, and stays within the length', () => {
    assert.equal(nameFromTitle('a b', new Set(['a-b', 'a-b-2']), now), 'a-b-3');
    assert.equal(nameFromTitle('qcow2', new Set(['qcow2']), now), 'qcow2-2');
    const long = 'y'.repeat(100);
    assert.equal(nameFromTitle(long, new Set([long]), now), `${'y'.repeat(98)}-2`);
  });

  it('is safe and free for any title', () => {
    const random = seeded(5);
    const taken = new Set<string>();
    const alphabet = Array.from('a12é.-_/ ,\u0000\n🙂ש\u202E=%"');
    for (let round = 0; round < 1_000; round++) {
      const title = Array.from({ length: Math.floor(random() * 6) }, () => pick(random, alphabet)).join('');
      const name = nameFromTitle(title, taken, now);
      assert.ok(isSafeName(name) && !looksLikeTagId(name) && !taken.has(name), JSON.stringify([title, name]));
      taken.add(name);
    }
  });

  it('calls safe only what all of them bear', () => {
    for (const name of ['a', 'A1', 'x'.repeat(100), '1.2_3-4']) {
      assert.ok(isSafeName(name), name);
    }
    for (const name of ['', '.a', '-a', '_a', 'a b', 'a/b', 'a,b', 'é', 'a\n', 'x'.repeat(101)]) {
      assert.ok(!isSafeName(name), JSON.stringify(name));
    }
  });

  const existing = [{ name: 'a-b', title: 'a b' }];
  const problems: readonly (readonly [title: string, problem: string | undefined])[] = [
    ['', 'empty'],
    ['  ', 'empty'],
    ['a\nb', 'controlCharacter'],
    ['a\u0000', 'controlCharacter'],
    ['abc\u202Egpj', 'controlCharacter'],
    ['\uD800', 'controlCharacter'],
    ['x'.repeat(201), 'tooLong'],
    ['x'.repeat(10_000), 'tooLong'],
    ['🙂'.repeat(200), undefined],
    ['a b', 'taken'],
    ['a-b', 'taken'],
    [' a b ', 'taken'],
    ['A b', undefined],
    ['שלום 🙂 <&"\'', undefined],
  ];
  for (const [title, problem] of problems) {
    it(`finds ${problem ?? 'nothing'} wrong with ${JSON.stringify(title.slice(0, 20))}`, () => {
      assert.equal(titleProblem(title, existing), problem);
    });
  }

  it('finds a free title by itself', () => {
    assert.equal(freeTitle('new', existing), 'new');
    assert.equal(freeTitle('a b', existing), 'a b (2)');
    assert.equal(freeTitle('a b', [...existing, { name: 'x', title: 'a b (2)' }]), 'a b (3)');
    assert.equal(titleProblem(freeTitle('x'.repeat(10_000), []), []), undefined);
  });
});
