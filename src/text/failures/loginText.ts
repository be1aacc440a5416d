// What is said where there is no way over the network to a daemon on another host. A part of failureText.
import { t } from '@vscode/l10n';
import type { LoginProblem } from '../../hosts/login.js';
import { displayLine } from '../../domain/plainText.js';

/** A changed host key takes ssh ten lines. */
const longestQuote = 700;

export function loginText({ why, host: name, said = '', group = '', program = '', seconds = 0, by }: LoginProblem): {
  readonly sentence: string;
  readonly nextStep: string;
} {
  const host = displayLine(name);
  // ssh frames its warnings with lines of them.
  const words = displayLine(said.replaceAll(/@{3,}|@(?= )|(?<= )@/gu, ''), longestQuote);

  const addQuote = (sentence: string): string =>
    words === '' ? sentence : by === 'tls' ? `${sentence} (${words})` : `${sentence} ${t('ssh says: “{0}”', words)}`;
  switch (why) {
    case 'noProgram':
      return {
        sentence: t('The program “{0}” cannot be started.', displayLine(program)),
        nextStep: t('Install an OpenSSH client, then connect again.'),
      };
    case 'noAnswer':
      return {
        sentence: addQuote(t('No connection to the host {0}.', host)),
        nextStep:
          by === 'tls'
            ? t('Check its name and the network, and that libvirt listens there for TLS, then connect again.')
            : t('Try “{0}” in a terminal until it works, then connect again.', `ssh ${host}`),
      };
    case 'silent':
      return {
        sentence: t('The login at the host {0} did not finish within {1} seconds.', host, seconds),
        nextStep: t('Try “{0}” in a terminal until it works, then connect again.', `ssh ${host}`),
      };
    case 'noSession':
      return {
        sentence: t('The host {0} allows no further session in the open login.', host),
        nextStep: t(
          'Raise {0} in its {1}, or close another program that uses this login, then try again.',
          'MaxSessions',
          'sshd_config',
        ),
      };
    case 'noScript':
      return {
        sentence: addQuote(t('The login at the host {0} led to no shell.', host)),
        nextStep: t('Try “{0}” in a terminal until it works, then connect again.', `ssh ${host} echo ok`),
      };
    case 'refused':
      if (by === 'tls') {
        return {
          sentence: t('The host {0} does not accept the certificate of this computer.', host),
          nextStep: t(
            'Get a certificate that the host accepts, or have this one allowed there ({0}), then connect again.',
            'tls_allowed_dn_list',
          ),
        };
      }
      return {
        sentence: addQuote(t('The login at the host {0} failed.', host)),
        nextStep: t('Try “{0}” in a terminal until it works, then connect again.', `ssh ${host}`),
      };
    case 'untrusted':
      return {
        sentence: addQuote(t('The certificate of the host {0} is not trusted.', host)),
        nextStep: t(
          'Have the host’s certificate renewed, or install the certificate of its authority here, then connect again.',
        ),
      };
    case 'noCertificate':
      return {
        sentence: t('“{0}” is missing or cannot be read, so there is no connection to the host {1}.', words, host),
        nextStep: t('Install libvirt’s client certificates there, or name their folder with {0}.', 'pkipath'),
      };
    case 'noLibvirt':
      return {
        sentence: addQuote(t('No libvirt daemon answers on the host {0}.', host)),
        nextStep: t('Install libvirt there or start its service (libvirtd or virtqemud), then connect again.'),
      };
    case 'noRelay':
      return {
        sentence: t(
          'The host {0} has neither {1} nor {2} to reach the libvirt daemon.',
          host,
          'virt-ssh-helper',
          'nc -U',
        ),
        nextStep: t('Install {0} or {1} there, then connect again.', 'libvirt-daemon', 'netcat-openbsd'),
      };
    case 'denied':
      return {
        sentence: t('Your user on the host {0} may not use libvirt.', host),
        nextStep: t(
          'The socket belongs to the group {0}. Join it there (sudo usermod -aG {0} $USER), wait a minute, then connect.',
          displayLine(group),
        ),
      };
    case 'noMechanism':
      return {
        sentence: t('The libvirt of {0} offers only logins that are not supported here: {1}', host, words),
        nextStep: t(
          'Allow {0} there ({1} in {2}), or connect by ssh.',
          'SCRAM-SHA-256',
          'mech_list',
          '/etc/sasl2/libvirt.conf',
        ),
      };
    case 'noCredentials':
      return {
        sentence: t('The libvirt of {0} asks for a user name and a password.', host),
        nextStep: t('Connect in the editor, or write the login into {0}.', words),
      };
    case 'badCredentials':
      return {
        sentence: t('The libvirt of {0} does not accept the user name or the password.', host),
        nextStep: t('Correct the login, then connect again.'),
      };
    case 'notProven':
      return {
        sentence: t('The host {0} asked for a password that it does not know. It may be another host.', host),
        nextStep: t('Check the host and the network before you enter the password again.'),
      };
  }
}
