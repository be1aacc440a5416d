// A libvirtd of one's own, with folders, sockets and guests of its own, that cannot outlive this process.
// It never meets the machine's own libvirt or its VMs.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { holdProcess } from './heldProcess.mjs';
import { kvmUsable } from './kvm.mjs';
import { findProgram, run } from './run.mjs';
import { root } from './root.mjs';

/**
 * @typedef {object} PrivateDaemon
 * @property {string} uri of its QEMU driver: the system's for root, a private session's for anyone else
 * @property {string} testUri of libvirt's own pretended hypervisor, served by the same daemon
 * @property {string} socket absolute path of the daemon's Unix socket
 * @property {string} dir a folder that the daemon, QEMU and this process may write: disks belong here
 * @property {string} log absolute path of what the daemon wrote to standard error
 * @property {NodeJS.ProcessEnv} env for programs that shall find this daemon as their user's session
 * @property {(args: readonly string[], input?: string) => Promise<import('./run.mjs').Ran>} virsh as "another client";
 *   never rejects
 * @property {() => Promise<void>} killDaemon SIGKILL for libvirtd alone: its guests live on
 * @property {() => Promise<void>} hangDaemon SIGSTOP for libvirtd alone: its sockets stay open
 * @property {() => Promise<void>} unhangDaemon SIGCONT
 * @property {() => Promise<void>} startDaemon again; resolves when the socket answers
 * @property {() => Promise<void>} cutPower SIGKILL for daemon, guests, and what was started in its namespaces: all is
 *   gone when it resolves. Of one for root
 * @property {() => Promise<number>} firstProcess of its namespaces, as this process sees it
 * @property {() => Promise<void>} stop ends daemon and guests; removes the folder if it was made here
 */

/**
 * @typedef {object} PrivateDaemonOptions
 * @property {string} [dir] a folder to use and to leave there, its path at most 20 bytes
 * @property {string} [extraQemuConf] lines for qemu.conf, which win over those before them
 * @property {string} [listenConf] lines for libvirtd.conf of one that listens on ports
 * @property {string} [host] its name, as a host of its own beside others: they reach each other on the loopback
 * @property {boolean} [wired] in a network of its own all the same, with a cable that somebody plugs in
 * @property {'whereUsable' | 'never'} [kvm]
 * @property {string} [release] a folder of debianRoot.mjs whose libvirt and QEMU are run, instead of the machine's;
 *   `VIRT_REWIND_TEST_RELEASE` unless given
 * @property {number} [revivals] how often a daemon that falls by itself is started again, as a service manager does it;
 *   none unless given
 */

/** A Unix socket's path has at most 107 bytes, and these are the longest that libvirt makes in our folder. */
const longestSocket = {
  system: '/run/libvirt-admin-sock',
  session: '/c/libvirt/qemu/channel/target/domain-99-abcdefghijklmnopqrst/org.qemu.guest_agent.0',
};

/** @param {boolean} system @param {string} dir @param {string} extraQemuConf @param {string} extraConf */
async function writeConfiguration(system, dir, extraQemuConf, extraConf) {
  const quiet = 'stdio_handler = "file"\nsecurity_driver = "none"\n';
  const [folders, conf] = system
    ? [['run', 'etc', 'lib', 'cache', 'log'], join(dir, 'etc')]
    : [['x', 'h', 'c/libvirt', 'k'], join(dir, 'c/libvirt')];
  for (const folder of folders) {
    await mkdir(join(dir, folder), { recursive: true, mode: system ? 0o755 : 0o700 });
  }
  await writeFile(
    join(conf, 'libvirtd.conf'),
    'auth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_level = 3\n' + extraConf,
  );
  const asRoot =
    'namespaces = []\ncgroup_controllers = []\nuser = "root"\ngroup = "root"\ndynamic_ownership = 0\n' +
    'swtpm_user = "root"\nswtpm_group = "root"\n';
  await writeFile(join(conf, 'qemu.conf'), `${quiet}${system ? asRoot : ''}${extraQemuConf}`);
}

/**
 * What a daemon found out of QEMU, by starting each of its programs, the other daemons of a test run need not find out
 * again: half of what their start takes. libvirt itself looks whether what it finds there is still true.
 */
class KnownQemus {
  #own;
  #shared;

  /**
   * @param {boolean} system
   * @param {string} dir of the daemon
   * @param {string} what all that know the same have in common
   */
  constructor(system, dir, what) {
    this.#own = join(dir, system ? 'cache/qemu/capabilities' : 'k/libvirt/qemu/cache/capabilities');
    const run = process.env['VIRT_REWIND_TEST_RUN'];
    this.#shared = run === undefined ? undefined : join(run, `qemus-${what}`);
  }

  async take() {
    if (this.#shared !== undefined && existsSync(this.#shared)) {
      await cp(this.#shared, this.#own, { recursive: true });
    }
  }

  /** In one move, for others may be taking it. */
  async give() {
    if (this.#shared === undefined || existsSync(this.#shared) || !existsSync(this.#own)) return;
    const making = await mkdtemp(`${this.#shared}-`);
    await cp(this.#own, making, { recursive: true });
    await rename(making, this.#shared).catch(() => rm(making, { recursive: true }));
  }
}

/**
 * The words before a program that shall run with the libraries and programs of another release, in a mount namespace
 * of its own.
 * @param {string} release a folder of debianRoot.mjs
 * @returns {readonly string[]}
 */
export function entering(release) {
  return ['bash', join(root, 'scripts/rig/enterRoot.sh'), release];
}

/**
 * The program that becomes the daemon's first process. A PID namespace ends whole with its first process; where an
 * ordinary user may not have one, the script finds the guests by their pid files.
 * @param {boolean} system
 * @param {string | undefined} release a folder of debianRoot.mjs
 * @param {{ listens: boolean, named: boolean }} how `listens`: on the loopback of this machine, which it would not see
 *   from a network of its own; `named`: as another host than this machine
 * @returns {Promise<readonly string[]>}
 * @throws {Error} where a release is wanted and namespaces are not to be had
 */
async function isolation(system, release, { listens, named }) {
  const namespaces = ['--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
  const [keep, enter] = release === undefined ? [[], []] : [['--keep-caps'], entering(release)];
  const own = ['--propagation', 'private', ...(named ? ['--uts'] : [])];
  if (system) {
    return ['unshare', '--mount', ...(listens ? [] : ['--net']), ...own, ...namespaces, ...enter];
  }
  const asUser = ['unshare', '--user', '--map-current-user', ...keep, '--mount', ...namespaces];
  const allowed = await run('unshare', [...asUser.slice(1), ...enter, 'true']);
  if (allowed.code === 0) return [...asUser, ...enter];
  if (release === undefined) return [];
  throw new Error(`a daemon of another release needs namespaces: ${allowed.stdout}${allowed.stderr}`.trim());
}

/**
 * Starts one. As root it is a system daemon whose guests run as root; otherwise a session daemon with its own HOME.
 * @param {PrivateDaemonOptions} [options]
 * @returns {Promise<PrivateDaemon>}
 * @throws {Error} when libvirtd is missing or does not come up, with the end of its log
 */
export async function startPrivateDaemon(options = {}) {
  const system = process.getuid?.() === 0;
  // Out of the environment, because a whole layer of tests runs on one release and its files start many daemons.
  const { release = process.env['VIRT_REWIND_TEST_RELEASE'] } = options;
  const libvirtd = await findProgram('libvirtd');
  if (libvirtd === undefined) {
    throw new Error('libvirtd is not installed');
  }
  const dir = options.dir ?? (await mkdtemp(join(tmpdir().length <= 8 ? tmpdir() : '/tmp', 'vr-')));
  const longest = 107 - longestSocket[system ? 'system' : 'session'].length;
  if (Buffer.byteLength(dir) > longest) {
    throw new Error(`the path ${dir} is too long for the sockets below it: at most ${longest} bytes`);
  }
  await mkdir(dir, { recursive: true });
  const { host, listenConf } = options;
  // By it libvirt tells hosts apart, not by their addresses. One that is started again is the same.
  const hostConf = host === undefined ? '' : `host_uuid = "${uuidOf(`${dir} ${host}`)}"\n`;
  const qemuConf = (host === undefined ? '' : arrivalPorts(dir)) + (options.extraQemuConf ?? '');
  await writeConfiguration(system, dir, qemuConf, hostConf + (listenConf ?? ''));
  const log = join(dir, 'libvirtd.log');
  // libvirt loses four seconds at each start of a VM when /dev/kvm is there and QEMU may not open it.
  const kvm = options.kvm !== 'never' && kvmUsable() ? 'show-kvm' : 'hide-kvm';
  const qemus = new KnownQemus(system, dir, `${kvm}-${basename(release ?? 'own')}`);
  await qemus.take();
  const init = holdProcess([
    'env',
    ...(listenConf === undefined ? [] : ['LIBVIRTD_ARGUMENTS=--listen']),
    ...(host === undefined ? [] : [`OWN_HOSTNAME=${host}`]),
    ...(await isolation(system, release, {
      listens: listenConf !== undefined || (host !== undefined && options.wired !== true),
      named: host !== undefined,
    })),
    'bash',
    join(root, 'scripts/rig/daemonInit.sh'),
    system ? 'system' : 'session',
    dir,
    options.dir === undefined ? 'remove' : 'keep',
    kvm,
    libvirtd,
    String(options.revivals ?? 0),
  ]);

  const socket = join(dir, system ? 'run/libvirt-sock' : 'x/libvirt/libvirt-sock');
  const uri = `qemu+unix:///${system ? 'system' : 'session'}?socket=${socket}`;
  const env = system
    ? process.env
    : {
        ...process.env,
        HOME: join(dir, 'h'),
        XDG_RUNTIME_DIR: join(dir, 'x'),
        XDG_CONFIG_HOME: join(dir, 'c'),
        XDG_CACHE_HOME: join(dir, 'k'),
      };
  /** @type {PrivateDaemon['virsh']} */
  const virsh = (args, input) =>
    run('virsh', ['-q', '-c', uri, ...args], input === undefined ? { env } : { env, input });

  const explain = async (/** @type {unknown} */ error) => {
    const tail = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-8).join('\n');
    return new Error(`the private libvirtd did not come up; its log ends with:\n${tail}`, { cause: error });
  };
  const startDaemon = async () => {
    await init.ask('start');
    // The connection is accepted before the drivers are ready and answered after, so one answer means: all is up.
    while ((await virsh(['uri'])).code !== 0) {
      if ((await init.ask('alive')) === 'dead') throw await explain('libvirtd ended at once');
      await wait(20);
    }
  };
  // What makes the namespaces waits for it.
  const firstProcess = async () => Number(await readFile(`/proc/${init.pid}/task/${init.pid}/children`, 'utf8'));
  const stop = async () => {
    await init.end();
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };

  try {
    await init.ask().catch(async (error) => {
      throw await explain(error);
    });
    await startDaemon();
    // It works out who its host is when it is asked for the first time, and two clients that ask at once can get the
    // error that it cannot: seen with 11.3. What it found out of QEMU for this, it keeps for the next.
    const asked = await virsh(['capabilities']);
    if (asked.code !== 0) throw await explain(asked.stderr);
    await qemus.give();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    uri,
    testUri: `test+unix:///default?socket=${socket}`,
    socket,
    dir,
    log,
    env,
    virsh,
    killDaemon: async () => void (await init.ask('kill')),
    hangDaemon: async () => void (await init.ask('hang')),
    unhangDaemon: async () => void (await init.ask('go')),
    startDaemon,
    firstProcess,
    cutPower: async () => {
      process.kill(await firstProcess(), 'SIGKILL');
      await init.ended;
    },
    stop,
  };
}

/** @param {string} what */
function uuidOf(what) {
  const hash = createHash('sha256').update(what).digest('hex');
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/u, '$1-$2-4$3-8$4-$5');
}

/**
 * Where the VMs come in that move to it. Those of two tests beside each other would take one port at one moment.
 * @param {string} dir of the daemon
 */
function arrivalPorts(dir) {
  const first = 49_152 + (parseInt(uuidOf(dir).slice(0, 8), 16) % 250) * 40;
  return `migration_port_min = ${first}\nmigration_port_max = ${first + 39}\n`;
}
