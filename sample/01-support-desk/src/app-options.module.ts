import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_OPTIONS, type AppOptions } from './app-options.js';

/** Gives every module the options that the application was started with. */
@Global()
@Module({})
export class AppOptionsModule {
  static of(options: AppOptions): DynamicModule {
    return {
      module: AppOptionsModule,
      providers: [{ provide: APP_OPTIONS, useValue: options }],
      exports: [APP_OPTIONS],
    };
  }
}
