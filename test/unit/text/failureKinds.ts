// Every kind of failure: one that is missing here does not compile.
import type { FailureKind } from '../../../src/domain/failure.js';

const kinds: Readonly<Record<FailureKind, true>> = {
  notFound: true,
  ambiguous: true,
  denied: true,
  unreachable: true,
  busy: true,
  unsupported: true,
  lost: true,
  protocol: true,
  refused: true,
  stopped: true,
  exists: true,
  invalid: true,
  noSpace: true,
  journal: true,
  late: true,
  cancelled: true,
  failed: true,
};

export const failureKinds = Object.keys(kinds) as readonly FailureKind[];
