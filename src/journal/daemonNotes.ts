// What daemons that are kept as read-only said of themselves, by the URI that led there: none is asked again.
import * as v from 'valibot';
import { NotesFile } from './notesFile.js';

const shape = v.pipe(
  v.array(
    v.tuple([
      v.string(),
      v.object({
        driver: v.picklist(['qemu', 'test', 'other']),
        hostname: v.string(),
        hostUuid: v.exactOptional(v.string()),
        serves: v.exactOptional(v.string()),
      }),
    ]),
  ),
  v.maxLength(1_000),
);

type DaemonNote = v.InferOutput<typeof shape>[number];

export class DaemonNotes {
  readonly #file: NotesFile;
  #writing: Promise<void> = Promise.resolve();

  constructor(...file: ConstructorParameters<typeof NotesFile>) {
    this.#file = new NotesFile(...file);
  }

  /** None where there are none, or none that could be ours: the hosts are asked then. */
  async read(): Promise<readonly DaemonNote[]> {
    const { success, output } = v.safeParse(shape, await this.#file.read());
    return success ? output : [];
  }

  /** Never rejects. */
  write(notes: readonly DaemonNote[]): Promise<void> {
    return (this.#writing = this.#writing.then(() => this.#file.write(notes)));
  }
}
