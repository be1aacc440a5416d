// Where a test tells what works on the libvirt that it runs on: docs/support-matrix.md is made of it.
import { appendFileSync } from 'node:fs';
import { type Capabilities, formatVersion } from '../../src/domain/capabilities.js';
import type { AfterRevert } from '../../src/domain/operation.js';
import type { PowerState } from '../../src/domain/vm.js';

/** One case. All cases of an operation and a kind that turn out alike become one line. */
export interface SupportCase {
  readonly operation: 'create' | 'revert' | 'delete' | 'rename';
  /** In the words of the table: "internal memory", "external disk, several disks". */
  readonly kind: string;
  readonly from: PowerState | 'managedSave';
  /** For a revert. */
  readonly after?: AfterRevert;
  /** `titleOnly`: the name stays. `refused`: the refusal's reason or the failure's kind. */
  readonly result: { readonly works: 'natively' | 'byOurSteps' | 'titleOnly' } | { readonly refused: string };
}

export interface SupportRow extends SupportCase {
  readonly libvirt: string;
  readonly qemu: string;
}

/** To be called when the case has been proved, not before. Does nothing in a run that nobody makes the table from. */
export function reportSupport({ libvirt, hypervisor }: Capabilities, of: SupportCase): void {
  const file = process.env['VIRT_REWIND_SUPPORT_ROWS'];
  if (file === undefined) {
    return;
  }
  const row: SupportRow = { ...of, libvirt: majorMinor(libvirt), qemu: majorMinor(hypervisor) };
  appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** QEMU's third number changes with each security update, and nothing in the table with it. */
function majorMinor(version: number): string {
  return formatVersion(version - (version % 1_000));
}
