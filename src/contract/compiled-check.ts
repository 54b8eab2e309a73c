import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, ValidationTypes, type ValidationArguments } from 'class-validator';

/** Whether a plain value satisfies a DTO class; class-validator explains why not. */
export type Check = (value: object) => boolean;

type Class = abstract new (...args: never[]) => object;
type Values = Record<string, unknown>;

interface Rule {
  validate(value: unknown, args: ValidationArguments): boolean | Promise<boolean>;
  args: ValidationArguments;
}

interface Field {
  name: string;
  optional: boolean;
  rules: Rule[];
  nested: Check | undefined;
}

const NO_OBJECT = {};

/**
 * Turns the class-validator decorators of a DTO class into one function, once, at start.
 *
 * class-validator walks its metadata for each object and collects messages, which costs more than the rest of the request;
 * most bodies are valid and need only a yes. The rules that run are class-validator's own, so they mean the same; a
 * property test holds that both agree on whole bodies.
 *
 * @throws {Error} at start, when a decorator is used that this compiler does not know (`each`, groups, conditions).
 */
export function compileCheck(dto: Class): Check {
  const fields = fieldsOf(dto);
  return (value) => {
    for (const field of fields) {
      if (!isGood(field, value as Values)) return false;
    }
    return true;
  };
}

function isGood({ name, optional, rules, nested }: Field, object: Values): boolean {
  const value = object[name];
  if (optional && (value === null || value === undefined)) return true;
  for (const rule of rules) {
    rule.args.value = value;
    rule.args.object = object;
    const isSatisfied = rule.validate(value, rule.args);
    // Rules live for ever: they must not keep a body alive.
    rule.args.value = undefined;
    rule.args.object = NO_OBJECT;
    if (isSatisfied !== true) return false;
  }
  return nested === undefined || nested(value as object);
}

function fieldsOf(dto: Class): Field[] {
  const fields = new Map<string, Field>();
  for (const metadata of getMetadataStorage().getTargetValidationMetadatas(dto, dto.name, true, false)) {
    const name = metadata.propertyName;
    const field = fields.get(name) ?? { name, optional: false, rules: [], nested: undefined };
    fields.set(name, field);

    const isPlainRule = !metadata.each && ((metadata.groups as string[] | undefined) ?? []).length === 0;
    if (metadata.type === ValidationTypes.CUSTOM_VALIDATION && isPlainRule) {
      const [constraint] = getMetadataStorage().getTargetValidatorConstraints(metadata.constraintCls);
      if (!constraint) throw new Error(`${dto.name}.${name}: the rule has no validator`);
      const args = { value: undefined, object: {}, property: name, targetName: dto.name };
      field.rules.push({
        validate: constraint.instance.validate.bind(constraint.instance),
        args: { ...args, constraints: metadata.constraints as unknown[] },
      });
    } else if (metadata.type === ValidationTypes.CONDITIONAL_VALIDATION && metadata.name === 'isOptional') {
      field.optional = true;
    } else if (metadata.type === ValidationTypes.NESTED_VALIDATION && isPlainRule) {
      field.nested = compileCheck(nestedClass(dto, name));
    } else {
      throw new Error(`${dto.name}.${name}: the compiled check does not know ${metadata.name ?? metadata.type}`);
    }
  }
  return [...fields.values()];
}

/** The class that `@Type(() => Class)` names: what class-transformer makes of a plain object there. */
function nestedClass(dto: Class, name: string): Class {
  const parent = plainToInstance(dto as new () => Values, { [name]: {} });
  const type = (parent[name] as object).constructor as Class;
  if ((type as unknown) === Object) throw new Error(`${dto.name}.${name}: @ValidateNested needs @Type`);
  return type;
}
