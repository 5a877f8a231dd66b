import { DataSource } from 'typeorm';
import { Project, Task } from './app.module.js';

// `synchronize` must have no effect when a command reads the declarations.
export default new DataSource({
  type: 'postgres',
  url: process.env['DATABASE_URL'],
  entities: [Project, Task],
  synchronize: true,
});
