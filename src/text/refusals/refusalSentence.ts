// The shape of a refusal's sentences: each reason gets the facts that its own row names.
import { t } from '@vscode/l10n';
import type { RefusalFacts, RefusalReason } from '../../domain/refusal.js';

export type Sentence<Facts> = (facts: Facts & { readonly vm?: string }) => readonly [reason: string, nextStep: string];

export type Sentences = { readonly [R in RefusalReason]: Sentence<RefusalFacts[R]> };

/** What a VM with internal snapshots is told where only an external one would do. */
export function deleteInternalFirst(): string {
  return t('Delete the internal snapshots of the VM first. Then you can create an external one.');
}
