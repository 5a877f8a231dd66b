import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The folder lies beside `src` and `dist`, so that the path is the same from both. */
const FOLDER = new URL('../../web/', import.meta.url);

const CONTENT_TYPES = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

/** The modules of `nestjs-muck/client`, which import only each other: a browser loads them as they are. */
const CLIENT_FOLDER = new URL('./', import.meta.resolve('nestjs-muck/client'));

/**
 * What the page consists of: scripts, styles and pictures, by their paths below `/assets`. A path that is not among them does not exist,
 * so that none leads out of the two folders.
 */
const ASSETS: ReadonlyMap<string, URL> = new Map([
  ...filesIn(FOLDER, /\.(?:css|js|svg)$/).map((path) => [path, new URL(path, FOLDER)] as const),
  ...filesIn(CLIENT_FOLDER, /\.js$/).map((path) => [`client/${path}`, new URL(path, CLIENT_FOLDER)] as const),
]);

function filesIn(folder: URL, names: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => names.test(path))
    .sort();
}

export interface WebFile {
  readonly content: Buffer;
  readonly contentType: string;
}

/** @returns undefined for a path that is none of the page's assets */
export async function readAsset(path: string): Promise<WebFile | undefined> {
  const file = ASSETS.get(path);
  return file && readWebFile(file);
}

/** The application. */
export async function readPage(): Promise<string> {
  return readHtml('index.html');
}

/** The page of commands, with the server's address filled in. */
export async function readTerminalPage(origin: string): Promise<string> {
  return (await readHtml('terminal.html')).replaceAll('{{origin}}', origin);
}

/** Names all styles and scripts: the browser asks for them at once, and not for one after the other as they import each other. */
async function readHtml(name: string): Promise<string> {
  const { content } = await readWebFile(new URL(name, FOLDER));
  return content
    .toString('utf8')
    .replace('<!-- {{styles}} -->', linksTo('css', 'stylesheet'))
    .replace('<!-- {{modules}} -->', linksTo('js', 'modulepreload'));
}

function linksTo(ending: string, relation: string): string {
  return [...ASSETS.keys()]
    .filter((path) => path.endsWith(`.${ending}`))
    .map((path) => `<link rel="${relation}" href="/assets/${path}" />`)
    .join('\n    ');
}

async function readWebFile(file: URL): Promise<WebFile> {
  const ending = file.pathname.split('.').at(-1) as keyof typeof CONTENT_TYPES;
  return { content: await readFile(file), contentType: CONTENT_TYPES[ending] };
}
