// What a login at another host asks, and who answers.

/**
 * | kind    | the answer                                                                    |
 * |---------|-------------------------------------------------------------------------------|
 * | secret  | a passphrase, a password, a one-time code                                      |
 * | userName | who logs in at libvirt                                                        |
 * | password | of that user, whose name is the text                                          |
 * | confirm | `yes` or `no`                                                                  |
 * | notice  | none: it stands until the signal is aborted, for example until a key is touched |
 */
export interface LoginQuestion {
  readonly kind: 'secret' | 'userName' | 'password' | 'confirm' | 'notice';
  /** In the words of the program that asks; it may quote the host. Untrusted. */
  readonly text: string;
  readonly host: string;
}

/**
 * Asks the person; undefined: there is no answer, and the login fails. The signal is aborted when nobody waits for it.
 */
export type AskLogin = (question: LoginQuestion, signal: AbortSignal) => Promise<string | undefined>;

/**
 * Who answers what a login asks.
 *
 * | one        | how                                                        |
 * |------------|------------------------------------------------------------|
 * | a function | it is asked                                                |
 * | terminal   | the program asks by itself, in the terminal of this process |
 * | nobody     | nothing is asked: what would be, fails                      |
 */
export type LoginAnswers = AskLogin | 'terminal' | 'nobody';

/**
 * | stage | meaning                                                                  |
 * |-------|--------------------------------------------------------------------------|
 * | login | a host far away lets us in, which may take a minute                      |
 * | asked | from now on a person may be asked, for as long as it takes                |
 * | given | there is an answer, or the daemon lets us in                              |
 */
export type LoginStage = 'login' | 'asked' | 'given';
