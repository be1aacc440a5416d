// Each guard against a trap of libvirt is there for a reason: with it switched off, a short history ends with data
// lost, a VM in another state or an operation that fails, and with it on, nothing of it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { run } from '../../scripts/rig/run.mjs';
import { shellText } from '../../scripts/shellText.mjs';
import type { Script } from '../histories/action.js';
import { guards } from './guardTable.js';
import { switchOff } from './switchOff.js';

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
      const bare = await history(script, switchOff([{ file, name }, ...(behind ?? [])]));
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
      plugins: [...plugins, shellText],
      banner: {
        js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
      },
    });
    return run(process.execPath, [program, '--script', given], { cwd: root, env: process.env });
  }
});
