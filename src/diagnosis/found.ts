// What a rule of the doctor finds, before anybody has planned what would mend it.
import type { Diagnosis, Finding } from './examination.js';
import type { Repair } from '../domain/operation.js';

export interface Found {
  readonly finding: Finding;
  readonly severity: Diagnosis['severity'];
  readonly repair?: Repair;
}
