// A node of a cluster whose power goes in the middle of a revert: nothing is lost, nothing runs twice, and `recover`
// leads out.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buildDoor, buildProgram } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { blockDifferences } from '../oracle/blocks.js';
import { checkImage, type Image, readImage } from '../oracle/images.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type ClusterLab, startClusterLab } from './clusterLab.js';
import { type KillTask, killVariable } from './faults/killAtStep.js';

describe('a cluster whose node fails in the middle of a revert', () => {
  const name = 'web';
  let lab: ClusterLab;
  let program: string;
  let killing: string;
  let vm: OracleVm;

  before(async () => {
    lab = await startClusterLab();
    program = await buildDoor('commandLine', lab.folder);
    killing = await buildProgram('test/libvirtd/faults/killAtStep.ts', lab.folder);
    const { daemon } = lab.node('n1');
    vm = await OracleVm.define(daemon, { name, disks: ['qcow2'], folder: lab.folder });
    // One that is started while another one runs is noted: what locks the file is the process itself.
    const emulator = join(lab.folder, 'qemu');
    const twice = `|| echo "$(uname -n)" >>'${join(lab.folder, 'twice')}'`;
    await writeFile(
      emulator,
      [
        '#!/bin/sh',
        `case "$*" in *guest=${name},*) exec 9>'${join(lab.folder, 'runs')}'; flock --nonblock 9 ${twice} ;; esac`,
        'exec qemu-system-x86_64 "$@"',
      ].join('\n'),
    );
    await chmod(emulator, 0o755);
    const xml = (await daemon.virsh(['dumpxml', name])).stdout;
    const own = xml.replace(/<emulator>[^<]*<\/emulator>/u, `<emulator>${emulator}</emulator>`);
    const file = join(lab.folder, 'own.xml');
    await writeFile(file, own);
    await virsh('n1', 'define', file);
    await virsh('n1', 'snapshot-create-as', name, 'cold');
    await virsh('n1', 'start', name);
    const given = await cli('cluster', name, '--yes');
    assert.equal(given.code, 0, given.said);
  });
  after(() => lab.stop());

  async function virsh(node: string, ...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await lab.node(node).daemon.virsh(words);
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  }
  /** A part of libvirt's name of the procedure in the middle of its revert. */
  const fromSnapshot = 'Snapshot';
  interface Said {
    readonly code: number | null;
    readonly said: string;
    readonly out: string;
    readonly isCut: boolean;
  }
  /** On n1, whose power goes at that step. */
  const cli = (...words: readonly string[]): Promise<Said> => cliUntil(undefined, ...words);
  async function cliUntil(at: string | undefined, ...words: readonly string[]): Promise<Said> {
    const [enter = '', ...inside] = lab.node('n1').inside;
    const { dir } = lab.node('n1').daemon;
    const state = join(dir, 'state');
    const steps = join(lab.folder, 'steps');
    rmSync(steps, { force: true });
    const processes = join(lab.folder, 'processes');
    const kill: KillTask = {
      who: 'host',
      steps,
      processes,
      repository: '',
      folder: state,
      ...(at !== undefined && { at: `-c: ${at}` }),
    };
    const child = spawn(
      enter,
      [...inside, process.execPath, '--import', killing, program, '-c', 'qemu:///system', ...words],
      {
        env: { ...process.env, VIRT_REWIND_STATE: state, LC_ALL: 'C', [killVariable]: JSON.stringify(kill) },
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      },
    );
    let said = '';
    let out = '';
    child.stdout?.on('data', (data) => (out += String(data)));
    child.stderr?.on('data', (data) => (said += String(data)));
    let isCut = false;
    const cut = (): void => {
      isCut = true;
      void lab.cutPower('n1');
    };
    const [enterAlso = '', ...inNode] = lab.node('n1').inside;
    const events =
      at === fromSnapshot
        ? spawn(
            enterAlso,
            [...inNode, 'stdbuf', '-oL', 'virsh', 'event', '--domain', name, '--event', 'lifecycle', '--loop'],
            {
              stdio: 'pipe',
            },
          )
        : undefined;
    events?.stdout.on('data', (data) => / Snapshot$/mu.test(String(data)) && cut());
    (child.stdio[3] as Readable).on('data', cut);
    const [code] = (await once(child, 'close')) as [number | null];
    events?.kill();
    return { code, said: out + said, out, isCut };
  }

  /** The content of the disk, by its blocks. */
  const contents = {
    before: new Map([
      [1, 10],
      [2, 21],
    ]),
    one: new Map([
      [1, 10],
      [2, 20],
    ]),
    cold: new Map<number, number>(),
  };
  type State = keyof typeof contents;
  const image = (tag?: string): Image => ({ file: vm.guest.disks[0]!.file, format: 'qcow2', ...(tag && { tag }) });
  const isIn = async (state: State, tag?: string): Promise<boolean> =>
    blockDifferences(0, await readImage(image(tag)), contents[state]).length === 0;
  const where = (): Promise<readonly string[]> => lab.where(name);
  const untilOn = (node: string): Promise<void> => lab.until(async () => (await where()).join() === node);
  const untilKept = (): Promise<void> =>
    lab.until(async () => /role="Started".*managed="true"/u.test(await lab.mark(name)));
  const status = async (): Promise<string> => (await lab.on('crm_mon', '-1', '--output-as=xml')).stdout;
  const cib = async (): Promise<string> => (await lab.on('cibadmin', '--query')).stdout;

  const interrupted = async (): Promise<readonly object[]> =>
    (JSON.parse((await cli('recover', name, '--plan', '--json')).out) as { interrupted: object[] }).interrupted;

  /** As when two minutes have passed. */
  async function endLease(): Promise<void> {
    const [, id, end] = /id="(virt-rewind-lease-[0-9a-f]+-end)"[^>]* end="([^"]+)"/u.exec(await cib()) ?? [];
    if (id !== undefined && end !== undefined) {
      const over = `<date_expression id="${id}" operation="lt" end="2020-01-01T00:00:00Z"/>`;
      assert.equal((await lab.on('cibadmin', '--modify', '--xml-text', over)).code, 0);
    }
  }
  async function moveTo(node: string): Promise<void> {
    if ((await where()).join() !== node) {
      await lab.on('crm_resource', '--resource', name, '--move', '--node', node);
      await untilOn(node);
      await lab.on('crm_resource', '--resource', name, '--clear');
    }
    await untilKept();
  }
  /** On n1, in the state `before`, behind `one`. */
  async function prepare(): Promise<void> {
    await moveTo('n1');
    await vm.talk(async (guest) => {
      await guest.write(0, contents.one);
      await guest.setCounter(7);
    });
    for (const snapshot of (await virsh('n1', 'snapshot-list', name, '--name')).split('\n').filter(Boolean)) {
      await (snapshot !== 'cold' && virsh('n1', 'snapshot-delete', name, snapshot));
    }
    const made = await cli('checkpoint', name, 'one');
    assert.equal(made.code, 0, made.said);
    await untilKept();
    await vm.talk((guest) => guest.write(0, contents.before));
  }

  // In an order in which each begins with what the one before has left.
  const moments: readonly (readonly ['one' | 'cold', string])[] = [
    ...['rename 1', 'domainSnapshotCreateXml 1 before', 'domainSnapshotCreateXml 1 sent'],
    ...['domainSnapshotCreateXml 2 before', 'domainSnapshotCreateXml 2 sent'],
    ...[
      'domainRevertToSnapshot 1 before',
      'domainRevertToSnapshot 1 sent',
      fromSnapshot,
      'rename 3',
      'sh 5 begins',
      'rename 4',
    ],
  ].map((step) => ['one', step] as const);
  const off = [
    ...['rename 2', 'domainSnapshotCreateXml 1 sent', 'domainSnapshotCreateXml 2 sent'],
    ...[
      'domainRevertToSnapshot 1 before',
      'domainRevertToSnapshot 1 sent',
      fromSnapshot,
      'rename 4',
      'sh 5 begins',
      'rename 5',
    ],
  ].map((step) => ['cold', step] as const);

  for (const [target, step] of [...moments, ...off]) {
    it(`to ${target}, at ${step}: it runs on, once, and is as before or as in the snapshot`, async () => {
      await prepare();
      const { isCut, said } = await cliUntil(step, 'revert', name, target, '--yes');
      assert.ok(isCut, said);
      await lab.until(async () => /<node name="n1"[^>]*online="false"[^>]*unclean="false"/u.test(await status()));
      // Who works at it cannot tell that it is dead: until the lease is over, it is off.
      if ((await cib()).includes('virt-rewind-lease-')) {
        assert.deepEqual(await where(), []);
        assert.match((await lab.planned(name, 180)).join(), /start/u);
        await endLease();
      }
      await lab.untilRuns(name);
      const [there = ''] = await where();
      const is = (await isIn('before')) ? 'before' : target;
      await requireWhole(is, target);
      const id = await virsh(there, 'domid', name);
      await lab.turnOn('n1');

      // Its disks are in use on the other node.
      const left = await interrupted();
      const early = await cli('recover', name, '--yes');
      assert.equal(/crm_resource .*--move/u.test(early.said), left.length > 0, early.said);
      assert.deepEqual(await where(), [there], early.said);
      assert.equal(await virsh(there, 'domid', name), id);
      await requireWhole(is, target);

      await moveTo('n1');
      const end = await cli('recover', name, '--yes');
      assert.equal(end.code, 0, end.said);
      await lab.untilRuns(name);
      const state = (await isIn('before')) ? 'before' : target;
      await requireWhole(state, target);
      assert.deepEqual(await interrupted(), []);
      assert.equal(existsSync(join(lab.folder, 'twice')), false, 'it was started while it ran');
    });
  }

  /** Its disk is in that state, and what it was before is not lost: it is the same, or in a snapshot. */
  async function requireWhole(is: State, target: State): Promise<void> {
    assert.deepEqual(blockDifferences(0, await readImage(image()), contents[is]), []);
    const told = JSON.parse(await runOk('qemu-img', ['info', '-U', '--output=json', image().file])) as {
      snapshots: { name: string }[];
    };
    const tags = told.snapshots.map((tag) => tag.name);
    assert.ok(await isIn('cold', 'cold'));
    const [one = ''] = tags.filter((tag) => tag === 'one');
    assert.ok(await isIn('one', one));
    const kept = tags.filter((tag) => tag !== 'cold' && tag !== 'one');
    const isKept = (await Promise.all(kept.map((tag) => isIn('before', tag)))).some(Boolean);
    assert.ok(is === 'before' || isKept, `${target}: ${tags.join()}`);
    assert.deepEqual((await checkImage(image())).errors, []);
  }
});
