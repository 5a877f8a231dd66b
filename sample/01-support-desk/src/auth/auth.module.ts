import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Account } from '../accounts/account.entity.js';
import { APP_OPTIONS, type AppOptions } from '../app-options.js';
import { User } from '../users/user.entity.js';
import { AuthController } from './auth.controller.js';
import { SessionService } from './session.service.js';

/** Signing in, and what a module needs that imports it to put `AuthGuard` on its controllers. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Account, User]),
    JwtModule.registerAsync({
      inject: [APP_OPTIONS],
      useFactory: ({ jwtSecret }: AppOptions) => ({
        secret: jwtSecret,
        signOptions: { algorithm: 'HS256', expiresIn: '8h' },
        verifyOptions: { algorithms: ['HS256'] },
      }),
    }),
  ],
  controllers: [AuthController],
  providers: [SessionService],
  exports: [SessionService],
})
export class AuthModule {}
