// Copies a VM with its snapshots into a plain folder on a host: once, as an export, or again and again, as a replica.
// The manifest is what makes a folder a copy, and is written last.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { isOfWing } from '../../../domain/failure.js';
import type { HostLogin } from '../../../hosts/hostLogin.js';
import type { Version } from '../../../domain/capabilities.js';
import {
  type HostFolder,
  disks,
  listThere,
  othersThere,
  requireDone,
  requireRoom,
  sumsThere,
  xml,
  type FileThere,
} from '../../../transfer/hostFolder.js';
import { sendFiles, type SentFile } from '../../../transfer/sendFiles.js';
import { copiesFailure } from '../copiesFailure.js';
import { type CopyShell, openCopyShell } from '../../../transfer/copyShell.js';
import type { VmHost } from '../../../transfer/vmHost.js';
import { withWorkFolder } from '../../../transfer/workFolder.js';
import { type CopiesEngine, manifestOf, type VmLook } from '../../../transfer/lookAtVm.js';
import {
  type CopiedFile,
  documentsOf,
  folderNameOf,
  type Manifest,
  manifestName,
  readManifest,
  storedBytes,
  writeManifest,
} from '../../../transfer/manifest.js';
import { MadeThere, removeBegun, wordsOf } from './madeThere.js';
import { type Originals, withOriginals } from '../../../transfer/originals.js';
import { oursAmong, removeUnused, reserve, type UsedFiles } from './ownFiles.js';
import { paperFiles } from './plainPapers.js';
import { doubtfulFiles, placeCopy, type PlacedCopy } from './plainPlaces.js';

export interface CopyWish extends UsedFiles {
  readonly kind: 'export' | 'replica';
  readonly connection: string;
  /** Absent: this computer. */
  readonly login: HostLogin | undefined;
  /** The copy gets a folder of its own in it. */
  readonly folder: string;
  /** That the VM is on, and its name. */
  readonly from: VmHost;
  readonly host: string;
  readonly libvirt: Version;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

export interface CopyMade {
  readonly manifest: Manifest;
  readonly folder: string;
  readonly sentBytes: number;
  /** Paths in it that it does not need, and that stay: no record here names them, or a VM stands on them. */
  readonly stays: readonly string[];
}

const markName = '.virt-rewind-replica';
const fresh = '.new';

/** @throws Failure: an export is not there, and an earlier replica is as it was */
export async function copyOut(
  engine: Pick<CopiesEngine, 'withCopies'>,
  look: VmLook,
  wish: CopyWish,
): Promise<CopyMade> {
  const { vm } = look;
  const folder = posix.join(wish.folder, folderNameOf(vm));
  const shell = await openCopyShell(wish.login, wish.signal);
  try {
    const begun = await beginCopy(shell, folder, look, wish);
    try {
      return await withOriginals(wish.from, wish.signal, (originals) =>
        fillCopy(engine, look, { ...wish, shell, folder, begun, originals }),
      );
    } catch (error) {
      if (wish.kind === 'export') {
        shell.close();
        await removeOwn(folder, begun).catch(() => undefined);
      }
      throw error;
    }
  } finally {
    shell.close();
  }
}

/** When the shell that wrote has ended, with all that it has begun. */
async function removeOwn(folder: string, begun: string): Promise<void> {
  const shell = await openCopyShell(undefined, new AbortController().signal);
  try {
    await shell.run('flock', begun, 'true');
    await removeBegun(shell, new MadeThere(shell.host, folder), begun);
  } finally {
    shell.close();
  }
}

/** Where the files go. The lock is held by the shell, and goes with it. */
async function beginCopy(shell: CopyShell, folder: string, { vm }: VmLook, { kind }: CopyWish): Promise<string> {
  const begins = `${folder}.exporting-`;
  const begun = kind === 'export' ? `${begins}${randomBytes(3).toString('hex')}` : folder;
  const made = new MadeThere(shell.host, folder);
  if (kind === 'export') {
    await removeBegun(shell, made, begins);
    await made.change(new Map([[begun, '']]));
  }
  const done = await (kind === 'export'
    ? shell.run('begin_export', folder, posix.dirname(folder), begun)
    : shell.run('begin_replica', folder, vm.uuid));
  await (kind === 'export' && made.change(new Map([[begun, done.said]]), done.code === 0 ? [] : [begun]));
  requireDone(shell, folder, done);
  const locked = kind === 'replica' ? `${folder}/${markName}` : begun;
  requireDone(shell, folder, await shell.run('lock', locked));
  return begun;
}

type BegunCopy = CopyWish & HostFolder & { readonly originals: Originals };

async function fillCopy(engine: Pick<CopiesEngine, 'withCopies'>, look: VmLook, copy: BegunCopy): Promise<CopyMade> {
  const { shell, begun, folder, kind, originals } = copy;
  const earlier = kind === 'export' ? undefined : await readEarlier(copy);
  const there = await listThere(copy);
  const made = new MadeThere(shell.host, folder);
  const isOurs = await oursAmong(copy, made, there);
  const ours = new Map([...there].filter(([name]) => isOurs(name)));
  const times = new Map(await originals.modified([...new Set(look.files.flatMap((file) => file.stored ?? []))]));
  // No time of a device tells whether it was written to: all of it is sent each time.
  const now = `${(Date.now() / 1_000).toFixed(3)}000000`;
  look.files.forEach(({ device, stored }) => device === true && times.set(stored ?? '', now));
  const kept = await confirmKept(copy, earlier?.files ?? [], times, there);
  const placed = await requireResumed(copy, placeCopy(look.files, times, kept, { there, ours }));
  const places = new Set([...(earlier?.files ?? []), ...placed.files].map(({ place }) => place));
  // What an interrupted copy left takes the room.
  const left = await removeUnused(copy, made, new Map([...ours].filter(([name]) => !places.has(name))));
  await requireRoom(copy, placed.sent);
  const fresh = placed.sent.map(({ place }) => place).filter((place) => !ours.has(place));
  await reserve(copy, made, disks, fresh);
  // Those of the originals: a restore then compares with these, and no host has to read what it has just written.
  const sent = placed.sent.map(({ place, stored, bytes, modified = '' }) => {
    return { from: stored, to: `${disks}/${place}`, bytes, modified };
  });
  const [sums] = await Promise.all([
    sumsOf(placed.sent, originals),
    sendFiles(copy, sent, copy.onProgress, originals).catch(async (error: unknown) => {
      // The host only sees that the data of a shorter file do not fit.
      const reason: unknown = await look.requireUnchanged().catch((changed: unknown) => changed);
      throw isOfWing(reason, 'transfer') ? reason : error;
    }),
  ]);
  const sentThere = sent.length > 0 ? await listThere(copy) : there;
  const files = placed.files.map((file) => {
    const { place = '', stored, modified } = file;
    const sha256 = file.sha256 ?? sums.get(place);
    if (sha256 === undefined || stored === undefined) {
      return file;
    }
    const found = (sums.has(place) ? sentThere : there).get(place)?.modified;
    return { ...file, sha256, ...(found !== undefined && found !== modified && { modifiedThere: found }) };
  });
  const manifest = manifestOf(look, copy.libvirt, {
    madeAt: Date.now(),
    ...(kind === 'replica' && { replicaOf: copy.host }),
    files,
  });
  const home = posix.join('/var/lib/libvirt/images', posix.basename(folder));
  const written = await engine.withCopies(copy.connection, (copies) =>
    copies.documentsFor({
      ...manifest.vm,
      identity: 'same',
      documents: documentsOf(manifest),
      files: files.map(({ path, place = '' }) => ({ from: path, to: `${home}/${disks}/${place}` })),
    }),
  );
  const papers = paperFiles(manifest, written, { text: writeManifest(manifest), home, kind });
  await look.requireUnchanged();
  await sendPapers(copy, papers, manifest);
  const keep = new Set(files.map(({ place }) => place));
  const old = [...ours].filter(([name]) => !keep.has(name) && !left.includes(name));
  if (kind === 'export') {
    requireDone(shell, folder, await shell.run('finish_export', folder, begun));
    await made.change(
      new Map(),
      [...(await made.read()).keys()].filter((path) => `${path}/`.startsWith(`${begun}/`)),
    );
  }
  await removeUnused(copy, made, new Map(old));
  const own = new Set([markName, ...papers.keys(), ...[...keep].map((place) => `${disks}/${place}`)]);
  return {
    manifest,
    folder,
    sentBytes: storedBytes(placed.sent, 'allocatedBytes'),
    stays: await othersThere(copy, own),
  };
}

/** One that is damaged is replaced, and all files are sent again. @throws Failure: its files may be good */
async function readEarlier({ shell, folder, begun }: BegunCopy): Promise<Manifest | undefined> {
  const answer = await shell.run('read_text', begun, manifestName);
  requireDone(shell, folder, answer);
  const manifest = readManifest(answer.said);
  if (manifest === 'newer') {
    throw copiesFailure('newerBackup');
  }
  return manifest === 'broken' ? undefined : manifest;
}

/** A file of the earlier copy that has another time there, but its checksum, has that time from now on. */
async function confirmKept(
  copy: BegunCopy,
  earlier: readonly CopiedFile[],
  times: ReadonlyMap<string, string>,
  there: ReadonlyMap<string, FileThere>,
): Promise<readonly CopiedFile[]> {
  const doubtful = new Set(doubtfulFiles(earlier, times, there));
  const sums = await sumsThere(copy, [...doubtful]);
  return earlier.map((file) => {
    const { place = '', sha256 } = file;
    const found = there.get(place);
    const isRight = found !== undefined && doubtful.has(file) && sums.get(place) === sha256;
    return isRight ? { ...file, modifiedThere: found.modified } : file;
  });
}

/** What an interrupted copy left may be less than it seems: its host may have lost power. */
async function requireResumed(copy: BegunCopy, { files, sent }: PlacedCopy): Promise<PlacedCopy> {
  const isSent = new Set(sent.map(({ place }) => place));
  const resumed = files.filter(
    (one) => one.stored !== undefined && one.sha256 === undefined && !isSent.has(one.place ?? ''),
  );
  const sums = await sumsThere(copy, resumed);
  const right = new Map<string, string>();
  const again = new Map<string, PlacedCopy['sent'][number]>();
  for (const { stored = '', place = '', ...file } of resumed) {
    const sha256 = await copy.originals.sum(stored);
    if (sums.get(place) === sha256) {
      right.set(place, sha256);
    } else {
      again.set(place, { ...file, stored, place });
    }
  }
  return {
    files: files.map((file) => {
      const sha256 = right.get(file.place ?? '');
      return sha256 === undefined || file.stored === undefined ? file : { ...file, sha256 };
    }),
    sent: [...sent, ...again.values()],
  };
}

/** By the place of each file. */
async function sumsOf(sent: PlacedCopy['sent'], { sum }: Originals): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>();
  for (const { place, stored } of sent) {
    sums.set(place, await sum(stored));
  }
  return sums;
}

/** The manifest comes last: until then an earlier one stands for the files that it names. */
async function sendPapers(copy: BegunCopy, papers: ReadonlyMap<string, string>, { madeAt }: Manifest): Promise<void> {
  const { shell, begun, folder, kind } = copy;
  const made = new MadeThere(shell.host, folder);
  await withWorkFolder(process.env, async (local) => {
    const sent: SentFile[] = [];
    for (const [name, text] of papers) {
      const from = join(local, name);
      await mkdir(posix.dirname(from), { recursive: true });
      await writeFile(from, text, { mode: kind === 'export' ? 0o644 : 0o600 });
      sent.push({ from, to: `${fresh}/${name}`, bytes: Buffer.byteLength(text), modified: String(madeAt / 1_000) });
    }
    requireDone(shell, folder, await shell.run('begin_papers', begun, ...papers.keys()));
    const known = await made.read();
    const old = [...(await listThere(copy, xml))].map(([name, { identity }]) => [`${xml}/${name}`, identity] as const);
    const gone = old.filter(([name, identity]) => !papers.has(name) && known.get(`${begun}/${name}`) === identity);
    const inXml = [...papers.keys()].filter((name) => name.startsWith(`${xml}/`));
    const atTop = [...papers.keys()].filter((name) => !inXml.includes(name));
    const others = atTop.filter((name) => name !== manifestName);
    await reserve(copy, made, fresh, atTop);
    await reserve(
      copy,
      made,
      `${fresh}/${xml}`,
      inXml.map((name) => posix.basename(name)),
    );
    await sendFiles(copy, sent);
    requireDone(shell, folder, await shell.run('place_papers', begun, ...inXml, ...others, manifestName));
    await shell.run('remove_files', ...wordsOf(new Map(gone)));
    const there = [...(await listThere(copy, xml))].map(
      ([name, { identity }]) => [`${xml}/${name}`, identity] as const,
    );
    const top = [...(await listThere(copy, '.'))].map(([name, { identity }]) => [name, identity] as const);
    const own = [...there, ...top].filter(([name]) => papers.has(name));
    await made.change(
      new Map(own.map(([name, identity]) => [`${begun}/${name}`, identity])),
      [...gone.map(([name]) => name), ...[...papers.keys()].map((name) => `${fresh}/${name}`)].map(
        (name) => `${begun}/${name}`,
      ),
    );
  });
}
