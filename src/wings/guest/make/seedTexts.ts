// What cloud-init reads of a new VM's seed. JSON, which is YAML too: nothing in a value is read for more. Pure.
import { networkByMac } from '../../../domain/cloudSeed.js';
import type { KeyPair } from '../../../base/hostKey.js';

interface SeedWish {
  readonly user: string;
  /** The public key of the user who may log in. */
  readonly publicKey: string;
  readonly hostKey: KeyPair;
  readonly packages: readonly string[];
  /** Absent: what the distribution gives users. */
  readonly shell?: string;
  /** Absent: no network. */
  readonly mac?: string;
}

interface SeedTexts {
  readonly userData: string;
  readonly networkConfig?: string;
}

export function seedTexts({ user, publicKey, hostKey, packages, shell, mac }: SeedWish): SeedTexts {
  const userData = {
    users: [
      {
        name: user,
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        lock_passwd: true,
        ...(shell !== undefined && { shell }),
        ssh_authorized_keys: [publicKey],
      },
    ],
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    ...(packages.length > 0 && { package_update: true, packages }),
  };
  return {
    userData: `#cloud-config\n${JSON.stringify(userData, undefined, 1)}\n`,
    ...(mac !== undefined && { networkConfig: networkByMac(mac) }),
  };
}
