import { Controller, Get, Header, Headers, NotFoundException, Param, StreamableFile } from '@nestjs/common';
import { readAsset, readPage } from './web-files.js';

/** A host with an optional port. Whatever else a client sends as its Host must not get into lines that people paste into a shell. */
const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/i;

/** The page at `/`: what this is and what to try. */
@Controller()
export class WebController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
  @Header('X-Content-Type-Options', 'nosniff')
  @Header('Cache-Control', 'no-cache')
  page(@Headers('host') host = ''): Promise<string> {
    return readPage(`http://${HOST.test(host) ? host : 'localhost'}`);
  }

  @Get('assets/:name')
  @Header('X-Content-Type-Options', 'nosniff')
  @Header('Cache-Control', 'no-cache')
  async asset(@Param('name') name: string): Promise<StreamableFile> {
    const file = await readAsset(name);
    if (file === undefined) throw new NotFoundException();
    return new StreamableFile(file.content, { type: file.contentType });
  }
}
