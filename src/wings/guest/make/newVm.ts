// Creates a VM of a cloud image: an overlay on the image, a seed for cloud-init, started, and told only when the guest
// says that it is ready. What is to be made is written down first. What fails before the guest runs is removed again;
// what a crash left, a person ends.
import { randomBytes, randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { systemClock } from '../../../base/clock.js';
import { thisComputer } from '../../../base/fileSystem.js';
import type { Log } from '../../../base/log.js';
import { Failure } from '../../../domain/failure.js';
import type { MadeFile } from '../../../domain/hostFiles.js';
import { labFolderName, type LabVm, type LabVmParts, seenAs } from '../../../domain/labVm.js';
import { refuse } from '../../../domain/refusal.js';
import type { VmRef } from '../../../domain/vm.js';
import { newHostKey } from '../../../base/hostKey.js';
import { fetchedFolder, labsFolder } from '../../../driver/files/labImages.js';
import { isFar } from '../../../driver/sharedHost.js';
import type { LabStore } from '../../../journal/labStore.js';
import { requireReach } from '../../../made/qemuReach.js';
import { requireUnwritten } from '../../../made/writtenImages.js';
import { ImageCommand } from '../../../qemu/imageCommands.js';
import { JudgedChain } from '../../../qemu/judgedChain.js';
import { qemuImg } from '../../../qemu/qemuImg.js';
import type { Session } from '../../../session/session.js';
import { findLeft } from '../../../session/wingOperation.js';
import { guestFailure } from '../guestFailure.js';
import { imageNamed } from '../images/catalogue.js';
import { type FetchedImage, fetchImage, type FetchWish } from '../images/fetchImage.js';
import { listKept } from '../../../driver/files/keptImages.js';
import { endLeft, newVmRecords, newVmStore, othersUse } from './removeNewVm.js';
import { seedTexts } from './seedTexts.js';
import { ownPublicKey, rememberHost } from './sshKeys.js';
import { type ReadyGuest, untilReady } from './untilReady.js';

export interface NewVm {
  readonly connection: string;
  readonly name: string;
  /** The name of one of the catalogue, or a file. */
  readonly image: { readonly name: string } | { readonly file: string };
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Absent: as large as the image says; 20 GiB of one of the catalogue. */
  readonly diskMiB?: number;
  /** Absent: BIOS. */
  readonly firmware?: 'uefi';
  /** Absent: as is usual on the connection. */
  readonly network?: 'none' | 'user' | { readonly name: string };
  /** Absent: called as who asks. */
  readonly user?: string;
  readonly packages: readonly string[];
  /** Until the guest is ready. */
  readonly seconds: number;
}

interface NewVmWish extends Pick<FetchWish, 'onProgress'> {
  readonly session: Session;
  readonly log: Log;
  readonly shell: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onStep: (what: string) => void;
  /** A sentence that a person should know. */
  readonly onNote: (line: string) => void;
  readonly onFetched: (image: FetchedImage) => void;
}

export interface MadeVm extends ReadyGuest {
  readonly ref: VmRef;
  readonly user: string;
}

/** What a VM gets where nothing else is requested. */
export const usualParts = { cpus: 1, memoryMiB: 2_048, packages: [], seconds: 900 } as const;

/** What the guest is called too. */
const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/u;
const userPattern = /^[a-z_][a-z0-9_-]{0,31}$/u;
/** Where who asks is root, or is called as no user of a guest can be. */
const usualUser = 'user';
const agent = 'qemu-guest-agent';
/** The disk of an image of the catalogue, which has hardly more than its system. Its overlay grows as it is used. */
const usualDiskMiB = 20 * 1_024;
const bytesPerMiB = 1024 * 1024;

/** @throws Failure; for one of the guest itself (`notReady` and the like), the VM stays for inspection */
export async function newVm(wanted: NewVm, wish: NewVmWish): Promise<MadeVm> {
  const { connection, name, packages } = wanted;
  const { session, environment, signal, onStep } = wish;
  const { engine, folder } = session;
  const user = wanted.user ?? ownName();
  if (!isVmName(name) || !userPattern.test(user)) {
    throw guestFailure('badName', { name: isVmName(name) ? user : name });
  }
  if (user === 'root') {
    throw guestFailure('rootUser');
  }
  await engine.connect(connection);
  const obstacle = await engine.labVms.obstacle(connection, [wanted]);
  if (obstacle !== undefined) {
    throw guestFailure('obstacle', { connection, obstacle });
  }
  const labs = labsFolder(connection, environment);
  await requireReach(connection, 'labs', [labs]);
  const store = newVmStore(session, wish.log, wish.shell);
  if ((await findLeft(newVmRecords, session, name, wish.log, connection)).length > 0) {
    throw new Failure('refused', {
      vm: name,
      refusal: refuse('unfinishedOperation', { vm: name, operation: 'new' }).refusal,
    });
  }
  if (engine.findVms(name, connection).length > 0) {
    throw guestFailure('nameTaken', { vm: name });
  }
  const image = await imageOf(wanted, labs, wish);
  const publicKey = await ownPublicKey(folder, signal);
  const hostKey = newHostKey();
  const network = networkOf(wanted);
  const mac = network === undefined ? undefined : newMac();
  const seed = {
    ...{ user, publicKey, hostKey, packages: network === undefined ? packages : [...new Set([agent, ...packages])] },
    ...(mac !== undefined && { mac }),
    ...('name' in wanted.image && !wanted.image.name.startsWith('alpine') && { shell: '/bin/bash' }),
  };
  const parts: LabVmParts = {
    ...image,
    ...{ cpus: wanted.cpus, memoryMiB: wanted.memoryMiB, disksMiB: [] },
    ...(wanted.firmware !== undefined && { firmware: wanted.firmware }),
    ...(network !== undefined && { network }),
    ...(mac !== undefined && { mac }),
    cloudInit: seedTexts(seed),
  };
  const vm = {
    ...{ connection, uuid: randomUUID(), name },
    folder: join(labs, labFolderName(randomBytes(6).toString('hex'))),
  };
  onStep(t('creating the VM {0}', name));
  // Before it is there: whenever this process dies, its first login is certain.
  await rememberHost(folder, { uuid: vm.uuid, user, publicKey: hostKey.publicKey });
  await makeAndStart(vm, parts, store, wish);
  onStep(t('waiting until {0} is ready', name));
  const mayBePartly = packages.length === 0;
  const guest = { vm, name, user, folder, seconds: wanted.seconds, mayBePartly, signal };
  const ready = await untilReady({ engine, clock: systemClock }, guest);
  return { ...ready, user, ref: { connection, uuid: vm.uuid } };
}

export function isVmName(name: string): boolean {
  return namePattern.test(name);
}

async function makeAndStart(vm: LabVm, parts: LabVmParts, store: LabStore, wish: NewVmWish): Promise<void> {
  const { session, signal } = wish;
  const { engine } = session;
  const recorded = { ...vm, key: vm.name, parts: vm.uuid };
  const id = randomBytes(16).toString('hex');
  const record = { id, file: vm.name, name: vm.name, isProtected: false, phase: 'making', vms: [recorded] } as const;
  const open = await store.begin(record);
  try {
    const files = (made: readonly MadeFile[]): Promise<void> => open.put({ vms: [{ ...recorded, made }] });
    const definition = await engine.labVms.make(vm, parts, files);
    await open.put({ vms: open.record.vms.map((one) => ({ ...one, definition })) });
    signal.throwIfAborted();
    const view = engine.findVm(vm);
    if (view === undefined) {
      throw guestFailure('off', { vm: vm.name });
    }
    await session.run(await session.plan(view, { kind: 'power', vm: view.ref, action: 'start' }), { signal });
    await open.put({ phase: 'ready' });
  } catch (error) {
    const goes = await endLeft(open, wish, { started: true });
    throw goes ? withoutState(error) : error;
  } finally {
    await open.leave();
  }
}

/** Removes the state from the error of a VM that is removed by now. */
function withoutState(error: unknown): unknown {
  if (!(error instanceof Failure)) {
    return error;
  }
  const { stateNow: _, ...details } = error.details;
  return new Failure(error.kind, details, { cause: error });
}

async function imageOf(
  { connection, image, diskMiB }: NewVm,
  labs: string,
  wish: NewVmWish,
): Promise<Pick<LabVmParts, 'image' | 'seen'>> {
  const store = fetchedFolder(connection, wish.environment);
  const isOwn = 'file' in image;
  const path = isOwn
    ? await fileOf(resolve(image.file))
    : await keptOrFetched({ name: image.name, connection }, store, wish);
  if (isOwn) {
    await requireUnwritten(wish.session, [path], false);
  }
  return JudgedChain.within({ file: path }, thisComputer, async (chain) => {
    const { layers } = chain;
    const [{ format, device, inode, bytes, virtualBytes, modifiedAt, isUnfit }, below] = layers;
    // One of no bytes would be a raw disk.
    if (below !== undefined || bytes === 0 || isUnfit || (isOwn && (await isDamaged(chain, wish.environment)))) {
      throw guestFailure('badImage', { address: path });
    }
    if (diskMiB !== undefined && diskMiB * bytesPerMiB < virtualBytes) {
      throw guestFailure('smallDisk', { name: path, bytes: virtualBytes });
    }
    const usual = isOwn || usualDiskMiB * bytesPerMiB < virtualBytes ? undefined : usualDiskMiB;
    const sizeMiB = diskMiB ?? usual;
    if (isOwn && !isFar(connection)) {
      await requireRoom(labs, bytes);
    }
    return {
      image: { path, format, how: 'linked', ...(sizeMiB !== undefined && { sizeMiB }) },
      seen: { [path]: seenAs({ real: `${device}:${inode}`, bytes, modifiedAt }) },
    };
  });
}

/**
 * As a download that broke off is. By what `qemu-img check` ends with:
 *
 * | exit code                        | damaged |
 * |----------------------------------|---------|
 * | 1: it could not read all of it   | yes     |
 * | 1: locked, denied, or gone by now | no: the next step says so |
 * | 2: corruptions                   | yes     |
 * | 3: space that is lost in it      | no: that harms nobody |
 */
async function isDamaged(chain: JudgedChain, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const [{ format, path }] = chain.layers;
  if (format !== 'qcow2') {
    return false;
  }
  try {
    await qemuImg(environment).run(ImageCommand.check(chain), { path });
    return false;
  } catch (error) {
    return error instanceof Failure && error.kind === 'failed' && [1, 2].includes(error.details.exitCode ?? 0);
  }
}

async function fileOf(file: string): Promise<string> {
  return thisComputer.realpath(file).catch(() => {
    throw guestFailure('noFile', { file });
  });
}

/** One that is here is used as it is: nobody is asked for a newer one. */
async function keptOrFetched(
  { name, connection }: { readonly name: string; readonly connection: string },
  store: string,
  wish: NewVmWish,
): Promise<string> {
  const here = (await listKept(store)).find((kept) => kept.name === name);
  if (here !== undefined) {
    return here.path;
  }
  const inUse = othersUse(wish.session, connection);
  const fetched = await fetchImage(await imageNamed(wish.session.folder, name), { ...wish, store, inUse });
  wish.onFetched(fetched);
  return fetched.kept.path;
}

/** Requires space for a file that is copied into the store. */
async function requireRoom(labs: string, bytes: number): Promise<void> {
  await thisComputer.space(labs).then(
    ({ free }) => {
      if (free < bytes) {
        throw guestFailure('noRoom', { folder: labs, bytes, free });
      }
    },
    // It is not there before the first VM.
    () => undefined,
  );
}

function networkOf({ network, connection }: NewVm): LabVmParts['network'] {
  if (network === undefined) {
    return /\/session(\?|$)/u.test(connection) ? 'user' : { name: 'default' };
  }
  return network === 'none' ? undefined : network;
}

/** Chooses an address of the range that QEMU has. */
function newMac(): string {
  return ['52', '54', '00', ...(randomBytes(3).toString('hex').match(/../gu) ?? [])].join(':');
}

function ownName(): string {
  try {
    const { username } = userInfo();
    return userPattern.test(username) && username !== 'root' ? username : usualUser;
  } catch {
    // No user database knows this user.
    return usualUser;
  }
}
