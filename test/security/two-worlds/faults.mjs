// @ts-check

/** @typedef {{ name: string, changes: import('./loader.mjs').Change[] }} Fault */

/** @type {readonly Fault[]} */
export const FAULTS = [];
