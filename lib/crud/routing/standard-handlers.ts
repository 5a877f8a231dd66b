const standard = new WeakSet<Function>();

/** Notes that a handler does what the base controller does. */
export function noteStandard(handler: Function): void {
  standard.add(handler);
}

/** Whether a handler does what the base controller does, and nothing that an application has written. */
export function isStandard(handler: Function): boolean {
  return standard.has(handler);
}
