// @ts-check
import { fileURLToPath } from 'node:url';
import { ask, startProcess } from '../processes.mjs';

/** @typedef {{ seconds: number, failed: number, cpu: number }} Load */

/** Starts the process that sends requests. @returns {(url: string, requests: import('../requests/kinds.mjs').Request[]) => Promise<Load>} */
export function startLoadGenerator() {
  const child = startProcess(fileURLToPath(new URL('load.mjs', import.meta.url)));
  return (url, requests) => ask(child, { url, requests });
}
