// @ts-check

/**
 * @typedef {{ median: number, low: number, high: number }} Summary
 * @typedef {import('../rounds.mjs').Turn} Turn
 */

/** The median, and its 95 % interval by rank: with few values all of them. @param {readonly number[]} values @returns {Summary} */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const margin = Math.ceil((1.96 * Math.sqrt(sorted.length)) / 2);
  return {
    median: (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2,
    low: sorted[Math.max(0, Math.floor(middle) - margin)],
    high: sorted[Math.min(sorted.length - 1, Math.ceil(middle) + margin)],
  };
}

/**
 * Compares two contestants by the rounds that both took part in.
 *
 * @param {readonly Turn[]} turns
 * @param {readonly Turn[]} base
 * @returns {Summary | undefined} how many times as many requests per second
 */
export function ratio(turns, base) {
  const rates = new Map(base.map(({ round, rate }) => [round, rate]));
  const ratios = turns.flatMap(({ round, rate }) => {
    const other = rates.get(round);
    return other === undefined ? [] : [rate / other];
  });
  return ratios.length === 0 ? undefined : summary(ratios);
}

/** Milliseconds of CPU per request, of Node and of PostgreSQL. @param {readonly Turn[]} turns */
export function cpu(turns) {
  const postgres = turns.flatMap((turn) => turn.postgres ?? []);
  return {
    node: summary(turns.map(({ node }) => node)).median * 1000,
    postgres: postgres.length === 0 ? undefined : summary(postgres).median * 1000,
  };
}
