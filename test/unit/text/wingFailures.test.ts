// Reasons of wings: how they end, what they are called, and what is said of them.
import assert from 'node:assert/strict';
import { orNamed } from '../../../src/domain/asFailure.js';
import { Failure } from '../../../src/domain/failure.js';
import { failureText } from '../../../src/text/failures/failureText.js';
import { type Of, wingFailures } from '../../../src/text/failures/wingFailures.js';

describe('a failure of a wing', () => {
  const made = wingFailures('lamp', {
    refused: {
      dark: ({ vm, host, said }: Of<'vm' | 'host' | 'said'>) => [`${vm} is dark on ${host}: ${said}.`, 'Light it.'],
    },
    failed: { broken: ({ parts }: { readonly parts: readonly string[] }) => `Broken: ${parts.join(', ')}.` },
  });

  it('ends as its row says, and its reason is told to programs', () => {
    assert.deepEqual([made('dark', { said: '' }).kind, made('dark', { said: '' }).reason], ['refused', 'dark']);
    assert.deepEqual([made('broken', { parts: [] }).kind, made('broken', { parts: [] }).reason], ['failed', 'broken']);
  });

  it('says its reason, and what to do by itself', () => {
    const { sentence, nextStep } = failureText(made('dark', { vm: 'web', host: 'attic', said: 'why' }));
    assert.deepEqual([sentence, nextStep], ['web is dark on attic: why.', 'Light it.']);
    assert.equal(failureText(made('broken', { parts: ['a', 'b'] })).sentence, 'Broken: a, b.');
  });

  it('gets the names that it was not given from whoever knows them', async () => {
    const named = orNamed({ vm: 'web', host: 'attic' }, () => Promise.reject(made('dark', { vm: 'db', said: 'why' })));
    await assert.rejects(named, (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(failureText(error).sentence, 'db is dark on attic: why.');
      return true;
    });
  });

  it('tells what failed before it first, with the names that are known by then', async () => {
    const cause = made('dark', { said: 'why' });
    const named = orNamed({ vm: 'web', host: 'attic' }, () => Promise.reject(made('broken', { parts: ['a'], cause })));
    await assert.rejects(named, (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(failureText(error).sentence, 'web is dark on attic: why. Broken: a.');
      return true;
    });
  });

  it('shows nothing that turns a text around, and no word without end', () => {
    const { sentence } = failureText(made('broken', { parts: ['a\u202Eb\nc', 'x'.repeat(10_000)] }));
    assert.match(sentence, /^Broken: ab c, x{499}…\.$/u);
  });
});
