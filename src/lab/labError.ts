// What goes wrong with a lab and is no failure of a libvirt: its sentence says what happened, what state things are in,
// what to do.

/**
 * | kind      | what                                                           |
 * |-----------|----------------------------------------------------------------|
 * | `wrong`   | the file; nothing was changed                                  |
 * | `refused` | it cannot be done here, or not safely; nothing was changed     |
 * | `notFound`| there is no such lab, point or file                            |
 * | `busy`    | somebody works on this lab                                     |
 * | `failed`  | a guest did not do what the file wants; the VMs stay           |
 */
export class LabError extends Error {
  override readonly name = 'LabError';
  constructor(
    readonly kind: 'wrong' | 'refused' | 'notFound' | 'busy' | 'failed',
    message: string,
  ) {
    super(message);
  }
}
