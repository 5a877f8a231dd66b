#!/usr/bin/env node
import 'reflect-metadata';
import { hookDataSourceInitialize } from '../orm/instrument-data-source.js';
import type { Command } from './command.js';
import { runCli } from './run-cli.js';

/** The commands of `npx nestjs-muck`, in the order of its overview. */
const COMMANDS: readonly Command[] = [];

hookDataSourceInitialize();
const output = { log: (line: string) => console.log(line), error: (line: string) => console.error(line) };
process.exitCode = await runCli(process.argv.slice(2), COMMANDS, output);
