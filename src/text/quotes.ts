// The reader's own quotation marks.
import { t } from '@vscode/l10n';

/** @param text as it is to be read: it has been through `displayLine` where others gave it */
export const inQuotes = (text: string): string => t('“{0}”', text);
