// Each guard against a trap of libvirt is there for a reason: with it switched off, a short history ends with data lost,
// a VM in another state or an operation that fails, and with it on, nothing of it.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { run } from '../../scripts/rig/run.mjs';
import type { Script } from '../histories/action.js';

interface Guard {
  readonly trap: string;
  /** Below src. */
  readonly file: string;
  /** Returns a refusal, or undefined, or steps; switched off, always undefined, or none. */
  readonly name: string;
  /** A second guard in the same file, which stands behind the first: both are switched off, or it refuses in the first's place. */
  readonly behind?: string;
  readonly on?: (version: number) => boolean;
  readonly script: Script;
}

const write = (disk: number, block: number, seed: number): Script['actions'][number] => ({
  do: 'write',
  disk,
  blocks: [[block, seed]],
});
const disks = ['qcow2', 'qcow2'] as const;

const guards: readonly Guard[] = [
  {
    trap: 'a revert to an internal snapshot writes under an external one',
    file: 'operations/revert/planInternalRevert.ts',
    name: 'internalRevertRefusal',
    script: {
      style: 'internal',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'create', as: 'inside', title: 'inside', kind: 'memory' },
        { do: 'virshCreate', as: 'outside', kind: 'disk', style: 'external' },
        { do: 'revert', to: 'inside', after: 'asSnapshot' },
        write(0, 1, 2),
      ],
    },
  },
  {
    trap: 'a VM with a managed save starts on the file that a snapshot froze meanwhile',
    file: 'operations/refusals.ts',
    name: 'managedSaveRefusal',
    behind: 'savedBelowRefusal',
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'virshPower', action: 'save' },
        { do: 'create', as: 'under', title: 'under', kind: 'offline' },
        { do: 'power', action: 'start' },
        write(0, 1, 2),
      ],
    },
  },
  {
    trap: 'libvirt 9.0 removes an overlay that another branch is built on',
    file: 'operations/delete/planExternalDelete.ts',
    name: 'branchRefusal',
    on: (version) => version < 10_000_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'bottom', title: 'bottom', kind: 'offline' },
        { do: 'create', as: 'fork', title: 'fork', kind: 'offline' },
        { do: 'create', as: 'branch', title: 'branch', kind: 'offline' },
        { do: 'revert', to: 'fork', after: 'running' },
        write(0, 1, 1),
        { do: 'delete', snapshot: 'bottom', scope: 'one' },
      ],
    },
  },
  {
    trap: 'libvirt 11.3 crashes on a merge under a branch whose metadata does not tell its chain',
    file: 'operations/delete/externalDeleteSteps.ts',
    name: 'telling',
    on: (version) => version >= 10_000_000 && version < 12_008_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'bottom', title: 'bottom', kind: 'offline' },
        { do: 'create', as: 'fork', title: 'fork', kind: 'offline' },
        { do: 'create', as: 'branch', title: 'branch', kind: 'offline' },
        { do: 'revert', to: 'fork', after: 'off' },
        { do: 'delete', snapshot: 'bottom', scope: 'one' },
      ],
    },
  },
  {
    trap: 'libvirt 9.0 finds no file to merge of a VM that is off',
    file: 'operations/delete/planExternalDelete.ts',
    name: 'placeRefusal',
    on: (version) => version < 9_009_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'bottom', title: 'bottom', kind: 'offline' },
        { do: 'create', as: 'top', title: 'top', kind: 'offline' },
        { do: 'delete', snapshot: 'bottom', scope: 'one' },
      ],
    },
  },
  {
    trap: 'a revert removes the overlay of the state that is left, whoever is built on it',
    file: 'operations/revert/planNativeRevert.ts',
    name: 'leftFileRefusal',
    on: (version) => version >= 9_009_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        { do: 'create', as: 'fork', title: 'fork', kind: 'disk' },
        write(0, 1, 1),
        { do: 'create', as: 'branch', title: 'branch', kind: 'disk' },
        { do: 'revert', to: 'fork', after: 'running' },
        { do: 'virshCreate', as: 'leaf', kind: 'disk' },
        { do: 'virshDelete', snapshot: 'leaf' },
        { do: 'revert', to: 'fork', after: 'running' },
      ],
    },
  },
  {
    trap: 'libvirt crashes on a revert when no snapshot is current',
    file: 'operations/revert/planNativeRevert.ts',
    name: 'nativeRevertRefusal',
    on: (version) => version >= 9_009_000,
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'create', as: 'only', title: 'only', kind: 'offline' },
        { do: 'virshForgetCurrent', snapshot: 'only' },
        { do: 'revert', to: 'only', after: 'off' },
      ],
    },
  },
  {
    trap: 'libvirt misses a tag when it has stopped the VM',
    file: 'domain/chains/snapshotWhole.ts',
    name: 'brokenRefusal',
    script: {
      style: 'internal',
      disks,
      actions: [
        { do: 'create', as: 'inside', title: 'inside', kind: 'offline' },
        { do: 'spoil', snapshot: 'inside' },
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'revert', to: 'inside', after: 'running' },
      ],
    },
  },
  {
    trap: 'a file with RAM is missed when the VM has been stopped',
    file: 'domain/chains/snapshotWhole.ts',
    name: 'brokenRefusal',
    script: {
      style: 'external',
      disks,
      actions: [
        { do: 'power', action: 'start' },
        { do: 'create', as: 'outside', title: 'outside', kind: 'memory' },
        { do: 'power', action: 'forceOff' },
        { do: 'spoil', snapshot: 'outside' },
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'revert', to: 'outside', after: 'running' },
      ],
    },
  },
  {
    trap: 'libvirt keeps a managed save over a revert, or refuses the revert for it',
    file: 'operations/dropSaveSteps.ts',
    name: 'dropSaveSteps',
    script: {
      style: 'internal',
      disks,
      actions: [
        { do: 'create', as: 'inside', title: 'inside', kind: 'offline' },
        { do: 'power', action: 'start' },
        write(0, 1, 1),
        { do: 'ram', counter: 7, kib: 4 },
        { do: 'virshPower', action: 'save' },
        { do: 'revert', to: 'inside', after: 'off' },
        { do: 'power', action: 'start' },
      ],
    },
  },
];

describe('guards against the traps of libvirt', () => {
  let version: number;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-guards-'));
    const daemon = await startPrivateDaemon();
    const { stdout } = await daemon.virsh(['version', '--daemon']);
    await daemon.stop();
    const [, major, minor] = /daemon: (\d+)\.(\d+)/u.exec(stdout) ?? [];
    version = Number(major) * 1_000_000 + Number(minor) * 1_000;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const { trap, file, name, behind, on, script } of guards) {
    it(`${name}: ${trap}`, async () => {
      if (on?.(version) === false) {
        // Not a trap of this libvirt. Not "skipped": that would be a failure where everything must run.
        return;
      }
      const guarded = await history(script);
      assert.equal(guarded.code, 0, guarded.stdout + guarded.stderr);
      const bare = await history(script, switchOff(file, behind === undefined ? [name] : [name, behind]));
      assert.equal(bare.code, 1, bare.stdout + bare.stderr);
      assert.match(bare.stdout, /^difference in (data|state|failed):$/mu, bare.stderr);
    });
  }

  async function history(script: Script, ...plugins: readonly Plugin[]): ReturnType<typeof run> {
    const [program, given] = [join(folder, 'histories.mjs'), join(folder, 'script.json')];
    await writeFile(given, JSON.stringify(script));
    await build({
      absWorkingDir: root,
      entryPoints: ['test/histories/main.ts'],
      outfile: program,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      logLevel: 'silent',
      plugins: [...plugins],
      banner: {
        js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
      },
    });
    return run(process.execPath, [program, '--script', given], { cwd: root, env: process.env });
  }
});

/** Builds the extension with functions of one file that never have anything against it. */
function switchOff(file: string, names: readonly string[]): Plugin {
  const bodies = names.map(
    (name) =>
      new RegExp(
        `function ${name}\\([^{}]*?(\\{[^{}]*\\}[^{}]*?)*?\\): (Refused \\| undefined|readonly Step\\[\\]) \\{`,
        'u',
      ),
  );
  return {
    name: 'switch off',
    setup: (builder) => {
      let found = false;
      // esbuild reads it as an expression of Go, which has no flag u.
      builder.onLoad({ filter: new RegExp(`src/${file.replace('.', '\\.')}$`) }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        found = bodies.every((body) => body.test(source));
        const nothing = (head: string): string => (head.endsWith('[] {') ? '[]' : 'undefined');
        const contents = bodies.reduce(
          (text, body) => text.replace(body, (head) => `${head} return ${nothing(head)};`),
          source,
        );
        return { contents, loader: 'ts' };
      });
      builder.onEnd(() => {
        assert.ok(found, `not all of ${names.join(', ')} are in ${file}`);
      });
    },
  };
}
