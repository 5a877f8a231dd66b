import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { NewsfeedController } from './newsfeed.controller.js';

@Module({ imports: [AuthModule], controllers: [NewsfeedController] })
export class NewsfeedModule {}
