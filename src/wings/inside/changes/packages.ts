// Which packages of a guest were installed, removed or got another version, by the databases that are text.
import { FileSystemError, findNode, type GuestFileSystem } from '../read/guestFileSystem.js';
import type { SystemComparison } from './compareVolumes.js';
import { isSameContent } from './sameContent.js';

export interface PackageChange {
  readonly manager: 'dpkg' | 'apk';
  readonly name: string;
  readonly architecture: string;
  /** Absent: it was not installed. */
  readonly before?: string;
  /** Absent: it is no longer installed. */
  readonly after?: string;
}

export interface PackageChanges {
  readonly packages: readonly PackageChange[];
  /** A database changed that is no text. */
  readonly rpm: boolean;
}

interface Package {
  readonly name: string;
  readonly architecture: string;
  readonly version: string;
}

interface Database {
  readonly manager: PackageChange['manager'];
  /** From the root of the guest, or of a file system of its own for `/var`. */
  readonly paths: readonly string[];
  readonly parse: (paragraph: ReadonlyMap<string, string>) => Package | undefined;
}

const databases: readonly Database[] = [
  {
    manager: 'dpkg',
    paths: ['/var/lib/dpkg/status', '/lib/dpkg/status'],
    parse: (fields) =>
      fields.get('Status')?.endsWith(' installed') === true
        ? packageOf(fields, 'Package', 'Version', 'Architecture')
        : undefined,
  },
  {
    manager: 'apk',
    paths: ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'],
    parse: (fields) => packageOf(fields, 'P', 'V', 'A'),
  },
];

const rpmPaths = ['/var/lib/rpm', '/usr/lib/sysimage/rpm', '/lib/rpm'];
const rpmFiles = ['rpmdb.sqlite', 'Packages', 'Packages.db'];

/** A database of 60,000 packages. */
const longestDatabase = 64 * 1024 * 1024;

export async function packageChanges(comparison: SystemComparison): Promise<PackageChanges> {
  const packages: PackageChange[] = [];
  for (const { manager, paths, parse } of databases) {
    for (const path of paths) {
      if (await isOther(comparison, path)) {
        const [before, after] = await Promise.all(
          [comparison.before, comparison.after].map(async (system) => packagesIn(await textAt(system, path), parse)),
        );
        packages.push(...differences(manager, before ?? new Map(), after ?? new Map()));
      }
    }
  }
  const rpm: boolean[] = [];
  for (const path of rpmPaths.flatMap((folder) => rpmFiles.map((file) => `${folder}/${file}`))) {
    rpm.push(await isOther(comparison, path));
  }
  return { packages, rpm: rpm.includes(true) };
}

/** A file that only one of them has, or whose content differs. */
async function isOther(
  { before, after, changed, isUntouched, signal }: SystemComparison,
  path: string,
): Promise<boolean> {
  const [older, newer] = [await fileAt(before, path), await fileAt(after, path)];
  if (older === undefined || newer === undefined) {
    return older !== newer;
  }
  return (
    !(older.node === newer.node && isUntouched(older.node)) &&
    (older.bytes !== newer.bytes ||
      !(await isSameContent(
        { system: before, node: older.node },
        { system: after, node: newer.node },
        older.bytes,
        changed,
        signal,
      )))
  );
}

async function fileAt(
  system: GuestFileSystem,
  path: string,
): Promise<{ readonly node: number; readonly bytes: number } | undefined> {
  try {
    const node = await findNode(system, path);
    const { kind, bytes } = await system.facts(node);
    return kind === 'file' ? { node, bytes } : undefined;
  } catch (error) {
    // Most guests have none of most of them; what is damaged is told where the folders are compared.
    if (error instanceof FileSystemError) {
      return undefined;
    }
    throw error;
  }
}

async function textAt(system: GuestFileSystem, path: string): Promise<string> {
  const file = await fileAt(system, path);
  if (file === undefined) {
    return '';
  }
  if (file.bytes > longestDatabase) {
    throw new FileSystemError('tooLarge', path);
  }
  return (await system.read(file.node, 0, file.bytes)).toString('utf8');
}

/** Paragraphs of lines such as `Package: vim`; lines that begin with a space go on with the one before. */
function packagesIn(text: string, parse: Database['parse']): ReadonlyMap<string, Package> {
  const found = new Map<string, Package>();
  for (const paragraph of text.split(/\n\n+/u)) {
    const fields = new Map<string, string>();
    for (const line of paragraph.split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0 && !line.startsWith(' ')) {
        fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
      }
    }
    const own = parse(fields);
    if (own !== undefined) {
      found.set(`${own.name} ${own.architecture}`, own);
    }
  }
  return found;
}

function packageOf(
  fields: ReadonlyMap<string, string>,
  ...keys: readonly [string, string, string]
): Package | undefined {
  const [name, version, architecture = ''] = keys.map((key) => fields.get(key));
  return name === undefined || version === undefined ? undefined : { name, version, architecture };
}

function differences(
  manager: PackageChange['manager'],
  before: ReadonlyMap<string, Package>,
  after: ReadonlyMap<string, Package>,
): readonly PackageChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const [older, newer] = [before.get(key), after.get(key)];
    const one = newer ?? older;
    return one === undefined || older?.version === newer?.version
      ? []
      : [
          {
            manager,
            name: one.name,
            architecture: one.architecture,
            ...(older && { before: older.version }),
            ...(newer && { after: newer.version }),
          },
        ];
  });
}
