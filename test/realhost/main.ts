// The table of rows.ts, run on the host that this program runs on, as root.
//   main.mjs SUITE [GROUP…]
import { mkdir } from 'node:fs/promises';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { HostUser } from './hostUser.js';
import { HostVm } from './hostVm.js';
import { type Group, groups, type Row } from './rows.js';

const say = (line: string): unknown => process.stdout.write(`${line}\n`);

/** The last that was read of the kernel's log. */
let lastDenial = '';
let [right, wrong, untried] = [0, 0, 0];

void main(process.argv.slice(2));

async function main([suite = '', ...wanted]: readonly string[]): Promise<void> {
  const unknown = wanted.filter((word) => !groups.some(({ name }) => name === word));
  if (unknown.length > 0) {
    throw new Error(`no group is called ${unknown.join(', ')}; there are ${groups.map(({ name }) => name).join(', ')}`);
  }
  const capabilities = await runOk('virsh', ['-c', 'qemu:///system', 'capabilities']);
  if (!capabilities.includes('<model>apparmor</model>')) {
    throw new Error('libvirt does not confine the VMs of this host by AppArmor');
  }
  say(await runOk('virsh', ['-c', 'qemu:///system', 'version', '--daemon']));
  await denials();
  for (const group of groups) {
    if (wanted.length === 0 || wanted.includes(group.name)) {
      await tryGroup(group);
    }
  }
  say(`${suite}: ${String(right)} passed, ${String(wrong)} failed, ${String(untried)} not tried`);
  process.exit(wrong + untried > 0 ? 1 : 0);
}

/** What follows a row that went wrong proves nothing. */
async function tryGroup(group: Group): Promise<void> {
  const { name, rows, user: account = 'root', folder } = group;
  say(`\n  ${name}: as ${account}, a ${group.disk} disk in ${folder}`);
  await mkdir(folder, { recursive: true });
  const user = new HostUser(account);
  const vms = new Map([['', await HostVm.define(name, group)]]);
  for (const [index, row] of rows.entries()) {
    const began = performance.now();
    const problems = await tryRow(row, vms, user, name).catch((error: unknown) => [
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    ]);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`    ${problems.length === 0 ? '✔' : '✖'} ${titleOf(row)} (${seconds} s)`);
    for (const problem of problems) {
      say(`        ${problem}`);
    }
    if (problems.length > 0) {
      wrong++;
      untried += rows.length - index - 1;
      break;
    }
    right++;
  }
  user.end();
  for (const { name: vm } of vms.values()) {
    await run('virsh', ['-q', '-c', 'qemu:///system', 'destroy', vm]);
  }
}

async function tryRow(row: Row, vms: Map<string, HostVm>, user: HostUser, group: string): Promise<readonly string[]> {
  const vm = vms.get(row.on ?? '')!;
  await vm.write();
  const madeAs = 'name' in row ? `${group}-${row.name}` : '';
  const { failed, made } = await vm.carryOut(row, user, madeAs);
  if (made !== undefined && 'name' in row) {
    vms.set(row.name, made);
  }
  const seen = failed && (failed.reason ?? `${failed.kind}: ${failed.message}`);
  return [
    ...(seen === row.refused ? [] : [seen ?? `it was to be refused: ${row.refused!}`]),
    ...(await vm.differences()),
    ...((await made?.differences()) ?? []),
    ...(await denials()).filter((line) => row.denied?.test(line) !== true),
  ];
}

function titleOf(row: Row): string {
  const object = 'title' in row ? ` ${row.title}` : 'name' in row ? ` ${row.name}` : '';
  const kind =
    row.act === 'checkpoint'
      ? `, ${row.style} ${row.live ? 'live ' : ''}${row.seamless ? 'seamless ' : ''}${row.kind}`
      : '';
  const on = row.on === undefined ? '' : ` of ${row.on}`;
  return `${row.act}${object}${on}${kind}${row.refused === undefined ? '' : `: refused, ${row.refused}`}`;
}

/** What the kernel has denied since the last time. */
async function denials(): Promise<readonly string[]> {
  const all = (await runOk('dmesg', [])).split('\n').filter((line) => line.includes('apparmor="DENIED"'));
  const fresh = all.slice(all.lastIndexOf(lastDenial) + 1);
  lastDenial = fresh.at(-1) ?? lastDenial;
  return fresh;
}
