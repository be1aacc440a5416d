// FROM and TO of a copy, and what is said where one did not come to its end.
import assert from 'node:assert/strict';
import { CliError } from '../../../src/cli/commandError.js';
import { copyPlaces } from '../../../src/cli/commands/copy.js';
import { nameIn, withFacts } from '../../../src/domain/asFailure.js';
import type { Failure } from '../../../src/domain/failure.js';
import { failureMessage } from '../../../src/text/failures/failureMessage.js';
import { copyFailure } from '../../../src/text/guests/copyFailure.js';
import { copyProgressText } from '../../../src/text/guests/copyText.js';

describe('the places of a copy', () => {
  it('are one in a guest and one here', () => {
    assert.deepEqual(copyPlaces('a/b.txt', 'web:/root/'), {
      to: 'guest',
      vm: 'web',
      guestPath: '/root/',
      hostPath: 'a/b.txt',
    });
    assert.deepEqual(copyPlaces('web:/var/log/a:b', '.'), {
      to: 'host',
      vm: 'web',
      guestPath: '/var/log/a:b',
      hostPath: '.',
    });
    assert.equal(copyPlaces('./a:b', 'web:/b').hostPath, './a:b');
    assert.equal(copyPlaces('win:C:\\boot.ini', 'here').guestPath, 'C:\\boot.ini');
  });

  it('are refused where both or none is in a guest, or its path is no whole one', () => {
    for (const [from, to] of [
      ['a', 'b'],
      ['web:/a', 'db:/b'],
      ['web:a', 'b'],
      ['a', 'web:'],
      ['web:/a', ''],
      ['', 'web:/a'],
    ] as const) {
      assert.throws(
        () => copyPlaces(from, to),
        (error: unknown) => error instanceof CliError && error.exit === 'usage',
        `${from} ${to}`,
      );
    }
  });
});

describe('what is said of a copy', () => {
  const full = copyFailure('full', { at: 'guest', path: '/a', said: 'No space' });
  const told = (failure: Failure): string => failureMessage(nameIn(failure, { vm: 'web' }) as Failure);

  it('tells what it left, and only then', () => {
    assert.match(told(full), /\/a in web.*\(No space\).* Nothing was copied\.$/u);
    const besides = withFacts(full, { left: { path: '/a.part', is: 'besides' } });
    assert.match(told(besides), /left in web as \/a\.part\. Delete it/u);
    const inPlace = withFacts(full, { left: { path: '/a', is: 'inPlace' }, saved: 'before' });
    assert.match(told(inPlace), /\/a in web is incomplete.* saved as before\.$/u);
    assert.deepEqual([full.kind, inPlace.kind, inPlace.reason], ['noSpace', 'noSpace', 'full']);
  });

  it('does not let a guest speak to the terminal', () => {
    const said = 'no\u001B]0;title\u0007';
    const text = told(withFacts(full, { said }));
    assert.deepEqual([text.includes('\u001B'), text.includes('\u0007')], [false, false]);
  });

  it('is never 100 percent before its end', () => {
    assert.equal(copyProgressText(1_024, 1_024), '99 %, 1.0 KB of 1.0 KB');
    assert.equal(copyProgressText(1_024, undefined), '1.0 KB');
  });
});
