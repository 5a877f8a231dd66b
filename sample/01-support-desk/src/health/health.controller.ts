import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiSecurity, ApiServiceUnavailableResponse } from '@nestjs/swagger';
import { DataSource } from 'typeorm';

/** For a load balancer: are this process and its database available? */
@Controller('health')
export class HealthController {
  constructor(private readonly dataSource: DataSource) {}

  @Get()
  @ApiSecurity({})
  @ApiOkResponse({
    description: 'Both are available.',
    schema: { type: 'object', properties: { status: { type: 'string', enum: ['ok'] } }, required: ['status'] },
  })
  @ApiServiceUnavailableResponse({ description: 'The database is not available.' })
  async check(): Promise<{ status: 'ok' }> {
    try {
      await this.dataSource.query('SELECT 1');
    } catch {
      throw new ServiceUnavailableException('The database is not available.');
    }
    return { status: 'ok' };
  }
}
