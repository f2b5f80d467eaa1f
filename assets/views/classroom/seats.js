/** A student's seat, as her browser keeps it over reloads, and which class she is in now. */
import { memory } from "../shared/memory.js";

const store = () => localStorage;
const LATEST = "pg-class-now";
const nameOf = (/** @type {string} */ code) => `pg-class-${code}`;

/** @typedef {{ seat?: string, name?: string, pending?: { question: number, answer: any } }} Seat */

/**
 * @param {string} code
 * @returns {Seat}
 */
export const seatIn = (code) => memory.load(store, nameOf(code));

/**
 * @param {string} code
 * @param {Seat} seat
 */
export function keepSeat(code, seat) {
  memory.save(store, nameOf(code), seat);
  memory.save(store, LATEST, { code });
}

/** @param {string} code  of a class that is over, or in which there is no such seat */
export function dropSeat(code) {
  memory.drop(store, nameOf(code));
  if (memory.load(store, LATEST).code === code) memory.drop(store, LATEST);
}

/** The class in which somebody sits who uses this browser, with her seat; null where there is none. */
export function sitting() {
  const { code = "" } = memory.load(store, LATEST);
  const { seat = "" } = seatIn(code);
  return code && seat ? { code: String(code), seat: String(seat) } : null;
}
