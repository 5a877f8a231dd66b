import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { OrganizationController } from './organization.controller.js';
import { Organization } from './organization.entity.js';

@Module({
  imports: [AuthModule, TypeOrmModule.forFeature([Organization])],
  controllers: [OrganizationController],
})
export class OrganizationsModule {}
