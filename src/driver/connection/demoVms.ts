// Makes the VM of the lesson on one connection.
import { access, chmod, copyFile, rm, truncate, writeFile } from 'node:fs/promises';
import { qemuImg } from '../../qemu/qemuImg.js';
import { isThisHost } from '../files/thisHost.js';
import type { Connection } from '../../libvirt/connection.js';
import { isSession, parseUri } from '../../libvirt/uri.js';
import type { Capabilities } from '../../domain/capabilities.js';
import {
  type DemoVm,
  type DemoVmObstacle,
  demoDiskBytes,
  demoFolderPattern,
  demoVmFiles,
} from '../../domain/demoVm.js';
import { Failure } from '../../domain/failure.js';
import type { MadeFile } from '../../domain/hostFiles.js';
import { demoMachine, demoVmXml } from '../xml/demoVmXml.js';
import { thisComputer } from '../../base/fileSystem.js';
import { ImageCommand } from '../../qemu/imageCommands.js';
import { JudgedChain } from '../../qemu/judgedChain.js';
import { makeOwnFolder } from '../files/ownVmFolder.js';

export interface DemoVmPlace {
  readonly uri: string;
  readonly connection: Connection;
  readonly capabilities: Capabilities;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * @param guest the file that it would run
 * @returns the first thing that is in the way; nothing is made
 */
export async function demoVmRefusal(place: DemoVmPlace, guest: string): Promise<DemoVmObstacle | undefined> {
  const obstacle = await placeObstacle(place);
  if (obstacle !== undefined) {
    return obstacle;
  }
  const { capabilities: xml } = await place.connection.call('connectGetCapabilities', {});
  if (demoMachine(xml) === undefined) {
    return 'noEmulator';
  }
  return access(guest).then(
    () => undefined,
    () => 'noGuest' as const,
  );
}

/** What is in the way of any VM that is made, wherever. */
export function connectionObstacle({ driver, readOnly }: Capabilities): 'notQemu' | 'readOnly' | undefined {
  return driver !== 'qemu' ? 'notQemu' : readOnly ? 'readOnly' : undefined;
}

/** What is in the way of any VM whose files are made here. */
export async function placeObstacle({
  capabilities,
  environment,
  uri,
}: DemoVmPlace): Promise<Exclude<DemoVmObstacle, 'noGuest'> | undefined> {
  const parsed = parseUri(uri);
  const obstacle = connectionObstacle(capabilities);
  if (obstacle !== undefined) {
    return obstacle;
  }
  if (!isThisHost({ transport: parsed.transport, hostname: capabilities.hostname })) {
    return 'otherHost';
  }
  if (!isSession(parsed) && process.getuid?.() !== 0) {
    return 'systemWithoutRoot';
  }
  return (await qemuImg(environment).find()) === undefined ? 'noQemuImg' : undefined;
}

/**
 * @param guest the file that it runs; a copy of it goes into the VM's folder
 * @param content of its disk
 */
export async function makeDemoVm(
  place: DemoVmPlace,
  vm: DemoVm,
  guest: string,
  onMade: (made: readonly MadeFile[]) => Promise<void>,
  content?: Uint8Array,
): Promise<void> {
  const { connection, environment } = place;
  const { capabilities: xml } = await connection.call('connectGetCapabilities', {});
  const machine = demoMachine(xml);
  if (machine === undefined) {
    throw new Failure('unsupported', { doing: 'make the VM of the lesson', vm: vm.name });
  }
  await makeDemoFolder(vm, { guest, content, onMade }, environment);
  await connection.call('domainDefineXmlFlags', { xml: demoVmXml(vm, machine), flags: 0 });
}

// The folder of the lesson's VM on this machine, with what the VM needs. Knows no libvirt.

/**
 * Fails where there is anything of that name. Others may pass through it but not look: QEMU of the system runs as a
 * user of its own.
 * @param parts `guest`: what the VM runs, absolute; `content` of its disk
 */
async function makeDemoFolder(
  vm: DemoVm,
  {
    guest,
    content,
    onMade,
  }: {
    readonly guest: string;
    readonly content: Uint8Array | undefined;
    readonly onMade: (made: readonly MadeFile[]) => Promise<void>;
  },
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const { kernel, disk } = demoVmFiles(vm);
  const details = { doing: 'make the folder of the lesson', path: vm.folder };
  const own = { pattern: demoFolderPattern, empty: [kernel, disk], details };
  await onMade(await makeOwnFolder(vm.folder, own, thisComputer));
  await copyFile(guest, kernel);
  await chmod(kernel, 0o644);
  const qemu = qemuImg(environment);
  if (content === undefined) {
    await qemu.run(ImageCommand.create(disk, demoDiskBytes), details);
    return;
  }
  const raw = `${disk}.raw`;
  await writeFile(raw, content);
  await truncate(raw, demoDiskBytes);
  await JudgedChain.within({ file: raw, format: 'raw' }, thisComputer, (chain) =>
    qemu.run(ImageCommand.convert(chain, disk), details),
  );
  await rm(raw);
}
