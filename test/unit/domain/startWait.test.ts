// What somebody writes of a port, a program or seconds is read the same everywhere, and what is not understood is not
// guessed.
import assert from 'node:assert/strict';
import {
  parsePlace,
  parseProgram,
  parseSeconds,
  placeText,
  programText,
  startWait,
} from '../../../src/domain/startWait.js';

describe('what makes a VM count as up', () => {
  it('is a port, with a host or without, and is written as it is read', () => {
    for (const [text, place] of [
      ['22', { port: 22 }],
      ['65535', { port: 65_535 }],
      ['host:22', { host: 'host', port: 22 }],
      ['[::1]:22', { host: '::1', port: 22 }],
    ] as const) {
      assert.deepEqual(parsePlace(text), place);
      assert.equal(placeText(place), text);
    }
    assert.deepEqual(parsePlace('::1:22'), { host: '::1', port: 22 });
    for (const text of [
      '',
      '0',
      '65536',
      '70000',
      '-1',
      '1e3',
      'x',
      'host',
      'host:',
      'a b:22',
      '22 ',
      `${'x'.repeat(254)}:22`,
    ]) {
      assert.equal(parsePlace(text), undefined, text);
    }
  });

  it('is a program with its arguments, which is only written where it is read as the same', () => {
    const line = { program: 'systemctl', args: ['is-active', 'nginx'] };
    assert.deepEqual(parseProgram('  systemctl is-active\tnginx '), line);
    assert.equal(programText(line), 'systemctl is-active nginx');
    assert.equal(parseProgram('  '), undefined);
    assert.equal(programText({ program: 'sh', args: ['-c', 'a && b'] }), undefined);
    assert.equal(programText({ program: 'printf', args: [''] }), undefined);
  });

  it('is some seconds, at most a day', () => {
    assert.deepEqual(['0', '0.5', ' 60 ', '86400'].map(parseSeconds), [0, 0.5, 60, 86_400]);
    assert.deepEqual(
      ['', ' ', '-1', 'x', '86401', 'Infinity', 'NaN'].flatMap((text) => parseSeconds(text) ?? []),
      [],
    );
  });

  it('is one of these, for so many seconds', () => {
    const seconds = 7;
    assert.deepEqual(startWait('agent', seconds), { kind: 'agent', seconds });
    assert.deepEqual(startWait('time', seconds), { kind: 'time', seconds });
    assert.deepEqual(startWait({ port: 22, host: 'a' }, seconds), { kind: 'port', port: 22, host: 'a', seconds });
    assert.deepEqual(startWait({ program: 'true' }, seconds), { kind: 'command', program: 'true', args: [], seconds });
  });
});
