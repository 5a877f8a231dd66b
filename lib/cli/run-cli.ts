import type { CliOutput, Command } from './command.js';
import { UsageError } from './command.js';

/** The exit code for wrong arguments. */
const WRONG_USAGE = 2;

/**
 * Finds the command that the arguments name, and runs it.
 *
 * @param args arguments of the process
 * @param commands all commands
 * @returns the exit code: 0, 1 if the command has found a problem or failed, 2 for wrong arguments
 */
export async function runCli(
  args: readonly string[],
  commands: readonly Command[],
  output: CliOutput,
): Promise<number> {
  const command = commands.find(({ name }) => name.split(' ').every((word, i) => args[i] === word));
  if (command === undefined) {
    const isHelp = args.length === 0 || args.includes('--help');
    for (const line of overview(commands)) output[isHelp ? 'log' : 'error'](line);
    return isHelp ? 0 : WRONG_USAGE;
  }
  const rest = args.slice(command.name.split(' ').length);
  if (rest.includes('--help')) {
    for (const line of usageOf(command)) output.log(line);
    return 0;
  }
  try {
    return await command.run(rest, output);
  } catch (error) {
    output.error((error as Error).message);
    if (!isWrongUsage(error)) return 1;
    for (const line of usageOf(command)) output.error(line);
    return WRONG_USAGE;
  }
}

function overview(commands: readonly Command[]): string[] {
  const width = Math.max(0, ...commands.map(({ name }) => name.length));
  return [
    'Usage: npx nestjs-muck <command> [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Options of a command: npx nestjs-muck <command> --help',
  ];
}

function usageOf({ name, summary, usage }: Command): string[] {
  return [`npx nestjs-muck ${name}: ${summary}`, '', ...usage.map((line) => `  ${line}`)];
}

/** Includes the errors of `util.parseArgs`. */
function isWrongUsage(error: unknown): boolean {
  return error instanceof UsageError || String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');
}
