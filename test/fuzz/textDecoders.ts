// Text from people, workspaces, guests and agents: URIs, lab files, configurations, lines of JSON, and what is shown.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hookCallOf } from '../../src/cli/commands/hook.js';
import { cleanAnswer, markUntrusted, untrustedLine } from '../../src/agents/guestText.js';
import { parseMessage } from '../../src/agents/mcp/message.js';
import { parseCommandLine } from '../../src/cli/arguments.js';
import { commands } from '../../src/tables.js';
import { CliError } from '../../src/cli/commandError.js';
import { parseDescription, writeDescription } from '../../src/domain/description.js';
import { displayLine, displayText, storableText } from '../../src/domain/plainText.js';
import { parsePlace, parseProgram, parseSeconds } from '../../src/domain/startWait.js';
import { parseServer } from '../../src/driver/run/debugServer.js';
import { answerOf, MonitorError } from '../../src/driver/run/monitor.js';
import { parseEntry } from '../../src/journal/entryText.js';
import { parseRefused } from '../../src/journal/refusedRequests.js';
import { readLab } from '../../src/lab/readLab.js';
import { readLevel } from '../../src/lesson/levelFiles.js';
import { credentialsIn, scram, ScramError } from '../../src/libvirt/saslLogin.js';
import { ConfError, parseClientConf } from '../../src/libvirt/clientConf.js';
import { UnsupportedUri } from '../../src/libvirt/libvirtError.js';
import { parseUri } from '../../src/libvirt/uri.js';
import { htmlText } from '../../src/text/html.js';
import { codeText, factsMarkdown, markdownText } from '../../src/text/markdown.js';
import { sshConfigHosts } from '../../src/ui/commands/connections/sshConfigHosts.js';
import { DebuggerWords } from '../../src/wings/guest/debug/debuggerWords.js';
import { readChecksum } from '../../src/wings/guest/images/readChecksum.js';
import * as v from 'valibot';
import type { Decoder } from './fuzz.js';
import { assertInert, sshCommandTo } from './inertCommand.js';
import { mutateBytes, mutateText } from './mutate.js';

const root = process.env['VIRT_REWIND_ROOT'] ?? process.cwd();
const lab = readFileSync(join(root, 'examples/lab/virt-rewind.yaml'), 'utf8');
const level = readFileSync(join(root, 'levels/lesson.level.yaml'), 'utf8');

const uris = [
  'qemu:///system',
  'qemu+ssh://me@web:2222/system?keyfile=/k&no_verify=1&known_hosts=/a%20b&socket=/run/s&netcat=nc',
  'qemu+ssh://a%2Bb@[fe80::1%25eth0]/session?mode=legacy&proxy=native&command=/bin/ssh',
  'qemu+tls://web/system?pkipath=/pki',
  'test+unix:///default?socket=/s;name=qemu:///x',
];

const sshConfig = [
  '# hosts',
  'Include config.d/*.conf',
  'HOST=build  "second" *.example.org',
  '  HostName = elsewhere.example.org',
  'Match host other',
].join('\r\n');

const clientConf = [
  '# of clients',
  'uri_default = "qemu+ssh://build/system" # the usual',
  'uri_aliases = [ "hail=qemu+ssh://root@hail/system",',
  "  'sleet=qemu:///session', ]; keepalive_interval = -1",
  'note = """two',
  'lines"""',
].join('\n');

const authConf = [
  '[credentials-fred]',
  'authname=fred',
  'password=pencil = [x]',
  '[auth-libvirt-web]',
  'credentials=fred',
  '[auth-libvirt-default]',
  'credentials=nobody',
].join('\r\n');

/** The second message of RFC 7677's example, and the last one. */
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const saslAnswers = [
  `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
  'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
];

const entry = [
  '{"version":1,"id":"0123456789abcdef0123456789abcdef","connection":"c","vm":{"uuid":"u","name":"n"},"startedAt":1,' +
    '"writer":{"pid":1,"host":"h","boot":"b","start":1},"request":{"kind":"delete","vm":{"connection":"c","uuid":"u"}},' +
    '"plan":{"kind":"plan","request":{"kind":"delete","vm":{"connection":"c","uuid":"u"}},"steps":[{"kind":"x"}]}}',
  '{"index":0,"state":"started","at":1}',
  '{"index":0,"state":"done","at":2}',
  '',
].join('\n');

/** Nothing of a terminal, a page or a reader is steered by it. */
function assertPlain(text: string, allowed = ''): void {
  const found = Array.from(text).find((one) => /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(one));
  assert.ok(found === undefined || allowed.includes(found), `U+${found?.codePointAt(0)?.toString(16)} is left`);
}

function textDecoder(
  name: string,
  examples: readonly string[],
  decode: (text: string) => unknown,
  throws: Decoder['throws'] = [],
): Decoder {
  return {
    name,
    throws,
    make: (random) => {
      const text = mutateText(random.pick(examples), random);
      return { kept: text, decode: () => decode(text) };
    },
  };
}

const said = ['web', 'Before upgrade \u202eexe', 'two\nlines \u001b[31m', '<b>&amp;</b> [a](b) `c`', '*_~'];

export const textDecoders: readonly Decoder[] = [
  textDecoder('URIs', uris, parseUri, [UnsupportedUri]),
  textDecoder(
    'URIs for ssh',
    uris.filter((uri) => uri.includes('ssh')),
    (text) => {
      const uri = parseUri(text);
      const command = sshCommandTo(uri);
      assertInert(command, uri.parameters.get('command'));
      return command;
    },
    [UnsupportedUri],
  ),
  textDecoder('lab files', [lab], (text) => readLab(text).problems),
  textDecoder('level files', [level], (text) => readLevel(text).problems),
  textDecoder(
    'lines of MCP',
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look"}}'],
    parseMessage,
  ),
  textDecoder('calls of hooks', ['{"tool_name":"Bash","tool_input":{"command":"ls"}}'], hookCallOf),
  textDecoder(
    'answers of QEMU',
    ['{"return":{"status":"active","ram":{"total":5}}}', '{"error":{"class":"GenericError","desc":"no"}}'],
    (text) => answerOf(v.object({ status: v.optional(v.string()) }), 'query-migrate', text),
    [MonitorError],
  ),
  textDecoder(
    'command lines',
    ['revert web before --yes', 'list -c qemu:///system --json', 'system checkpoint shop --title x', 'help create'],
    (text) => parseCommandLine(commands, text.split(' ')),
    [CliError],
  ),
  textDecoder('descriptions', ['Before it\n\n--\nTitle: Step 1\nCreated-By: virt-rewind'], (text) => {
    const read = parseDescription(text);
    return [read, parseDescription(writeDescription(read.text, read.trailers))];
  }),
  textDecoder('places, programs, seconds', ['host:22', '[::1]:22', 'touch /x y', '12.5'], (text) => [
    parsePlace(text),
    parseProgram(text),
    parseSeconds(text),
  ]),
  textDecoder('configurations of libvirt', [clientConf], parseClientConf, [ConfError]),
  textDecoder('files of passwords', [authConf], (text) => credentialsIn(text, 'web')),
  textDecoder(
    'answers of SASL',
    saslAnswers,
    async (text) => {
      const login = scram('user', 'pencil', nonce);
      // Who does not know the password is never believed, in whatever order it speaks.
      assert.throws(() => login.verify(text), ScramError);
      const proof = await login.proof(text);
      assert.match(proof, /^c=biws,r=[\x21-\x2b\x2d-\x7e]+,p=[A-Za-z\d+/]+=*$/u);
      assert.throws(() => login.verify(text), ScramError);
      return proof;
    },
    [ScramError],
  ),
  textDecoder(
    'checksums of images',
    [
      `${'a'.repeat(64)}  x.qcow2\n${'b'.repeat(128)} *y\n`,
      `# x\nSHA256 (x.qcow2) = ${'A'.repeat(64)}\n`,
      'c'.repeat(64),
    ],
    (text) => {
      const found = readChecksum(text, 'x.qcow2');
      assert.match(found ?? '', /^(?:[\da-f]{64}|[\da-f]{128})?$/u);
      return found;
    },
    [],
  ),
  {
    name: 'configuration of ssh',
    throws: [],
    make: (random) => {
      const text = mutateText(sshConfig, random);
      return {
        kept: text,
        decode: async () => {
          const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
          try {
            writeFileSync(join(folder, 'config'), text);
            const hosts = await sshConfigHosts(join(folder, 'config'));
            hosts.forEach((host) => assert.match(host, /^\w[\w.-]*$/u));
            return hosts;
          } finally {
            rmSync(folder, { recursive: true });
          }
        },
      };
    },
  },
  {
    name: 'entries of the journal',
    throws: [],
    make: (random) => {
      const bytes = random.chance(0.3)
        ? mutateBytes(Buffer.from(entry), random)
        : Buffer.from(mutateText(entry, random));
      return { kept: bytes, decode: () => parseEntry(bytes, '0123456789abcdef0123456789abcdef') };
    },
  },
  textDecoder(
    'log of a proxy',
    [
      '1796170000 TCP_DENIED 52:54:00:ab:cd:ef CONNECT a.example.org 443\n1796170001 TCP_DENIED 52:54:00:ab:cd:ef GET b.org 80',
    ],
    (text) => {
      const vm = { key: 'a', connection: 'c', uuid: 'abcdef01-2222-4333-8444-555555555555', name: 'a', folder: '/a' };
      const rows = parseRefused(text, { vms: [vm] });
      assertPlain(rows.map(({ line }) => line).join(''));
      return rows;
    },
  ),
  textDecoder(
    'server for debuggers',
    [
      'disconnected:tcp:127.0.0.1:33835,server=on',
      'unix:/tmp/g,server=on',
      'tcp:0.0.0.0:1234,server=on <-> 127.0.0.1:5',
    ],
    (text) => parseServer(text),
  ),
  textDecoder('words of a debugger', ['+$qSupported:multiprocess+#c6', '$k#6b', '$vKill;1#6e', '$D;1#b0+'], (text) => {
    const { pass } = new DebuggerWords().take(Buffer.from(text, 'latin1'));
    assert.ok(pass.length <= text.length);
    return pass.length;
  }),
  textDecoder('text that is shown', said, (text) => {
    assertPlain(displayLine(text));
    assertPlain(displayText(text), '\n\t');
    assertPlain(markdownText(text), '\n\t');
    assertPlain(untrustedLine(text));
    assertPlain(markUntrusted(text).untrusted, '\n\t');
    assertPlain(factsMarkdown({ heading: text, text, lines: [{ name: text, value: text }] }), '\n\t');
    assert.doesNotMatch(htmlText(text), /[<>"']|&(?!#\d+;)/u);
    assert.ok(displayLine(text).length <= 400);
    for (const once of [storableText, displayText, displayLine]) {
      assert.equal(once(once(text)), once(text));
    }
    assertPlain(JSON.stringify(cleanAnswer({ [text]: [text], untrusted: text })));
    return codeText(text);
  }),
];
