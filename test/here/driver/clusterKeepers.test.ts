// The cluster's programs, played by shell scripts: what becomes of a lease where they fail, hang or say odd things.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clusterKeepers } from '../../../src/driver/cluster/clusterKeepers.js';
import type { HeldVm } from '../../../src/domain/keeper.js';
import { Failure } from '../../../src/domain/failure.js';
import type { HostLogin } from '../../../src/hosts/hostLogin.js';
import { ShellEnded } from '../../../src/hosts/hostShell.js';
import { silentLog } from '../../silentLog.js';
import { FakeClock } from '../../unit/engine/fakeClock.js';

const uuid = '6a2b5d6e-0000-4000-8000-000000000001';
const vm = { uuid, name: 'web' };
const domain = (name: string, id = uuid): string => `<domain><name>${name}</name><uuid>${id}</uuid></domain>`;

describe('a VM that a cluster keeps', () => {
  let dir: string;
  const path = process.env['PATH'];
  const held: HeldVm[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cluster-'));
    await script('crm_mon', `cat ${dir}/mon.xml`);
    await script('cibadmin', `echo "$*" >> ${dir}/asked; case $1 in --query) cat ${dir}/cib.xml;; esac`);
    await script('crm_resource', `echo "$*" >> ${dir}/asked`);
    await script('crm_node', 'echo n1');
    await writeFile(join(dir, 'asked'), '');
    process.env['PATH'] = `${dir}:${path}`;
  });
  afterEach(async () => {
    await Promise.all(held.splice(0).map((one) => one.giveBack()));
    process.env['PATH'] = path;
    await rm(dir, { recursive: true });
  });

  async function script(name: string, text: string): Promise<void> {
    await writeFile(join(dir, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(dir, name), 0o755);
  }
  /** A resource for each, and what it is started from. */
  async function keeps(configs: Readonly<Record<string, string>>, mon: (id: string) => string): Promise<void> {
    const primitives = Object.entries(configs).map(([id, file]) => {
      const pair = `<nvpair id="${id}-c" name="config" value="${file.replaceAll('"', '&quot;')}"/>`;
      return `<primitive id="${id}" type="VirtualDomain"><instance_attributes id="${id}-i">${pair}
        </instance_attributes></primitive>`;
    });
    await writeFile(join(dir, 'cib.xml'), `<resources>${primitives.join('')}</resources>`);
    const states = Object.keys(configs).map(mon).join('');
    const nodes = '<nodes><node name="n1" online="true"/></nodes>';
    await writeFile(
      join(dir, 'mon.xml'),
      `<pacemaker-result>${nodes}<resources>${states}</resources></pacemaker-result>`,
    );
  }
  async function config(name: string, text: string): Promise<string> {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  }
  const state =
    (managed: boolean, role = 'Started', node = 'n1') =>
    (id: string) =>
      `<resource id="${id}" role="${role}" managed="${managed}"><node name="${node}"/></resource>`;
  const asked = async (): Promise<readonly string[]> => (await readFile(join(dir, 'asked'), 'utf8')).split('\n');
  const leased = async (): Promise<readonly (string | undefined)[]> =>
    (await asked())
      .filter((line) => line.startsWith('--modify'))
      .map((line) => /primitive id="(.*?)"/u.exec(line)?.[1]);

  function open(clock = new FakeClock(), file: () => Promise<never> = () => Promise.resolve({} as never)) {
    return clusterKeepers({ files: { file }, log: silentLog, clock });
  }
  /** The cluster does as it is told. */
  const obey = (): Promise<void> =>
    script(
      'cibadmin',
      `echo "$*" >> ${dir}/asked; case $1 in --query) cat ${dir}/cib.xml;; --modify)
      sed -i 's/managed="true"/managed="false"/g' ${dir}/mon.xml;; esac`,
    );
  /** Time goes on where somebody waits for it: its programs may be slow. */
  async function hold(clock: FakeClock, keepers = open(clock)): Promise<HeldVm | undefined> {
    const holding = keepers.hold(vm);
    const passing = setInterval(() => void (clock.pending > 0 && clock.advance(250)), 5);
    await holding.catch(() => undefined).finally(() => clearInterval(passing));
    const one = await holding;
    held.push(...(one === undefined ? [] : [one]));
    return one;
  }

  it('is known beside a file that has no end or is none of XML, and names that contain its name', async () => {
    const odd = await config(`a"b $(touch x).xml`, domain('web-1', 'other'));
    await keeps({ a: '/dev/zero', b: odd, c: '/dev/null', d: await config('d.xml', domain('web')) }, state(true));
    const seen = await open().of(vm);
    assert.ok(typeof seen === 'object');
    assert.equal(seen.resource, 'd');
  });

  for (const [why, file] of [
    ['is missing', (name: string) => Promise.resolve(join(dir, name))],
    ['does not end', () => Promise.resolve('/dev/zero')],
    [
      'is a pipe that nobody writes to',
      async (name: string) => {
        await promisify(execFile)('mkfifo', [join(dir, name)]);
        return join(dir, name);
      },
    ],
  ] as const) {
    it(`is not known, and not held, where the file of a resource ${why}`, async () => {
      await keeps({ other: await config('o.xml', domain('other', 'of-other')), a: await file('a.xml') }, state(true));
      const holding = hold(new FakeClock()).catch((error: unknown) => error);
      assert.equal(await open().of(vm), 'unknown');
      const refused = await holding;
      assert.ok(refused instanceof Failure && refused.kind === 'refused');
      assert.deepEqual(await leased(), []);
    });
  }

  it('is none of a resource that the cluster would not run here, and whose file is not here', async () => {
    await keeps({ a: join(dir, 'a.xml') }, state(true, 'Started', 'n2'));
    const rule = '<rsc_location id="l" rsc="a" node="n1" score="-INFINITY"/>';
    const cib = (await readFile(join(dir, 'cib.xml'), 'utf8')).replace('</resources>', `${rule}</resources>`);
    await writeFile(join(dir, 'cib.xml'), cib);
    assert.equal(await open().of(vm), 'nobody');
  });

  it('is not held where its host sees less than half of the nodes', async () => {
    await keeps({ a: await config('a.xml', domain('web')) }, state(true));
    for (const quorum of ['with_quorum="false"', 'present="false"']) {
      const seen = (await readFile(join(dir, 'mon.xml'), 'utf8')).replace(/<summary>.*<\/summary>/u, '');
      const summary = `<pacemaker-result><summary><current_dc ${quorum}/></summary>`;
      await writeFile(join(dir, 'mon.xml'), seen.replace('<pacemaker-result>', summary));
      const keeper = await open().of(vm);
      assert.equal(typeof keeper === 'object' && keeper.withoutQuorum, true);
      await assert.rejects(hold(new FakeClock()), ({ details: { refusal } }: Failure) => {
        return refusal?.reason === 'clusterWithoutQuorum';
      });
      assert.deepEqual(await leased(), []);
    }
  });

  it('is lost, and no word of its cluster, where its host is gone', async () => {
    const openShell = (): Promise<never> => Promise.reject(new ShellEnded('Connection closed by remote host'));
    const login = { hostname: 'far', openShell } as unknown as HostLogin;
    const file = (): Promise<never> => Promise.resolve({} as never);
    const keepers = clusterKeepers({ login, files: { file }, log: silentLog, clock: new FakeClock() });
    await assert.rejects(keepers.hold(vm), ({ kind }: Failure) => kind === 'lost');
  });

  it('is it by its name too: the agent looks for no more', async () => {
    await keeps({ a: await config('a.xml', domain('web', 'of-before')) }, state(true));
    assert.equal(typeof (await open().of(vm)), 'object');
  });

  it('is told where another node has it', async () => {
    await keeps({ a: await config('a.xml', domain('web')) }, state(true, 'Started', 'n2'));
    const seen = await open().of(vm);
    assert.deepEqual(typeof seen === 'object' && seen.elsewhere, ['n2']);
  });

  it('is held as each of the resources that are it', async () => {
    const file = await config('a.xml', domain('web'));
    await keeps({ a: file, b: file }, state(true));
    await obey();
    await hold(new FakeClock());
    assert.deepEqual(await leased(), ['a', 'b']);
  });

  it('is held where a person has told the cluster so, until what it was about is done', async () => {
    await keeps({ a: await config('a.xml', domain('web')) }, state(false, 'Stopping'));
    await assert.rejects(hold(new FakeClock()), ({ kind }: Failure) => kind === 'refused');
    assert.ok((await asked()).some((line) => line.startsWith('--delete')));
  });

  it('stays held where a program of the cluster has ended our shell', async () => {
    await keeps({ a: await config('a.xml', domain('web')) }, state(true));
    await obey();
    const clock = new FakeClock();
    await hold(clock);
    await script('date', `kill -9 $PPID; exec /bin/date "$@"`);
    await clock.advance(30_000);
    while (clock.pending === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await rm(join(dir, 'date'));
    await clock.advance(30_000);
    while (clock.pending === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(await leased(), ['a', 'a']);
  });

  it('is not held any more where we stood still until the lease was over', async () => {
    await keeps({ a: await config('a.xml', domain('web')) }, state(true));
    await obey();
    const clock = new FakeClock();
    const one = await hold(clock);
    // Where its programs are slow, it was made longer while it was taken, or is by this.
    await one?.requireStill();
    const { length: begun } = await leased();
    await one?.requireStill();
    assert.equal((await leased()).length, begun);
    clock.set(clock.now() + 100_000);
    await one?.requireStill();
    assert.equal((await leased()).length, begun + 1);
    await script('date', 'echo $(($(/bin/date +%s) + 130))');
    clock.set(clock.now() + 130_000);
    await assert.rejects(one?.requireStill() ?? Promise.resolve(), ({ kind }: Failure) => kind === 'refused');
    assert.equal((await leased()).length, begun + 1);
    await rm(join(dir, 'date'));
    // It stays so.
    await assert.rejects(one?.requireStill() ?? Promise.resolve(), ({ kind }: Failure) => kind === 'refused');
  });

  it('is asked about once in a moment where no cluster runs', async () => {
    await script('crm_mon', `echo mon >> ${dir}/asked; exit 102`);
    const clock = new FakeClock();
    const keepers = open(clock);
    const times = async (): Promise<number> => (await asked()).filter((line) => line === 'mon').length;
    assert.equal(await keepers.of(vm), 'nobody');
    assert.equal(await keepers.hold(vm), undefined);
    assert.equal(await times(), 1);
    await clock.advance(2_000);
    assert.equal(await keepers.hold(vm), undefined);
    assert.equal(await times(), 2);
  });

  it('is asked about again after its host could not be reached', async () => {
    await keeps({ a: await config('a.xml', domain('web')) }, state(true));
    const keepers = open(new FakeClock(), () => Promise.reject(new Error('away')));
    for (let i = 0; i < 2; i += 1) {
      assert.equal(typeof (await keepers.of(vm)), 'object');
    }
  });
});
