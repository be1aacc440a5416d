// The table of rows.ts, run on the host that this program runs on, as root. Goes on where the host was reset.
//   main.mjs [--minutes N] [GROUP…]      --minutes: no group is begun later
import { parseArgs } from 'node:util';
import { runOk } from '../../scripts/rig/run.mjs';
import { HostUser } from './hostUser.js';
import { hostDoes, HostVm } from './hostVm.js';
import { fallAt, judgeFallen, moments } from './resets.js';
import { type Group, groups, type Row } from './rows.js';
import { readStanding, type Standing } from './standing.js';

const say = (line: string): unknown => process.stdout.write(`${line}\n`);
const resets = 'resets';

/** The last that was read of the kernel's log. */
let lastDenial = '';

const { values, positionals } = parseArgs({ options: { minutes: { type: 'string' } }, allowPositionals: true });

void main(positionals, values.minutes === undefined ? Infinity : Number(values.minutes));

async function main(wanted: readonly string[], minutes: number): Promise<void> {
  const names = [...groups.map(({ name }) => name), resets];
  const unknown = wanted.filter((word) => !names.includes(word));
  if (unknown.length > 0) {
    throw new Error(`no group is called ${unknown.join(', ')}; there are ${names.join(', ')}`);
  }
  const standing = readStanding();
  if (standing.resets === 0) {
    const capabilities = await runOk('virsh', ['-c', 'qemu:///system', 'capabilities']);
    if (!capabilities.includes('<model>apparmor</model>')) {
      throw new Error('libvirt does not confine the VMs of this host by AppArmor');
    }
    await hostDoes('accounts', '', '');
  }
  const versions = await runOk('virsh', ['-c', 'qemu:///system', 'version', '--daemon']);
  say(versions.trim());
  // libvirt 9.9 and QEMU 10.0.
  const can = /daemon: (?:9\.9|\d\d)/u.test(versions) && /QEMU \d\d/u.test(versions.split('hypervisor').at(-1) ?? '');
  await denials();
  const isWanted = ({ name, shared }: Group): boolean =>
    wanted.length === 0 ? shared === undefined : wanted.includes(name);
  const chosen = groups.filter((group) => isWanted(group) && !standing.done.includes(group.name));
  const late: string[] = [];
  // In the order in which they are named.
  for (const group of chosen.toSorted((a, b) => wanted.indexOf(a.name) - wanted.indexOf(b.name))) {
    if (performance.now() > minutes * 60_000) {
      late.push(group.name);
    } else {
      await tryGroup(group, can ? 'seamless' : 'before', standing);
      standing.done.push(group.name);
    }
  }
  // Long, and so a part of its own.
  if (wanted.includes(resets)) {
    await tryResets(standing);
  }
  if (late.length > 0) {
    say(`\nleft out, for their time: ${late.join(', ')}`);
  }
  const { right, wrong, untried } = standing;
  say('');
  for (const failure of wrong) {
    say(`! ${failure.replaceAll(/\s*\n\s*/gu, ' ')}`);
  }
  say(`${String(right)} passed, ${String(wrong.length)} failed, ${String(untried)} not tried`);
  process.exit(wrong.length + untried > 0 ? 1 : 0);
}

function tell(standing: Standing, group: string, title: string, began: number, problems: readonly string[]): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(`    ${problems.length === 0 ? '✔' : '✖'} ${title} (${seconds} s)`);
  for (const problem of problems) {
    say(`        ${problem}`);
  }
  if (problems.length === 0) {
    standing.right++;
  } else {
    standing.wrong.push(`${group}: ${title}: ${problems.join('; ')}`);
  }
}

const asProblems = (error: unknown): readonly string[] => [
  error instanceof Error ? (error.stack ?? error.message) : String(error),
];

/** What follows a row that went wrong proves nothing. */
async function tryGroup(group: Group, host: 'seamless' | 'before', standing: Standing): Promise<void> {
  const { name, rows, user: account = 'root', uri = '', folder, shared } = group;
  say(`\n  ${name}: as ${account}, a ${group.disk} disk in ${folder} ${uri}`.trimEnd());
  const vms = new Map<string, HostVm>();
  let user: HostUser | undefined;
  try {
    if (shared) {
      await hostDoes('share', name, folder);
    }
    vms.set('', await HostVm.define(name, group));
    user = new HostUser(group);
    for (const [index, row] of rows.entries()) {
      const began = performance.now();
      const problems = await tryRow(row, vms, user, group, host).catch(asProblems);
      tell(standing, name, titleOf(row), began, problems);
      if (problems.length > 0) {
        standing.untried += rows.length - index - 1;
        break;
      }
    }
  } catch (error) {
    tell(standing, name, 'a new VM', performance.now(), asProblems(error));
    standing.untried += rows.length;
  }
  user?.end();
  for (const vm of vms.values()) {
    await vm.destroy();
  }
}

async function tryRow(
  row: Row,
  vms: Map<string, HostVm>,
  user: HostUser,
  { name: group, folder, denied }: Group,
  host: 'seamless' | 'before',
): Promise<readonly string[]> {
  const vm = vms.get(row.on ?? '')!;
  await vm.write();
  const madeAs = 'name' in row ? `${group}-${row.name}` : '';
  const { failed, said = '', made } = await vm.carryOut(row, user, folder, madeAs);
  if (made !== undefined && 'name' in row) {
    vms.set(row.name, made);
  }
  const seen = failed && (failed.reason ?? failed.kind);
  const says = row.says instanceof RegExp ? row.says : row.says?.[host];
  return [
    ...(seen === row.refused ? [] : [failed === undefined ? 'it was to be refused' : `${seen!}: ${failed.message}`]),
    ...(says === undefined || says.test(said) ? [] : [`it must say ${String(says)}, and says ${said}`]),
    ...(await vm.differences()),
    ...((await made?.differences()) ?? []),
    ...(await denials()).filter((line) => (row.denied ?? denied)?.test(line) !== true),
  ];
}

async function tryResets(standing: Standing): Promise<void> {
  if (standing.fallen !== undefined) {
    for (const fallen of standing.fallen) {
      const began = performance.now();
      tell(standing, resets, `${fallen.what} is recovered`, began, await judgeFallen(fallen).catch(asProblems));
    }
    delete standing.fallen;
  }
  const moment = moments[standing.resets];
  if (moment === undefined) {
    return;
  }
  const began = performance.now();
  say(`\n  ${resets}: the host is reset after ${String(moment)} records of the journal`);
  const problems = await fallAt(moment, standing).catch(asProblems);
  tell(standing, resets, 'the reset', began, problems);
  await tryResets(standing);
}

function titleOf(row: Row): string {
  const object =
    'title' in row
      ? ` ${row.title}`
      : 'name' in row
        ? ` ${row.name}`
        : 'does' in row
          ? ` ${row.does}`
          : 'words' in row
            ? ` ${row.words.join(' ')}`
            : '';
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
