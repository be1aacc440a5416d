// What a login at another host asks, who answers, and why it fails.
import type { Log } from '../base/log.js';

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

/**
 * Why there is no way to the daemon of another host.
 *
 * | reason         | what                                                                          |
 * |----------------|-------------------------------------------------------------------------------|
 * | noProgram      | the client here, `program`, is not there or cannot be run                       |
 * | noAnswer       | no connection to the host                                                      |
 * | silent         | the login has not ended in `seconds`, and nobody can be asked                   |
 * | noSession      | the host allows no further session in the login that is open                    |
 * | noScript       | the client ended and gave no sign of our script on the host                     |
 * | refused        | the host, or a look at its keys, does not let us in                             |
 * | untrusted      | the host's certificate is none that we take                                     |
 * | noCertificate  | a certificate of ours, the file `said`, cannot be read                          |
 * | noLibvirt      | let in, but there is no socket of a libvirt daemon                              |
 * | noRelay        | there is one, but neither libvirt's helper nor an `nc` with `-U` to reach it    |
 * | denied         | there is one that this user may not open; `group` may                           |
 * | noMechanism    | its daemon offers only the logins `said`, none of which we have                 |
 * | noCredentials  | it wants a user name and a password, and nobody told them; the file `said` could |
 * | badCredentials | it does not take them                                                         |
 * | notProven      | it does not prove that it knows the password                                    |
 */
export interface LoginProblem {
  readonly why:
    | 'noProgram'
    | 'noAnswer'
    | 'silent'
    | 'noSession'
    | 'noScript'
    | 'refused'
    | 'untrusted'
    | 'noCertificate'
    | 'noLibvirt'
    | 'noRelay'
    | 'denied'
    | 'noMechanism'
    | 'noCredentials'
    | 'badCredentials'
    | 'notProven';
  readonly host: string;
  /** In the words of the program, untrusted. */
  readonly said?: string;
  readonly group?: string;
  readonly program?: string;
  readonly seconds?: number;
  /** Absent: ssh. */
  readonly by?: 'tls';
}

/** A host over the network let nobody in, or gave no way to its daemon. */
export class HostUnreachable extends Error {
  override readonly name = 'HostUnreachable';
  constructor(
    readonly reason: LoginProblem['why'],
    readonly host: string,
    readonly more: Omit<LoginProblem, 'why' | 'host'> = {},
    options?: ErrorOptions,
  ) {
    super(`${host}: ${reason}${more.said === undefined ? '' : `: ${more.said}`}`, options);
  }
}

/** How somebody logs in. */
export interface LoginOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  readonly answers: LoginAnswers;
  readonly onLogin: (stage: LoginStage) => void;
}
