import { readFile } from 'node:fs/promises';

/** The folder lies beside `src` and `dist`, so that the path is the same from both. */
const FOLDER = new URL('../../web/', import.meta.url);

const CONTENT_TYPES = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

/** What the page is made of. A name that is not in the list does not exist, whatever is in the folder. */
const ASSETS: readonly string[] = [
  'api.js',
  'app.js',
  'comment-thread.js',
  'dom.js',
  'form.js',
  'icon.svg',
  'list-query.js',
  'list-view.js',
  'marks.js',
  'messages.js',
  'resolution-panel.js',
  'session.js',
  'sign-in-view.js',
  'style.css',
  'ticket-filters.js',
  'ticket-form.js',
  'ticket-table.js',
  'ticket-view.js',
];

/** The modules of `nestjs-muck/client`, which import only each other: a browser loads them as they are. */
const CLIENT_FOLDER = new URL('./', import.meta.resolve('nestjs-muck/client'));
const CLIENT_MODULE = /^[a-z]+(-[a-z]+)*\.js$/;

export interface WebFile {
  readonly content: Buffer;
  readonly contentType: string;
}

/** @returns undefined for a name that is none of the page's assets */
export async function readAsset(name: string): Promise<WebFile | undefined> {
  return ASSETS.includes(name) ? readWebFile(name) : undefined;
}

/** @returns undefined for a name that is none of the client's modules */
export async function readClientModule(name: string): Promise<WebFile | undefined> {
  if (!CLIENT_MODULE.test(name)) return undefined;
  const content = await readFile(new URL(name, CLIENT_FOLDER)).catch(() => undefined);
  return content && { content, contentType: CONTENT_TYPES.js };
}

/** The application. */
export async function readPage(): Promise<string> {
  const { content } = await readWebFile('index.html');
  return content.toString('utf8');
}

/** The page of commands, with the server's address filled in. */
export async function readTerminalPage(origin: string): Promise<string> {
  const { content } = await readWebFile('terminal.html');
  return content.toString('utf8').replaceAll('{{origin}}', origin);
}

async function readWebFile(name: string): Promise<WebFile> {
  const ending = name.split('.').at(-1) as keyof typeof CONTENT_TYPES;
  return { content: await readFile(new URL(name, FOLDER)), contentType: CONTENT_TYPES[ending] };
}
