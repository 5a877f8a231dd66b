import 'reflect-metadata';
import type { Type } from '@nestjs/common';

type AnyDecorator = PropertyDecorator | ((target: object, property: string) => void);

/**
 * Makes a class as a compiler to ES2023 would emit it: every declared property exists as `undefined` on a new instance, and decorators find the
 * types of properties in `design:type`.
 *
 * @example
 * const user = new ClassMaker('User').field('id', String, PrimaryGeneratedColumn('uuid')).decorate(Entity());
 */
export class ClassMaker {
  readonly type: Type<object>;
  private readonly fields: string[] = [];

  /** @param parent the class that it extends */
  constructor(name: string, parent?: ClassMaker) {
    const { fields } = this;
    const declare = (instance: object): void => {
      for (const field of fields) {
        Object.defineProperty(instance, field, {
          value: undefined,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    };
    if (parent === undefined) {
      this.type = class {
        constructor() {
          declare(this);
        }
      };
    } else {
      this.type = class extends parent.type {
        constructor() {
          super();
          declare(this);
        }
      };
    }
    Object.defineProperty(this.type, 'name', { value: name });
  }

  get name(): string {
    return this.type.name;
  }

  /**
   * Declares a property.
   *
   * @param designType what `emitDecoratorMetadata` writes: a class, or Object for a union such as `string | null`
   */
  field(property: string, designType: unknown, ...decorators: readonly AnyDecorator[]): this {
    const prototype = this.type.prototype as object;
    this.fields.push(property);
    Reflect.defineMetadata('design:type', designType, prototype, property);
    for (const decorate of [...decorators].reverse()) decorate(prototype, property);
    return this;
  }

  /** Declares a getter, or a method when `value` is one. */
  member(name: string, descriptor: PropertyDescriptor, ...decorators: readonly AnyDecorator[]): this {
    const prototype = this.type.prototype as object;
    Object.defineProperty(prototype, name, { configurable: true, ...descriptor });
    for (const decorate of [...decorators].reverse()) decorate(prototype, name);
    return this;
  }

  /** Puts decorators on the class, after those of its properties. */
  decorate(...decorators: readonly ClassDecorator[]): this {
    for (const decorate of [...decorators].reverse()) decorate(this.type);
    return this;
  }
}
