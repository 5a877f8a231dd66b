import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { User } from './user.entity.js';
import { UserResponse } from './user.response.js';

/** The people of the caller's organization, to read only. */
@Controller('users')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(User, {
  only: ['findAll', 'findOne'],
  dto: { response: UserResponse },
  search: ['name', 'email'],
  sort: ['name', 'email'],
})
export class UsersController extends CrudController<User> {}
