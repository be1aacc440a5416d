// What the wing of files in restore points does in the editor. Each part is loaded when somebody needs it.
import { t } from '@vscode/l10n';
import type { WingInEditor } from '../../wing.js';
import type { insideVerbs } from '../insideVerbs.js';

export const insideInEditor = {
  handlers: {
    'virtRewind.browseFiles': async (run) => (await import('./browseFiles.js')).browseFiles(run),
    'virtRewind.closeGuestFiles': async () => (await import('./browseFiles.js')).closeGuestFiles(),
    'virtRewind.copyGuestFile': async (run) => (await import('./guestFileRow.js')).copyGuestFile(run),
    'virtRewind.compareGuestFile': async (run) => (await import('./guestFileRow.js')).compareGuestFile(run),
    'virtRewind.restoreFile': async (run) => (await import('./restoreFile.js')).restoreFile(run),
    'virtRewind.showChangedFiles': async (run) => (await import('./showChangedFiles.js')).showChangedFiles(run),
  },
  readers: { files: () => import('../readFiles.js') },
  besideComparison: { title: () => t('Show Changed Files…'), command: 'virtRewind.showChangedFiles' },
} satisfies WingInEditor<typeof insideVerbs>;
