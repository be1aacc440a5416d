import assert from 'node:assert/strict';
import { parseServer } from '../../../../src/driver/run/debugServer.js';
import { DebuggerWords } from '../../../../src/wings/guest/debug/debuggerWords.js';

describe('what a debugger says', () => {
  const heard = (...parts: readonly string[]): readonly [string, boolean, boolean] => {
    const words = new DebuggerWords();
    let pass = '';
    let isKill = false;
    for (const part of parts) {
      const taken = words.take(Buffer.from(part, 'latin1'));
      pass += taken.pass.toString('latin1');
      isKill ||= taken.isKill;
    }
    return [pass, isKill, words.isDetached];
  };

  it('passes, in whole packets', () => {
    assert.deepEqual(heard('+$qSupp', 'orted#37', '\u0003'), ['+$qSupported#37\u0003', false, false]);
    assert.deepEqual(heard('$g#6', '7+'), ['$g#67+', false, false]);
    assert.deepEqual(heard('$X0,1:k}#6b'), ['$X0,1:k}#6b', false, false]);
  });

  it('does not pass where QEMU would end, however it comes', () => {
    assert.deepEqual(heard('+$k#6b'), ['+', true, false]);
    assert.deepEqual(heard('+', '$', 'k#', '6b'), ['+', true, false]);
    assert.deepEqual(heard('$g#67$vKill;1#6e'), ['$g#67', true, false]);
    assert.deepEqual(heard('+$}K#c8'), ['+', true, false]);
    assert.deepEqual(heard(`+$${'x'.repeat(200_000)}$k#6b`), ['+', true, false]);
  });

  it('passes no command to the monitor of QEMU but those that show something', () => {
    const packet = (line: string, as = (digits: string) => digits): string =>
      `$qRcmd,${as(Buffer.from(line, 'latin1').toString('hex'))}#00`;
    for (const line of ['info registers', ' info  version', 'help', 'x /4i $pc', 'p $eip']) {
      assert.deepEqual(heard(packet(line)), [packet(line), false, false], line);
    }
    const refused = [
      'quit',
      'q',
      'system_reset',
      'stop',
      'savevm a',
      'infoo',
      'info version\nquit',
      'info a;\rq',
      '',
      'xq',
    ];
    for (const line of refused) {
      for (const as of [String, (digits: string) => digits.toUpperCase(), (digits: string) => `${digits}f`]) {
        assert.deepEqual(heard(`+$g#67${packet(line, as)}$m0,1#00`), ['+$g#67$m0,1#00', false, false], line);
      }
      assert.equal(typeof new DebuggerWords().take(Buffer.from(packet(line))).refused, 'string');
    }
    const [whole] = [packet('quit')];
    assert.deepEqual(heard(whole.slice(0, 9), whole.slice(9)), ['', false, false]);
    assert.deepEqual(heard(whole.replace('qRcmd', 'qR}Cmd')), ['', false, false], 'escaped');
  });

  it('is known to have left the guest, also when it has answered after that', () => {
    assert.deepEqual(heard('$D;1#b0', '+'), ['$D;1#b0+', false, true]);
    assert.deepEqual(heard('$D#44'), ['$D#44', false, true]);
    assert.deepEqual(heard('$}d#e1'), ['$}d#e1', false, true]);
    assert.deepEqual(heard('$D#44', '$g#67'), ['$D#44$g#67', false, false]);
  });

  it('is bounded', () => {
    assert.throws(() => heard('$', 'x'.repeat(300 * 1024)));
  });
});

describe('the server of QEMU for debuggers', () => {
  it('is read of its name', () => {
    const rows: readonly (readonly [string, ReturnType<typeof parseServer>])[] = [
      ['disconnected:unix:/tmp/x y/g,server=on', { isTaken: false, place: { path: '/tmp/x y/g' } }],
      ['unix:/run/g,server=on', { isTaken: true, place: { path: '/run/g' } }],
      ['disconnected:tcp:127.0.0.1:33835,server=on', { isTaken: false, place: { port: 33_835 } }],
      ['tcp:127.0.0.1:1234,server=on <-> 127.0.0.1:5', { isTaken: true, place: { port: 1_234 } }],
      ['disconnected:tcp::1234,server=on', { isTaken: false, place: { port: 1_234 } }],
      ['disconnected:tcp:127.0.0.1:99999,server=on', { isTaken: false }],
      ['stdio', { isTaken: true }],
    ];
    for (const [filename, expected] of rows) {
      assert.deepEqual(parseServer(filename), expected, filename);
    }
  });
});
