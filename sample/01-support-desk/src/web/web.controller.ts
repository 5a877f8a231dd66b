import {
  applyDecorators,
  Controller,
  Get,
  Header,
  Headers,
  NotFoundException,
  Param,
  StreamableFile,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { readAsset, readPage, readTerminalPage } from './web-files.js';

/** A host with an optional port. Whatever else a client sends as its Host must not get into lines that people paste into a shell. */
const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/i;

/** A page of this server, with nothing in it from elsewhere. */
const Page = (path: string): MethodDecorator =>
  applyDecorators(
    Get(path),
    Header('Content-Type', 'text/html; charset=utf-8'),
    Header(
      'Content-Security-Policy',
      "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
    ),
    Header('X-Content-Type-Options', 'nosniff'),
    Header('Referrer-Policy', 'no-referrer'),
    Header('Cache-Control', 'no-cache'),
  );

/** The application's pages: the desk itself at `/`, and what to try without it at `/terminal`. */
@Controller()
@ApiExcludeController()
export class WebController {
  @Page('/')
  page(): Promise<string> {
    return readPage();
  }

  @Page('terminal')
  terminal(@Headers('host') host = ''): Promise<string> {
    return readTerminalPage(`http://${HOST.test(host) ? host : 'localhost'}`);
  }

  @Get(['assets/:name', 'assets/:folder/:name'])
  @Header('X-Content-Type-Options', 'nosniff')
  @Header('Cache-Control', 'no-cache')
  async asset(@Param('name') name: string, @Param('folder') folder?: string): Promise<StreamableFile> {
    const file = await readAsset(folder === undefined ? name : `${folder}/${name}`);
    if (file === undefined) throw new NotFoundException();
    return new StreamableFile(file.content, { type: file.contentType });
  }
}
