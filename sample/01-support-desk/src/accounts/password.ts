import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const HASH_BYTES = 32;
const SALT_BYTES = 16;

/**
 * Hashes a password for storage.
 *
 * @param salt random unless given; the demo data gives one, so that it comes out the same every time
 * @returns `scrypt:<salt>:<hash>`, both base64
 */
export async function hashPassword(password: string, salt: Buffer = randomBytes(SALT_BYTES)): Promise<string> {
  const hash = await derive(password, salt, HASH_BYTES);
  return `scrypt:${salt.toString('base64')}:${hash.toString('base64')}`;
}

/** Whether `password` is the one that `stored` was made from. Takes the same time for every wrong one. */
export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [, salt = '', hash = ''] = stored.split(':');
  const expected = Buffer.from(hash, 'base64');
  const actual = await derive(password, Buffer.from(salt, 'base64'), HASH_BYTES);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
