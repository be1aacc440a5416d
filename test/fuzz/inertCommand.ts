// What the ssh client makes of its arguments, read as it reads them: no URI may give it an option, a word of a shell or
// another host than it names.
import assert from 'node:assert/strict';
import { type SshCommand, sshCommand, type SshWish } from '../../src/hosts/sshCommand.js';
import { sshHost, daemonLine } from '../../src/libvirt/sshTransport.js';
import type { LibvirtUri } from '../../src/libvirt/uri.js';

const withValue = new Set(['-p', '-l', '-i', '-o', '-e']);
const knownOptions = new Set([
  'RequestTTY',
  'RemoteCommand',
  'ForwardAgent',
  'ForwardX11',
  'ClearAllForwardings',
  'ConnectTimeout',
  'ServerAliveInterval',
  'BatchMode',
  'StrictHostKeyChecking',
  'UserKnownHostsFile',
  'ControlMaster',
  'ControlPath',
  'ControlPersist',
]);
/** Words of a shell, which a `ProxyCommand` or `Match exec` of the user's may hand a user's name to. */
const shellWords = /["`'$;&<>|(){}\s\p{Cc}]|\\$/u;

/** To the daemon of the URI, with the mark `mark`. @throws UnsupportedUri */
export function sshCommandTo(uri: LibvirtUri, wish: Partial<SshWish> = {}, readOnly = false): SshCommand {
  return sshCommand(sshHost(uri), { isBatch: false, ...wish }, daemonLine(uri, readOnly, 'mark'));
}

/** @param chosen the program that the URI itself names */
export function assertInert({ program, args }: SshCommand, chosen = 'ssh'): void {
  assert.equal(program, chosen);
  let at = 0;
  for (; args[at] !== '--'; at++) {
    const option = args[at] ?? '';
    assert.ok(option === '-T' || withValue.has(option), `${option} would be an option`);
    if (withValue.has(option)) {
      const value = args[++at] ?? '';
      assert.doesNotMatch(value, /\p{Cc}/u, 'a line of its own');
      assert.ok(option !== '-o' || knownOptions.has(value.split('=', 1)[0] ?? ''), value);
      assert.ok(option !== '-p' || /^\d+$/u.test(value), value);
      assert.ok(option !== '-l' || (!value.startsWith('-') && !shellWords.test(value)), `the user ${value}`);
    }
  }
  const [host = '', script = '', ...more] = args.slice(at + 1);
  assert.deepEqual(more, []);
  assert.match(host, /^[\w.:%][\w.:%-]*$/u);
  for (const [shell, wordsOf] of Object.entries(shells)) {
    const [exec, sh, option, , name, ...values] = wordsOf(script);
    assert.deepEqual([exec, sh, option, name, values[0]], ['exec', 'sh', '-c', 'sh', 'mark'], `in ${shell}: ${script}`);
  }
}

type Split = (line: string) => readonly string[];

/** How each shell of a login splits one line into words: what it would do otherwise is an error here. */
const shells: Readonly<Record<string, Split>> = {
  // Nothing is special within single quotes.
  sh: (line) => split(line, { inQuotes: '', everywhere: '' }),
  // A backslash escapes itself and the quote within single quotes.
  fish: (line) => split(line, { inQuotes: "\\'", everywhere: '' }),
  // A line ends within quotes, and `!` is looked up in the history wherever no backslash stands before it.
  csh: (line) => split(line, { inQuotes: '', everywhere: '!\n' }),
};

function split(line: string, { inQuotes, everywhere }: { inQuotes: string; everywhere: string }): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const one = line[at]!;
    const next = line[at + 1] ?? '';
    if (one === '\\' && (!isQuoted || (next !== '' && inQuotes.includes(next)))) {
      word = `${word ?? ''}${next}`;
      at++;
      continue;
    }
    assert.ok(!everywhere.includes(one), `${JSON.stringify(one)} steers the shell: ${line}`);
    if (one === "'") {
      word ??= '';
      isQuoted = !isQuoted;
    } else if (isQuoted) {
      word = `${word ?? ''}${one}`;
    } else if (one === ' ') {
      words.push(...(word === undefined ? [] : [word]));
      word = undefined;
    } else {
      assert.match(one, /[\w./:-]/u, `in no quotes: ${line}`);
      word = `${word ?? ''}${one}`;
    }
  }
  assert.ok(!isQuoted, `a quote stays open: ${line}`);
  return [...words, ...(word === undefined ? [] : [word])];
}
