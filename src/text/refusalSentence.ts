// The shape of a refusal's sentences: each reason gets the facts that its own row names.
import type { RefusalFacts, RefusalReason } from '../domain/refusal.js';

export type Sentence<Facts> = (facts: Facts) => readonly [reason: string, nextStep: string];

export type Sentences = { readonly [R in RefusalReason]: Sentence<RefusalFacts[R]> };
