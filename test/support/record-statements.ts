import { afterAll } from '@jest/globals';
import { recordStatements, writeStatements } from './statement-recorder.js';

// Loaded before each test file if TEST_STATEMENTS names a folder.
recordStatements();
afterAll(() => writeStatements(process.env['TEST_STATEMENTS']!));
