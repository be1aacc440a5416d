// Images of disks and files with RAM from any author: a guest with the rights of QEMU, or a download.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { Failure } from '../../src/domain/failure.js';
import { thisComputer } from '../../src/base/fileSystem.js';
import { readForbiddenWrites } from '../../src/driver/files/directFiles.js';
import { readImageLocks } from '../../src/driver/files/imageLocks.js';
import { readSavedHead } from '../../src/driver/files/ramForFork.js';
import { parseBackingName } from '../../src/qemu/backingOf.js';
import { contentSample } from '../../src/qemu/contentSample.js';
import { BadImage, type ImageBytes, ReadLimitError } from '../../src/qemu/imageBytes.js';
import { formatOf, readVmdk } from '../../src/qemu/otherFormats.js';
import { isEmptyOverlay, lostRamBytes, snapshotsLikePresent, tablesDigest } from '../../src/qemu/qcow2Content.js';
import { qcow2Extents } from '../../src/qemu/qcow2Extents.js';
import { readQcow2Header } from '../../src/qemu/qcow2Header.js';
import { internalSizes } from '../../src/qemu/qcow2Sizes.js';
import { readQcow2Snapshots } from '../../src/qemu/qcow2Snapshots.js';
import { inMemory, mebibyte } from '../unit/qemu/imageInMemory.js';
import type { Decoder, FuzzInput } from './fuzz.js';
import { mutateBytes, mutateText } from './mutate.js';

/** As much as is agreed to be read of one image here. */
const mostRead = 16 * mebibyte;

/** With snapshots, clusters of each kind and a backing file; made once. */
const images = once(async (): Promise<readonly Buffer[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    const made: Buffer[] = [];
    for (const options of ['cluster_size=512', 'cluster_size=4096,compat=0.10', 'cluster_size=65536,extended_l2=on']) {
      const [base, file] = [join(folder, 'base'), join(folder, `${made.length}.qcow2`)];
      await runOk('qemu-img', ['create', '-q', '-f', 'raw', base, '512K']);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, '-F', 'raw', '-b', base, file]);
      for (const [index, command] of ['write -P 1 0 8k', 'write -z 64k 128k', 'write -P 2 300k 4k'].entries()) {
        await runOk('qemu-io', ['-f', 'qcow2', '-c', command, file]);
        await runOk('qemu-img', ['snapshot', '-c', `step ${index}`, file]);
      }
      made.push(readFileSync(file));
    }
    return made;
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const vmdk = Buffer.from(
  '# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="twoGbMaxExtentSparse"\n' +
    'parentFileNameHint="/img/base.vmdk"\nRW 4192256 SPARSE "a-s001.vmdk"\nRW 2048 SPARSE "a-s002.vmdk"\n',
);

/** libvirt's header of a saved VM, 92 bytes, then its XML. */
function savedRam(): Buffer {
  const xml = Buffer.from('<domain><name>a</name></domain>\0<cookie/>\0');
  const head = Buffer.alloc(92);
  head.write('LibvirtQemudSave', 0, 'latin1');
  head.writeUInt32LE(2, 16);
  head.writeUInt32LE(xml.length, 20);
  return Buffer.concat([head, xml, Buffer.alloc(64, 7)]);
}

const locks = '1: POSIX  ADVISORY  WRITE 812 00:19:1234 0 EOF\n2: OFDLCK ADVISORY  READ -1 fd:01:99 100 101\n';

function imageDecoder(
  name: string,
  make: () => Promise<readonly Buffer[]>,
  decode: (image: ImageBytes) => unknown,
): Decoder {
  return {
    name,
    throws: [BadImage, ReadLimitError],
    make: async (random) => {
      const bytes = mutateBytes(random.pick(await make()), random);
      return { kept: bytes, decode: () => decode(inMemory(bytes, mostRead)) };
    },
  };
}

/** A decoder of a file that is read by its path. */
function fileDecoder(name: string, example: Buffer, decode: (path: string) => unknown): Decoder {
  return {
    name,
    throws: [Failure],
    make: (random): FuzzInput => {
      const bytes = mutateBytes(example, random);
      return {
        kept: bytes,
        decode: async () => {
          const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
          try {
            writeFileSync(join(folder, 'file'), bytes);
            return await decode(join(folder, 'file'));
          } finally {
            rmSync(folder, { recursive: true });
          }
        },
      };
    },
  };
}

export const imageDecoders: readonly Decoder[] = [
  imageDecoder('header and snapshots of qcow2', images, async (image) => {
    const header = await readQcow2Header(image);
    return header === 'notQcow2' ? header : [header, await readQcow2Snapshots(image, header)];
  }),
  ...Object.entries({
    'sizes in qcow2': internalSizes,
    'likeness of states in qcow2': snapshotsLikePresent,
    'emptiness of qcow2': isEmptyOverlay,
    'digest of qcow2': tablesDigest,
    'lost RAM in qcow2': lostRamBytes,
  }).map(([name, decode]) =>
    imageDecoder(name, images, async (image) => {
      const header = await readQcow2Header(image);
      return header === 'notQcow2' ? header : decode(image, header, await readQcow2Snapshots(image, header), 'still');
    }),
  ),
  imageDecoder('blocks of qcow2', images, async (image) => {
    const header = await readQcow2Header(image);
    if (header === 'notQcow2') {
      return header;
    }
    const states = await readQcow2Snapshots(image, header);
    const ofPresent = await qcow2Extents(
      image,
      header,
      { l1: header.l1, earlier: undefined },
      header.virtualBytes,
      999,
    );
    const [first] = states;
    const changed =
      first && (await qcow2Extents(image, header, { l1: header.l1, earlier: first.l1 }, header.virtualBytes, 999));
    return [ofPresent, changed];
  }),
  imageDecoder(
    'images of other formats',
    () => Promise.resolve([vmdk]),
    async (image) => [await formatOf(image), await readVmdk(image)],
  ),
  imageDecoder(
    'samples of content',
    () => Promise.resolve([vmdk]),
    (image) => contentSample(image, 0),
  ),
  {
    name: 'names of backing files',
    throws: [],
    make: (random) => {
      const name = mutateText(
        random.pick([
          '/img/base.qcow2',
          'file:/img/base',
          'nbd://host/x',
          'json:{"driver":"qcow2","file":{"driver":"file","filename":"/img/base"}}',
          'json:{"file.driver":"file","file.filename":"/img/base","offset":512}',
        ]),
        random,
      );
      return { kept: name, decode: () => parseBackingName(name) };
    },
  },
  fileDecoder('heads of files with RAM', savedRam(), async (path) => {
    const { xml, ramAt, with: written } = await readSavedHead(path);
    return [xml, ramAt, written('<domain/>')];
  }),
  fileDecoder('locks of the host', Buffer.from(locks), readImageLocks),
  fileDecoder('rules of AppArmor', Buffer.from('  deny "/img/a" w,\n  "/img/b" rwk,\n'), (path) =>
    readForbiddenWrites('', { readText: (_, most) => thisComputer.readText(path, most) }),
  ),
];

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
