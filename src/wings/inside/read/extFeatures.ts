// What is done with each feature of ext2, ext3 and ext4 and of their journals. A feature that stands in no row is
// refused: the kernel that wrote it may keep files in a way that nobody knew here.
// https://docs.kernel.org/filesystems/ext4/super.html and journal.html
import { FileSystemError } from './guestFileSystem.js';

/** The name of a feature, as `dumpe2fs` has it, and whether it is read, or does not matter to a reader. */
type FeatureRow = readonly [name: string, bit: number, isRead: boolean];

/** A file system with others of them must not even be read. */
const incompatible = [
  ['compression', 0x1, false],
  ['filetype', 0x2, true],
  ['needs_recovery', 0x4, true],
  ['journal_dev', 0x8, false],
  ['meta_bg', 0x10, true],
  ['extent', 0x40, true],
  ['64bit', 0x80, true],
  ['mmp', 0x100, true],
  ['flex_bg', 0x200, true],
  ['ea_inode', 0x400, true],
  ['dirdata', 0x1000, false],
  ['metadata_csum_seed', 0x2000, true],
  ['large_dir', 0x4000, true],
  ['inline_data', 0x8000, true],
  ['encrypt', 0x10000, true],
  ['casefold', 0x20000, true],
] as const satisfies readonly FeatureRow[];

const journalIncompatible = [
  ['journal_incompat_revoke', 0x1, true],
  ['journal_64bit', 0x2, true],
  ['journal_async_commit', 0x4, true],
  ['journal_checksum_v2', 0x8, true],
  ['journal_checksum_v3', 0x10, true],
  ['fast_commit', 0x20, true],
] as const satisfies readonly FeatureRow[];

type BitOf<Rows extends readonly FeatureRow[]> = Readonly<Record<Rows[number][0], number>>;

function bitsOf<Rows extends readonly FeatureRow[]>(rows: Rows): BitOf<Rows> {
  return Object.fromEntries(rows) as BitOf<Rows>;
}

export const needs = bitsOf(incompatible);
export const journalNeeds = bitsOf(journalIncompatible);

/** Those that a reader has to know; any other may be ignored by one who does not write. */
export const compatible = { has_journal: 0x4, sparse_super2: 0x200 } as const;
export const readOnlyCompatible = { sparse_super: 0x1, bigalloc: 0x200 } as const;
export const journalCompatible = { checksum: 0x1 } as const;

export const externalJournal = 'external_journal';
/** No other program can read it from that disk alone. */
export const onTwoDisks: ReadonlySet<string> = new Set([externalJournal, 'journal_dev']);

/** @throws FileSystemError `unsupported`, with the names of what is not read */
export function requireRead(features: number, of: 'fileSystem' | 'journal'): void {
  const rows: readonly FeatureRow[] = of === 'fileSystem' ? incompatible : journalIncompatible;
  const foreign = Array.from({ length: 32 }, (_, index) => 2 ** index).flatMap((bit) => {
    const [name = `${of === 'journal' ? 'journal' : 'ext4'} 0x${bit.toString(16)}`, , isRead = false] =
      rows.find((row) => row[1] === bit) ?? [];
    return (features & bit) !== 0 && !isRead ? [name] : [];
  });
  if (foreign.length > 0) {
    throw new FileSystemError('unsupported', foreign.join(', '));
  }
}
