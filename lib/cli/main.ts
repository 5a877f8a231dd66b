#!/usr/bin/env node
import 'reflect-metadata';
import { hookDataSourceInitialize } from '../orm/instrument-data-source.js';
import { auditCommand } from './audit/audit.command.js';
import type { Command } from './command.js';
import { rlsCheck } from './commands/rls-check.command.js';
import { rlsGenerate } from './commands/rls-generate.command.js';
import { runCli } from './run-cli.js';

/** The commands of `npx nestjs-muck`, in the order of its overview. */
const COMMANDS: readonly Command[] = [auditCommand, rlsGenerate, rlsCheck];

hookDataSourceInitialize();
const output = { log: (line: string) => console.log(line), error: (line: string) => console.error(line) };
process.exitCode = await runCli(process.argv.slice(2), COMMANDS, output);
