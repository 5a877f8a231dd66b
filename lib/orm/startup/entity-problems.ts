import type { EntityMetadata } from 'typeorm';

/** Problem of one entity. The text begins with the name of the entity, or of the parent whose table it shares. */
export interface EntityProblem {
  readonly metadata: EntityMetadata;
  readonly text: string;
}

/** Maximum number of entities that a problem of their base class names. */
const NAMED = 5;

/**
 * Returns the problems as texts. A problem that several entities inherit from one base class is reported once, with the
 * number of entities.
 */
export function problemTexts(problems: readonly EntityProblem[]): string[] {
  const groups = new Map<string, EntityProblem[]>();
  for (const problem of problems) {
    const { metadata, text } = problem;
    const base = baseOf(metadata);
    const isOwn = text.startsWith(metadata.name) && base !== undefined;
    const key = isOwn ? JSON.stringify([base.name, text.slice(metadata.name.length)]) : text;
    groups.set(key, [...(groups.get(key) ?? []), problem]);
  }
  return [...groups.values()].map(textOf);
}

function textOf(group: readonly EntityProblem[]): string {
  const [{ metadata, text }] = group;
  const names = [...new Set(group.map((problem) => problem.metadata.name))];
  const base = baseOf(metadata);
  // A problem of a table is found for its child entities as well, with the name of their parent.
  if (names.length === 1 || base === undefined || !text.startsWith(metadata.name)) return text;
  const shown = names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ', …' : '');
  return `${base.name}${text.slice(metadata.name.length)} It is the base class of ${names.length} entities with this problem: ${shown}.`;
}

/** Returns the topmost class that an entity extends; undefined if it extends no class. */
function baseOf({ target }: EntityMetadata): Function | undefined {
  let base: Function | undefined;
  // The target of an entity without a class is its name, a string.
  let type: unknown = Object.getPrototypeOf(target);
  for (; typeof type === 'function' && type !== Function.prototype; type = Object.getPrototypeOf(type)) base = type;
  return base;
}
