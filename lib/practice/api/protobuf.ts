/**
 * Reads the protobuf bodies of kubectl's typed clients (`auth can-i`, `drain`, `create namespace` …): an envelope with the kind, then
 * the object (apimachinery pkg/runtime/serializer/protobuf). Answers are always JSON, which those clients accept as well.
 */
import { failure, StoreError } from "../status.ts";
import { type FieldType, messageTypes } from "./protobuf-types.ts";

export const protobufMediaType = "application/vnd.kubernetes.protobuf";

const magic = Buffer.from("k8s\0");

/** The object as JSON. Throws 400 for what is no such body, 415 for kinds and fields whose numbers are not known here. */
export function decodeProtobuf(body: Buffer): Record<string, unknown> {
  if (!body.subarray(0, 4).equals(magic)) throw broken("provided data does not appear to be a protobuf message");
  let kind = "";
  let apiVersion = "";
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, value } of fieldsIn(body.subarray(4))) {
    if (!Buffer.isBuffer(value)) continue;
    if (number === 2) raw = value;
    if (number !== 1) continue;
    for (const part of fieldsIn(value)) {
      if (part.number === 1) apiVersion = String(part.value);
      if (part.number === 2) kind = String(part.value);
    }
  }
  return { kind, apiVersion, ...decodeMessage(raw, kind) };
}

function decodeMessage(bytes: Buffer, typeName: string): Record<string, unknown> {
  const type = messageTypes[typeName];
  if (type === undefined) throw unknownType(typeName);
  const message: Record<string, unknown> = {};
  for (const { number, value } of fieldsIn(bytes)) {
    const [name, fieldType] = type[number] ?? [];
    if (name === undefined || fieldType === undefined) throw unknownType(`${typeName} field ${number}`);
    if (fieldType === "ignored") continue;
    if (fieldType.endsWith("[]")) {
      const list = (message[name] ?? []) as unknown[];
      message[name] = [...list, decodeValue(value, fieldType.slice(0, -2))];
    } else if (fieldType.endsWith("{}")) {
      const [key, item] = decodeEntry(value, fieldType.slice(0, -2));
      message[name] = { ...(message[name] as object | undefined), [key]: item };
    } else {
      const decoded = decodeValue(value, fieldType);
      if (!isUnset(decoded, fieldType)) message[name] = decoded;
    }
  }
  return message;
}

/** Go writes the empty strings and times of fields that JSON leaves out. */
function isUnset(value: unknown, type: FieldType): boolean {
  return (type === "string" && value === "") || (type === "time" && value === null);
}

function decodeValue(value: Buffer | number, type: FieldType): unknown {
  if (type === "int") return Number(value);
  if (type === "bool") return value !== 0;
  if (!Buffer.isBuffer(value)) throw broken(`unexpected wire type for ${type}`);
  if (type === "string") return value.toString();
  if (type === "bytes") return value.toString("base64");
  if (type === "time") return decodeTime(value);
  return type === "intOrString" ? decodeIntOrString(value) : decodeMessage(value, type);
}

function decodeEntry(value: Buffer | number, type: FieldType): [string, unknown] {
  let key = "";
  let item: unknown = type === "bytes" || type === "string" ? "" : undefined;
  for (const part of Buffer.isBuffer(value) ? fieldsIn(value) : []) {
    if (part.number === 1) key = String(part.value);
    else item = decodeValue(part.value, type);
  }
  return [key, item];
}

function decodeTime(value: Buffer): string | null {
  for (const part of fieldsIn(value)) {
    if (part.number === 1) return `${new Date(Number(part.value) * 1000).toISOString().slice(0, 19)}Z`;
  }
  return null;
}

function decodeIntOrString(value: Buffer): number | string {
  const parts = new Map([...fieldsIn(value)].map(({ number, value: part }) => [number, part]));
  return parts.get(1) === 1 ? String(parts.get(3) ?? "") : Number(parts.get(2) ?? 0);
}

interface WireField {
  readonly number: number;
  readonly value: Buffer | number;
}

/** The fields of a message in wire order: varints as numbers, everything with a length as bytes. */
function* fieldsIn(bytes: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw broken("unexpected end of protobuf data");
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, result));
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) yield { number: tag >>> 3, value: varint() };
    else if (wireType === 2) {
      const length = varint();
      yield { number: tag >>> 3, value: bytes.subarray(at, at + length) };
      at += length;
    } else throw broken(`unexpected protobuf wire type ${wireType}`);
  }
}

function broken(message: string): StoreError {
  return new StoreError(failure(400, message, "BadRequest"));
}

function unknownType(what: string): StoreError {
  const message = `the practice server cannot read ${what} as protobuf: send JSON`;
  return new StoreError(failure(415, message, "UnsupportedMediaType"));
}
