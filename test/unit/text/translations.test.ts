// Each sentence is there in each language and fits the place of the English one.
import assert from 'node:assert/strict';
import {
  changedSince,
  languages,
  originsOf,
  renewedOrigins,
  sentencesOf,
  sources,
  translationFaults,
} from '../../../scripts/translations.mjs';

describe('the translation', () => {
  for (const language of languages) {
    for (const { english, of } of sources) {
      it(`${of(language)} is whole and fits; node scripts/l10n.mjs tells what it lacks`, () => {
        assert.deepEqual(translationFaults(sentencesOf(english), sentencesOf(of(language))), []);
      });
    }
  }

  for (const language of languages) {
    it(`to ${language} is of the manifest's sentences as they are now; l10n/README.md tells what to do`, () => {
      assert.deepEqual(changedSince(sentencesOf(sources[1].english), originsOf(language)), []);
    });
  }

  for (const language of languages) {
    it(`to ${language} calls a command the same in a sentence of its own and in the palette`, () => {
      const [sentences, manifest] = sources.map(({ of }) => sentencesOf(of(language)));
      const titles = Object.entries(sentencesOf(sources[1].english)).filter(([key]) => key.startsWith('command.'));
      // The button of a question has less room than a menu.
      for (const [key, title] of titles.filter(([, one]) => one !== 'Move to Trash')) {
        assert.equal(sentences?.[title] ?? manifest?.[key], manifest?.[key], title);
      }
    });
  }

  it('of a sentence of the manifest that changed is asked for again', () => {
    const origins = renewedOrigins({ a: 'Stop', b: 'Go' }, { a: 'Halt', b: 'Los' }, {}, []);
    assert.deepEqual(changedSince({ a: 'Stop', b: 'Go' }, origins), []);
    const english = { a: 'Stop it', b: 'Go' };
    assert.deepEqual(changedSince(english, origins), ['a']);
    const after = (german: string, still: readonly string[] = []): readonly string[] =>
      changedSince(english, renewedOrigins(english, { a: german, b: 'Los' }, origins, still));
    assert.deepEqual(after('Halt'), ['a'], 'nobody looked at it');
    assert.deepEqual(after('Halt an'), []);
    assert.deepEqual(after('Halt', ['a']), []);
    const corrected = renewedOrigins({ a: 'Stop', b: 'Go' }, { a: 'Anhalten', b: 'Los' }, origins, []);
    assert.deepEqual(changedSince(english, renewedOrigins(english, { a: 'Anhalten', b: 'Los' }, corrected, [])), ['a']);
  });

  it('is found wanting where it is', () => {
    const english = { a: 'Delete {0}…', b: 'Run `virsh`.', c: 'Stop', d: ' and {0}, {1}' };
    const faults = (translated: Readonly<Record<string, string>>): readonly string[] =>
      translationFaults(english, translated).map((fault) => fault.split(':')[0]!);
    const whole = { a: '{0} löschen…', b: '`virsh` starten.', c: '停止', d: ' und {1}, {0}' };
    assert.deepEqual(faults(whole), []);
    assert.deepEqual(faults({ a: whole.a, b: whole.b, c: whole.c }), ['missing']);
    assert.deepEqual(faults({ ...whole, e: 'x' }), ['not said any more']);
    assert.deepEqual(faults({ ...whole, a: 'Löschen…' }), ['other placeholders']);
    assert.deepEqual(faults({ ...whole, a: '{0} löschen' }), ['another end, …']);
    assert.deepEqual(faults({ ...whole, b: 'virsh starten.' }), ['other code marks']);
    assert.deepEqual(faults({ ...whole, d: 'und {1}, {0}' }), ['another edge']);
    assert.deepEqual(faults({ ...whole, c: '停'.repeat(10) }), ['20 wide, at most 19']);
  });
});
