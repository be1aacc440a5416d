// The catalogue of cloud images: ours, and that of the user, which comes first.
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { hasCode } from '../../../base/errno.js';
import { readFileAtMost } from '../../../base/readFileAtMost.js';
import { guestFailure } from '../guestFailure.js';

const mostCatalogueBytes = 256 * 1024;
const namePattern = /^[a-z0-9][a-z0-9.-]{0,39}$/u;

const address = v.pipe(v.string(), v.url(), v.regex(/^https?:/u, 'https'), v.maxLength(2000));
const image = v.strictObject({
  address,
  /** The file of checksums that has it. */
  sums: v.exactOptional(address),
  /** In place of that file. */
  digest: v.exactOptional(v.pipe(v.string(), v.regex(/^(?:[\da-f]{64}|[\da-f]{128})$/u))),
  /** The detached signature of the file of checksums. */
  signature: v.exactOptional(address),
  /** The keys of that signature, as a file of gpgv on this computer. */
  keyring: v.exactOptional(v.pipe(v.string(), v.startsWith('/'), v.maxLength(1000))),
});
const catalogue = v.record(
  v.pipe(v.string(), v.regex(namePattern)),
  v.pipe(
    image,
    v.check(({ sums, digest }) => (sums === undefined) !== (digest === undefined), 'one of “sums” and “digest”'),
    v.check(({ signature, keyring }) => (signature === undefined) === (keyring === undefined), '“keyring”'),
  ),
);

export type CatalogueImage = v.InferOutput<typeof image> & { readonly name: string };

const debian = 'https://cloud.debian.org/images/cloud';
const ubuntu = 'https://cloud-images.ubuntu.com/releases';
const fedora = 'https://download.fedoraproject.org/pub/fedora/linux/releases/44/Cloud/x86_64/images';
const alpine =
  'https://dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud/nocloud_alpine-3.23.4-x86_64-bios-cloudinit-r0.qcow2';

/** The images for x86_64, with cloud-init, booted by a BIOS. Debian publishes no signature of its checksums. */
const ours: v.InferOutput<typeof catalogue> = {
  'alpine-3.23': { address: alpine, sums: `${alpine}.sha512` },
  'debian-12': debianImage('bookworm', 12),
  'debian-13': debianImage('trixie', 13),
  'fedora-44': {
    address: `${fedora}/Fedora-Cloud-Base-Generic-44-1.7.x86_64.qcow2`,
    sums: `${fedora}/Fedora-Cloud-44-1.7-x86_64-CHECKSUM`,
  },
  'ubuntu-24.04': ubuntuImage('noble', '24.04'),
  'ubuntu-26.04': ubuntuImage('resolute', '26.04'),
};

function debianImage(suite: string, version: number): v.InferOutput<typeof image> {
  const folder = `${debian}/${suite}/latest`;
  return { address: `${folder}/debian-${version}-generic-amd64.qcow2`, sums: `${folder}/SHA512SUMS` };
}

function ubuntuImage(suite: string, version: string): v.InferOutput<typeof image> {
  const folder = `${ubuntu}/${suite}/release`;
  return {
    address: `${folder}/ubuntu-${version}-server-cloudimg-amd64.img`,
    sums: `${folder}/SHA256SUMS`,
    signature: `${folder}/SHA256SUMS.gpg`,
    keyring: '/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg',
  };
}

/** Where that of the user is. @param folder of the journal and the settings */
export function catalogueFile(folder: string): string {
  return join(folder, 'images.json');
}

/** By their names. @throws Failure `badCatalogue` */
export async function readCatalogue(folder: string): Promise<readonly CatalogueImage[]> {
  const file = catalogueFile(folder);
  const all = { ...ours, ...(await readUsers(file)) };
  return Object.entries(all)
    .map(([name, image]) => ({ name, ...image }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws Failure `unknownImage`, `badCatalogue` */
export async function imageNamed(folder: string, name: string): Promise<CatalogueImage> {
  const all = await readCatalogue(folder);
  const found = all.find((one) => one.name === name);
  if (found === undefined) {
    throw guestFailure('unknownImage', { name, known: all.map((one) => one.name) });
  }
  return found;
}

async function readUsers(file: string): Promise<v.InferOutput<typeof catalogue>> {
  let value: unknown;
  try {
    const text = (await readFileAtMost(file, mostCatalogueBytes)).toString('utf8');
    // Some editors begin a file with the mark of its byte order.
    value = JSON.parse(text.replace(/^\uFEFF/u, ''));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return {};
    }
    throw guestFailure('badCatalogue', { file, said: String(error instanceof Error ? error.message : error) });
  }
  const read = v.safeParse(catalogue, value);
  if (read.success) {
    return read.output;
  }
  const [first] = read.issues;
  const place = v.getDotPath(first) ?? '';
  throw guestFailure('badCatalogue', { file, said: t('Invalid value for “{0}”: {1}', place, first.message) });
}
