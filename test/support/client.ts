import request from 'supertest';
import type { Response } from 'supertest';
import type { Desk } from './crud-desk.js';

/** Requests in the name of a user: `1` is one of organization 1, `1/7` is user 7 of it. */
export interface Client {
  get(path: string): Promise<Response>;
  delete(path: string): Promise<Response>;
  /** A string is sent as it is. */
  post(path: string, body: unknown): Promise<Response>;
  put(path: string, body: unknown): Promise<Response>;
  patch(path: string, body: unknown): Promise<Response>;
}

export function clientOf(desk: () => Pick<Desk, 'app'>, user: string): Client {
  const server = () => desk().app.getHttpServer();
  const send = async (method: 'post' | 'put' | 'patch', path: string, body: unknown) =>
    await request(server())
      [method](path)
      .set('x-user', user)
      .set('content-type', 'application/json')
      .send(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    get: async (path) => await request(server()).get(path).set('x-user', user),
    delete: async (path) => await request(server()).delete(path).set('x-user', user),
    post: (path, body) => send('post', path, body),
    put: (path, body) => send('put', path, body),
    patch: (path, body) => send('patch', path, body),
  };
}
