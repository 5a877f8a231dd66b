import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiSecurity, ApiServiceUnavailableResponse } from '@nestjs/swagger';
import { DataSource } from 'typeorm';

/** For a load balancer: are this process and its database available? */
@Controller('health')
export class HealthController {
  constructor(private readonly dataSource: DataSource) {}

  @Get()
  @ApiOperation({ summary: 'Whether the application and its database are available' })
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
