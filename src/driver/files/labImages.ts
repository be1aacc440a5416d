// The images of labs, copied out of repositories to the computer that runs the VMs: what stands there later changes no
// VM. Each content is there once, in a folder beside those of the VMs. A VM's folder has a link to each of its own, and
// an image without one goes, unless somebody else rests on it.
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join, posix } from 'node:path';
import { hasCode, undefinedIfAbsent } from '../../base/errno.js';
import { type FileStats, type FileSystem, thisComputer } from '../../base/fileSystem.js';
import { type LabVm, type LabVmParts, seenAs } from '../../domain/labVm.js';
import { unjudgedImage } from '../../domain/unjudgedImage.js';
import { contentOfKept } from './keptImages.js';
import { makeFolders } from './makeFolders.js';
import { JudgedChain, type JudgedLayer } from '../../qemu/judgedChain.js';
import type { ImageHost } from '../../qemu/qemuImg.js';
import type { LabVmMaker } from '../hypervisor.js';
import { isFar } from '../sharedHost.js';
import { rebaseImage } from '../../qemu/changeImage.js';

/** The computer that runs the VMs. */
export interface LabHost extends ImageHost {
  readonly isHere: boolean;
}

/** What a crash left of an import; a folder: what was received of an image of the catalogue. */
const partPattern = /^\.[\da-f]{16}\.part$/u;
const partLastsMs = 24 * 60 * 60_000;
/** On a computer that others use too. */
const staysFree = 256 * 1024 * 1024;
/** In a folder of ours. */
const mostNames = 100_000;
const linkPattern = /^image-\d{1,3}$/u;

/**
 * | VIRT_REWIND_LABS | connection      | the folders of VMs are in                                |
 * |------------------|-----------------|----------------------------------------------------------|
 * | absolute         | any             | that one                                                 |
 * | else             | of a session    | $XDG_DATA_HOME, or ~/.local/share, and virt-rewind/labs  |
 * | else             | of the system   | /var/lib/libvirt/images/virt-rewind/labs: QEMU may go there |
 */
export function labsFolder(connection: string, environment: NodeJS.ProcessEnv): string {
  const { VIRT_REWIND_LABS: given = '', XDG_DATA_HOME: data = '' } = environment;
  if (isAbsolute(given)) {
    return given;
  }
  return /\/session(\?|$)/u.test(connection)
    ? join(isAbsolute(data) ? data : join(homedir(), '.local/share'), 'virt-rewind/labs')
    : '/var/lib/libvirt/images/virt-rewind/labs';
}

/** Whose VMs may use the images of the catalogue that this computer keeps for a connection. */
export function fetchedFor(connection: string): string {
  return isFar(connection) ? 'qemu:///session' : connection;
}

/** Where they are. */
export function fetchedFolder(connection: string, environment: NodeJS.ProcessEnv): string {
  return labImagesIn(labsFolder(fetchedFor(connection), environment));
}

/** @param labs the folder of the folders of VMs */
function labImagesIn(labs: string): string {
  return join(labs, 'virt-rewind-lab-images');
}

function storeOf({ folder }: LabVm): string {
  return labImagesIn(posix.dirname(folder));
}

/** The name of a partial file. It contains the VM, so that a removal of its rest after a crash includes it. */
function partOf(vm: LabVm): string {
  const own = createHash('sha256').update(vm.folder).digest('hex').slice(0, 16);
  return join(storeOf(vm), `.${own}.part`);
}

/** Uses the image as it was looked at. @throws Failure `refused`: another one stands there by now */
export function withSeenImage<T>(
  { path: file, format }: NonNullable<LabVmParts['image']>,
  seen: LabVmParts['seen'],
  use: (chain: JudgedChain) => Promise<T>,
): Promise<T> {
  return JudgedChain.within({ file, format }, thisComputer, (chain) => {
    for (const { path, device, inode, bytes, modifiedAt } of chain.layers) {
      requireSeen(path, seenAs({ real: `${device}:${inode}`, bytes, modifiedAt }), seen);
    }
    return use(chain);
  });
}

/** @throws Failure `refused` */
export function requireSeen(path: string, now: string, seen: LabVmParts['seen']): void {
  if (seen?.[path] !== now) {
    throw unjudgedImage(path, 'replaced');
  }
}

/** @returns where the image stands that the VM's overlay can rest on */
export async function importImage(vm: LabVm, { layers }: JudgedChain, host: LabHost): Promise<string> {
  const { files } = host;
  const store = storeOf(vm);
  const own: string[] = [];
  for (const layer of layers.toReversed()) {
    own.unshift(
      await importLayer(layer, own[0], { store, part: partOf(vm), host, below: layers[layers.length - own.length] }),
    );
    await files.link(own[0] ?? '', posix.join(vm.folder, `image-${String(own.length - 1)}`));
  }
  const [top = '', ...below] = own;
  // The copies are what was judged: each names the one below it, and the last names nothing.
  await JudgedChain.within({ file: top, format: layers[0].format }, files, (chain) => {
    const found = chain.layers.map(({ path }) => path);
    return found.join('\n') === [top, ...below].join('\n')
      ? Promise.resolve()
      : Promise.reject(unjudgedImage(layers[0].path, 'replaced'));
  });
  return top;
}

interface Import {
  readonly store: string;
  /** In which it is filled. */
  readonly part: string;
  readonly host: LabHost;
  readonly below: JudgedLayer | undefined;
}

async function importLayer(
  { path, name, format, bytes }: JudgedLayer,
  backing: string | undefined,
  { store, part, host, below }: Import,
): Promise<string> {
  const { files, isHere } = host;
  // The name says what was copied, and on what it rests.
  const before = `${format}\n${backing ?? ''}\n`;
  const kept = isHere && backing === undefined ? contentOfKept(path, store) : undefined;
  if (kept !== undefined) {
    const file = join(store, kept);
    await linkOnce(path, file, files);
    return file;
  }
  const there = isHere ? undefined : posix.join(store, await thisComputer.digest(name, before));
  if (there !== undefined && (await seenAt(there, files)) !== undefined) {
    return there;
  }
  await makeFolders(files, store);
  if (!isHere && (await files.space(store)).free < bytes + staysFree) {
    throw Object.assign(new Error(`${path}: No space left on device`), { code: 'ENOSPC' });
  }
  try {
    const held = await files.create(part);
    try {
      await (isHere ? files.copyInto(name, held) : held.bring(name, bytes));
      await held.chmod(0o644);
    } finally {
      await held.close();
    }
    // Before the rebase, which changes the file.
    const file = posix.join(store, await files.digest(part, before));
    if (backing !== undefined) {
      await rebaseImage({ file: part, backing, backingFormat: below?.format ?? 'raw' }, host);
    }
    // One that came meanwhile has links already.
    await linkOnce(part, file, files);
    await undefinedIfAbsent(files.unlink(part));
    return file;
  } catch (error) {
    // A shell that could not take all does nothing more; then the part goes with its VM.
    await files.unlink(part).catch(() => undefined);
    throw error;
  }
}

async function linkOnce(from: string, to: string, files: FileSystem): Promise<void> {
  await files.link(from, to).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) {
      throw error;
    }
  });
}

/** What a path leads to: `number` is the same for all that lead there. Undefined where there is nothing. */
async function seenAt(path: string, files: FileSystem): Promise<(FileStats & { readonly number: string }) | undefined> {
  const stats = await undefinedIfAbsent(files.stat(path));
  return stats && Object.assign(stats, { number: `${stats.dev}:${stats.ino}` });
}

/** @throws Error where there are more than anybody has */
async function namesIn(folder: string, files: FileSystem): Promise<readonly string[]> {
  const names = await undefinedIfAbsent(files.names(folder, mostNames));
  if (names === undefined && (await seenAt(folder, files)) !== undefined) {
    throw new Error(`${folder} has more than ${mostNames} files`);
  }
  return names ?? [];
}

/** Whether the VM has a link to the content of one of these files, which are of this computer. */
export async function hasLinkTo({ folder }: Pick<LabVm, 'folder'>, files: readonly string[]): Promise<boolean> {
  const names = folder === '' ? [] : await namesIn(folder, thisComputer);
  const links = names.filter((name) => linkPattern.test(name)).map((name) => join(folder, name));
  const numbers = async (paths: readonly string[]): Promise<readonly string[]> => {
    const all = await Promise.all(paths.map(async (path) => (await seenAt(path, thisComputer))?.number));
    return all.filter((number) => number !== undefined);
  };
  const linked = new Set(await numbers(links));
  return (await numbers(files)).some((one) => linked.has(one));
}

/** The VM's links, and each image that no VM has a link to and nobody else uses. */
export async function removeLabImages(
  vm: LabVm,
  inUse: Parameters<LabVmMaker['remove']>[2],
  files: FileSystem,
): Promise<void> {
  const store = storeOf(vm);
  await undefinedIfAbsent(files.unlink(partOf(vm)));
  const images = new Map<string, string>();
  for (const name of await namesIn(store, files)) {
    const path = posix.join(store, name);
    const seen = await seenAt(path, files);
    const changedAt = (await seenAt(posix.join(path, 'image'), files))?.mtimeMs ?? seen?.mtimeMs ?? 0;
    if (seen !== undefined && partPattern.test(name) && Date.now() - changedAt > partLastsMs) {
      await files.removeTree(path);
    } else if (seen !== undefined) {
      images.set(seen.number, path);
    }
  }
  const links: string[] = [];
  const own = new Map<string, number>();
  for (const name of await namesIn(vm.folder, files)) {
    const path = posix.join(vm.folder, name);
    const seen = linkPattern.test(name) ? await seenAt(path, files) : undefined;
    const image = seen && images.get(seen.number);
    if (image !== undefined) {
      links.push(path);
      own.set(image, (own.get(image) ?? 0) + 1);
    }
  }
  const left: string[] = [];
  for (const path of images.values()) {
    const isImage = /\/[\da-f]{64}$/u.test(path);
    if (isImage && (await seenAt(path, files))?.nlink === 1 + (own.get(path) ?? 0)) {
      left.push(path);
    }
  }
  // Before the links go: somebody may rest on the content by the name of one.
  const used = await inUse(left);
  for (const path of links) {
    await undefinedIfAbsent(files.unlink(path));
  }
  for (const path of left.filter((one) => !used.has(one))) {
    // Another VM may have got a link to it meanwhile.
    if ((await seenAt(path, files))?.nlink === 1) {
      await undefinedIfAbsent(files.unlink(path));
    }
  }
  await files.removeFolder(store).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) {
      throw error;
    }
  });
}
