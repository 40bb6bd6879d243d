/**
 * Python pickles, as far as arrays of bytes, lists and dictionaries need them: protocols 0 to 4 without code. Nothing is ever
 * called but what rebuilds NumPy arrays, so that an untrusted file can do no harm.
 */
import { DrmGuardError } from "../../errors.ts";

/** An array of NumPy. */
export interface PickledArray {
  readonly kind: "array";
  readonly dims: readonly number[];
  /** As NumPy writes it, such as `u1`. */
  readonly dtype: string;
  readonly isFortran: boolean;
  readonly bytes: Uint8Array;
}

/** What a pickle may hold here; byte strings of Python 2 and 3 are bytes, and so are texts that Python 2 wrote. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickledArray
  | Pickled[]
  | Map<string, Pickled>;

/** A function that the pickle names. */
interface Global {
  readonly kind: "global";
  readonly name: string;
}
/** An object before its state is set. */
interface Shell {
  kind: "shell" | "array";
}
type Value = Pickled | Global | Shell | Value[] | Map<string, Value>;

const mark = Symbol("mark");
const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder();

/** The text of what may be a text or a byte string. */
export function pickledText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? latin1.decode(value) : null;
}

/**
 * Reads a pickle. Large byte strings are views into `bytes`.
 *
 * Throws E_IMAGES when it is cut short or damaged, or needs something that is not known here.
 *
 * @param name what to call it in messages
 * @param bytes the whole file
 * @see https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
export function readPickle(name: string, bytes: Uint8Array): Pickled {
  try {
    return new Machine(bytes).run() as Pickled;
  } catch (cause) {
    const why = cause instanceof RangeError ? "it is cut short" : (cause as Error).message;
    throw new DrmGuardError("E_IMAGES", `${name} is no pickle that can be read: ${why}`, { cause });
  }
}

/** The machine that a pickle is a program of. */
class Machine {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private at = 0;
  private readonly stack: (Value | typeof mark)[] = [];
  private readonly memo = new Map<number, Value>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Value {
    for (;;) {
      const opcode = String.fromCharCode(this.byte());
      if (opcode === ".") return this.pop();
      const operation = operations.get(opcode);
      if (operation === undefined)
        throw new Error(`found opcode 0x${opcode.charCodeAt(0).toString(16)} at byte ${this.at - 1}`);
      operation(this);
    }
  }

  byte(): number {
    return this.view.getUint8(this.at++);
  }

  uint32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  float64(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8);
  }

  uint64(): number {
    this.at += 8;
    return Number(this.view.getBigUint64(this.at - 8, true));
  }

  take(length: number): Uint8Array {
    if (length < 0 || this.at + length > this.bytes.byteLength) throw new RangeError("cut short");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw new RangeError("cut short");
    const text = latin1.decode(this.take(end - this.at));
    this.at++;
    return text;
  }

  push(value: Value): void {
    this.stack.push(value);
  }

  mark(): void {
    this.stack.push(mark);
  }

  private pop(): Value {
    const value = this.stack.pop();
    if (value === undefined || value === mark) throw new Error("its stack is empty");
    return value;
  }

  private top(): Value {
    const value = this.pop();
    this.push(value);
    return value;
  }

  popToMark(): Value[] {
    const from = this.stack.lastIndexOf(mark);
    if (from < 0) throw new Error("it has no mark");
    return this.stack.splice(from).slice(1) as Value[];
  }

  several(count: number): Value[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** Keeps what is on top of the stack; the next key where none is given. */
  keep(key: number | null): void {
    const value = this.pop();
    this.memo.set(key ?? this.memo.size, value);
    this.push(value);
  }

  recall(key: number): void {
    const value = this.memo.get(key);
    if (value === undefined) throw new Error(`it recalls ${key}, which was never kept`);
    this.push(value);
  }

  append(values: Value[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new Error("it appends to something that is no list");
    for (const value of values) (list as Value[]).push(value);
  }

  setItems(values: Value[]): void {
    const map = this.top();
    if (!(map instanceof Map)) throw new Error("it sets items of something that is no dictionary");
    for (let i = 0; i + 1 < values.length; i += 2) {
      const key = values[i];
      const text = pickledText(key) ?? String(key);
      (map as Map<string, Value>).set(text, values[i + 1]!);
    }
  }
}

/** What each instruction does; protocol and frame lengths are passed over. */
const operations: ReadonlyMap<string, (machine: Machine) => void> = new Map<
  string,
  (machine: Machine) => void
>([
  ["\x80", (m) => m.take(1)],
  ["\x95", (m) => m.take(8)],
  ["(", (m) => m.mark()],
  ["N", (m) => m.push(null)],
  ["\x88", (m) => m.push(true)],
  ["\x89", (m) => m.push(false)],
  ["]", (m) => m.push([])],
  [")", (m) => m.push([])],
  ["}", (m) => m.push(new Map())],
  ["K", (m) => m.push(m.byte())],
  ["M", (m) => m.push(m.byte() + 256 * m.byte())],
  ["J", (m) => m.push(m.uint32() | 0)],
  ["G", (m) => m.push(m.float64())],
  ["\x8a", (m) => m.push(longOf(m.take(m.byte())))],
  ["I", (m) => m.push(Number(m.line()))],
  ["L", (m) => m.push(Number(m.line().replace(/L$/, "")))],
  ["U", (m) => m.push(m.take(m.byte()))],
  ["C", (m) => m.push(m.take(m.byte()))],
  ["T", (m) => m.push(m.take(m.uint32()))],
  ["B", (m) => m.push(m.take(m.uint32()))],
  ["\x8e", (m) => m.push(m.take(m.uint64()))],
  ["X", (m) => m.push(utf8.decode(m.take(m.uint32())))],
  ["\x8c", (m) => m.push(utf8.decode(m.take(m.byte())))],
  ["q", (m) => m.keep(m.byte())],
  ["r", (m) => m.keep(m.uint32())],
  ["\x94", (m) => m.keep(null)],
  ["h", (m) => m.recall(m.byte())],
  ["j", (m) => m.recall(m.uint32())],
  ["t", (m) => m.push(m.popToMark())],
  ["l", (m) => m.push(m.popToMark())],
  ["\x85", (m) => m.push(m.several(1))],
  ["\x86", (m) => m.push(m.several(2))],
  ["\x87", (m) => m.push(m.several(3))],
  ["a", (m) => m.append(m.several(1))],
  ["e", (m) => m.append(m.popToMark())],
  ["s", (m) => m.setItems(m.several(2))],
  ["u", (m) => m.setItems(m.popToMark())],
  ["c", (m) => m.push({ kind: "global", name: `${m.line()}.${m.line()}` })],
  ["\x93", (m) => m.push({ kind: "global", name: m.several(2).map(String).join(".") })],
  ["R", (m) => m.push(reduce(...(m.several(2) as [Value, Value])))],
  ["b", (m) => m.push(build(...(m.several(2) as [Value, Value])))],
]);

/** A whole number of some bytes, two's complement. */
function longOf(digits: Uint8Array): number {
  let value = 0n;
  digits.forEach((digit, i) => {
    value += BigInt(digit) << BigInt(8 * i);
  });
  return Number(BigInt.asIntN(8 * digits.length, value));
}

function isGlobal(value: Value): value is Global {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "global";
}

/** The few calls that arrays are rebuilt by. */
function reduce(callee: Value, parameters: Value): Value {
  const name = isGlobal(callee) ? callee.name : "something that is no function";
  const given = Array.isArray(parameters) ? (parameters as Value[]) : [];
  if (/^numpy\.(_core|core)\.multiarray\._reconstruct$/.test(name)) return { kind: "shell" };
  // Python 3 writes bytes in protocol 2 as a call: encode(text, "latin1").
  if (name === "_codecs.encode" && typeof given[0] === "string")
    return Uint8Array.from(given[0], (character) => character.charCodeAt(0));
  const type = pickledText(given[0]);
  // A dtype is kept as its text.
  if (name === "numpy.dtype" && type !== null) return type;
  throw new Error(`it calls ${name}, which is never called here`);
}

/** Sets the state of an array: version, shape, dtype, whether in Fortran order, bytes. That of a dtype is let go. */
function build(object: Value, state: Value): Value {
  if (typeof object === "string") return object;
  const [, dims, dtype, isFortran, bytes] = Array.isArray(state) ? (state as Value[]) : [];
  const isShell =
    typeof object === "object" && object !== null && "kind" in object && object.kind === "shell";
  if (!isShell || !Array.isArray(dims) || typeof dtype !== "string" || !(bytes instanceof Uint8Array))
    throw new Error("it sets a state that is no array's");
  // In place, for the memo may hold it.
  return Object.assign(object, { kind: "array", dims, dtype, isFortran: isFortran === true, bytes }) as Value;
}
