// A libvirt that listens for TLS, with an authority and certificates made here.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Failure } from '../../src/domain/failure.js';
import { failureText } from '../../src/text/failures/failureText.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { freePort, makeAuthority, makeCertificate, tlsConf } from './tlsRig.js';

/** The servers, by the files of their folders. */
const servers = {
  good: { days: '2', names: 'DNS:localhost,IP:127.0.0.1' },
  expired: { days: '-1', names: 'DNS:localhost,IP:127.0.0.1' },
  elsewhere: { days: '2', names: 'DNS:elsewhere' },
};

describe('a libvirt that listens for TLS', () => {
  let dir: string;
  const opened: Hypervisor[] = [];
  const at = (...names: readonly string[]): string => join(dir, ...names);

  async function withDaemon(
    server: keyof typeof servers,
    test: (port: number, daemon: Daemon) => Promise<void>,
    ...more: readonly string[]
  ): Promise<void> {
    const port = await freePort();
    const daemon = await startPrivateDaemon({ listenConf: tlsConf(dir, server, port, ...more) });
    try {
      await test(port, daemon);
    } finally {
      opened.splice(0).forEach((hypervisor) => hypervisor.close());
      await daemon.stop();
    }
  }
  const open = async (port: number, { host = '127.0.0.1', pki = 'ours' } = {}): Promise<Hypervisor> => {
    const uri = `qemu://${host}:${port}/system?pkipath=${at(pki)}`;
    const hypervisor = await libvirtHypervisor(silentLog, process.env)(uri, new AbortController().signal);
    opened.push(hypervisor);
    return hypervisor;
  };
  const why = async (opening: Promise<Hypervisor>): Promise<string> => {
    const failure: unknown = await opening.then(
      () => assert.fail('it was opened'),
      (error: unknown) => error,
    );
    assert.ok(failure instanceof Failure, String(failure));
    return `${failure.details.login?.why}: ${failureText(failure).sentence}`;
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-tls-'));
    await makeAuthority(dir, 'ours');
    await makeAuthority(dir, 'theirs');
    for (const [name, server] of Object.entries(servers)) {
      await makeCertificate(dir, name, { subject: name, authority: 'ours', ...server });
    }
    for (const authority of ['ours', 'theirs']) {
      await makeCertificate(dir, join(authority, 'client'), { subject: 'me', days: '2', authority });
    }
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('is reached by certificates of one authority, by name and by address', () =>
    withDaemon('good', async (port, { virsh }) => {
      const { stdout } = await virsh(['version', '--daemon']);
      assert.match(stdout, /daemon/u);
      for (const host of ['127.0.0.1', 'localhost']) {
        const hypervisor = await open(port, { host });
        assert.deepEqual(await hypervisor.listVms(), []);
        assert.equal(hypervisor.nearbyFiles, undefined);
      }
      await mkdir(at('nothing'));
      assert.match(await why(open(port, { pki: 'nothing' })), /^noCertificate: .*cacert\.pem/u);
      // The authority of another, and then their client too.
      assert.match(await why(open(port, { pki: 'theirs' })), /^untrusted: /u);
    }));

  it('is not trusted when its certificate has expired, or is another host’s', async () => {
    await withDaemon('expired', async (port) => {
      assert.match(await why(open(port)), /^untrusted: .*expired/u);
    });
    await withDaemon('elsewhere', async (port) => {
      assert.match(await why(open(port)), /^untrusted: .*altnames/u);
    });
  });

  it('says that it does not take our certificate', () =>
    withDaemon(
      'good',
      async (port) => {
        assert.match(await why(open(port)), /^refused: /u);
      },
      'tls_allowed_dn_list = ["CN=somebody else"]',
    ));

  it('logs in by a user name and a password, and by nothing less', async function () {
    const modules = await run('sh', ['-c', 'ls /usr/lib/*/sasl2/libscram.so /usr/lib*/sasl2/libscram.so']);
    const database = await run('perl', ['-MDB_File', '-e', '1']);
    if (modules.stdout === '' || database.code !== 0) {
      process.stdout.write('      skipped: it needs libsasl2-modules, libsasl2-modules-db and perl with DB_File\n');
      this.skip();
    }
    await mkdir(at('sasl'));
    // What saslpasswd2 writes: a name, a realm and the word, with zeroes between.
    const rows = [hostname(), (await run('hostname', ['-f'])).stdout.trim()];
    const perl =
      'tie %h, "DB_File", shift, O_RDWR|O_CREAT, 0600, $DB_HASH or die; $h{"fred\\0$_\\0userPassword"} = "pencil" for @ARGV';
    await runOk('perl', ['-MDB_File', '-MFcntl', '-e', perl, at('sasl', 'db'), ...rows]);
    process.env['SASL_CONF_PATH'] = at('sasl');
    try {
      for (const [mechanisms, ...more] of [['scram-sha-256'], ['plain'], ['digest-md5', 'noMechanism']] as const) {
        await writeFile(
          at('sasl', 'libvirt.conf'),
          `mech_list: ${mechanisms}\npwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: ${at('sasl', 'db')}\n`,
        );
        await withDaemon(
          'good',
          async (port) => {
            const uri = `qemu://127.0.0.1:${port}/system?pkipath=${at('ours')}&authfile=${at('auth.conf')}`;
            const connect = (password: string): Promise<Hypervisor> =>
              libvirtHypervisor(silentLog, process.env, {
                answers: ({ kind }) => Promise.resolve(kind === 'userName' ? 'fred' : password),
              })(uri, new AbortController().signal);
            await rm(at('auth.conf'), { force: true });
            if (more.length > 0) {
              assert.match(await why(connect('pencil')), /^noMechanism: /u);
              return;
            }
            opened.push(await connect('pencil'));
            assert.deepEqual(await opened[0]!.listVms(), []);
            assert.match(await why(connect('wrong')), /^badCredentials: /u);
            await writeFile(
              at('auth.conf'),
              '[credentials-x]\nauthname=fred\npassword=pencil\n[auth-libvirt-127.0.0.1]\ncredentials=x\n',
            );
            opened.push(await connect('wrong'));
          },
          'auth_tls = "sasl"',
        );
      }
    } finally {
      delete process.env['SASL_CONF_PATH'];
    }
  });

  it('says that nobody listens', async () => {
    assert.match(await why(open(await freePort())), /^noAnswer: .*ECONNREFUSED/u);
  });
});
