// Backups were read or made in this window, or a schedule has run.
import { Emitter } from '../../../base/emitter.js';

export const backupsChanged = new Emitter<void>();
