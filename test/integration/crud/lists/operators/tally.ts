/** How often something has been proven, by what and where; ends a run as a table. */
export class Tally {
  private readonly counts = new Map<string, Map<string, number>>();

  add(row: string, column: string): void {
    const cells = this.counts.get(row) ?? new Map<string, number>();
    this.counts.set(row, cells.set(column, this.of(row, column) + 1));
  }

  of(row: string, column: string): number {
    return this.counts.get(row)?.get(column) ?? 0;
  }

  /** @returns a line for each row; an empty cell where nothing can be proven */
  table(title: string, columns: readonly string[]): string {
    const names = [...this.counts.keys()];
    const first = Math.max(title.length, ...names.map(({ length }) => length));
    const widths = columns.map((column) => Math.max(column.length, 4));
    const line = (name: string, cells: readonly string[]): string =>
      `${name.padEnd(first)}  ${cells.map((cell, i) => cell.padStart(widths[i])).join('  ')}`.trimEnd();
    const rows = names.map((name) =>
      line(
        name,
        columns.map((column) => String(this.counts.get(name)!.get(column) ?? '')),
      ),
    );
    return [line(title, columns), ...rows].join('\n');
  }
}
