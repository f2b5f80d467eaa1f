/** A chip per token and the text coloured in place; parts that an edit left alone keep their nodes. */

import { directionOf, make, makeButton } from "../shared/dom.js";
import { oneTabStop } from "../shared/keyboard.js";
import { visiblePiece } from "../shared/tokens.js";
import { arrange, colourOf, marksOf, sentenceOf, sharedEnds } from "./arrange.js";

/** How many parts are drawn at once; the chips of the others follow when they are scrolled to. */
export const CHUNK = 200;

/**
 * @typedef {import("./arrange.js").Part & { colour: string, start: number, chunk: any, node?: HTMLElement,
 *   mirror: HTMLElement | null, chips?: HTMLElement[] }} DrawnPart
 */

export class Chips {
  /**
   * @param {HTMLElement} chips
   * @param {HTMLElement} mirror  the text behind the textarea
   * @param {AbortSignal} signal
   */
  constructor(chips, mirror, signal) {
    this.chips = chips;
    this.mirror = mirror;
    /** @type {any} */
    this.result = null;
    /** @type {DrawnPart[]} */
    this.parts = [];
    /** @type {DrawnPart[]} */
    this.homes = [];
    this.tail = document.createTextNode("");
    const seen = (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.#fill(target);
    };
    this.observer = new IntersectionObserver(seen, { root: chips, rootMargin: "600px" });
    signal.addEventListener("abort", () => this.observer.disconnect());
  }

  /**
   * Draws an answer; in place, where that is possible.
   *
   * @param {any} result
   * @param {string[]} letters  what was tokenized
   * @param {string} rest  the text behind it
   * @param {boolean} afresh  whether every part looks different now
   */
  draw(result, letters, rest, afresh) {
    const { parts, homes } = arrange(result, letters);
    this.result = result;
    this.homes = /** @type {DrawnPart[]} */ (homes);
    const fresh = /** @type {DrawnPart[]} */ (parts);
    if (afresh || !this.#patch(fresh)) this.#drawAll(fresh);
    this.chips.dir = directionOf(letters);
    this.tail.data = `${rest}\n`;
  }

  /** The chip of a token, drawn if it wasn't yet. */
  chipOf(index) {
    const part = this.homes[index];
    if (part && !part.chips) this.#fill(part.chunk);
    return part?.chips?.[part.members.indexOf(index)];
  }

  /** The token of a chip. */
  indexOf(chip) {
    return chip.home.members[chip.home.chips.indexOf(chip)];
  }

  #drawAll(parts) {
    this.observer.disconnect();
    this.parts = parts;
    this.mirror.replaceChildren(...parts.map(spanOf).filter(Boolean), this.tail);
    const chunks = /** @type {any[]} */ ([]);
    const drawn = parts.filter((part) => !part.rest);
    drawn.forEach((part, k) => {
      if (k % CHUNK === 0) chunks.push(Object.assign(make("div", "chunk"), { size: 0 }));
      part.chunk = chunks[chunks.length - 1];
      part.chunk.size += 1;
    });
    for (const chunk of chunks) chunk.style.minHeight = `${Math.ceil(chunk.size / 9) * 46}px`;
    this.chips.replaceChildren(...chunks);
    if (chunks.length) this.#fill(chunks[0]);
    for (const chunk of chunks.slice(1)) this.observer.observe(chunk);
  }

  #fill(chunk) {
    this.observer.unobserve(chunk);
    if (chunk.filled) return;
    chunk.filled = true;
    chunk.style.minHeight = "";
    chunk.append(...this.parts.filter((part) => part.chunk === chunk).map((part) => this.#drawPart(part)));
    oneTabStop(this.chips, "button");
  }

  /** True when what changed was drawn in place; false when too much changed, or there was nothing. */
  #patch(parts) {
    const old = this.parts;
    const { before, after } = sharedEnds(old, parts);
    const gone = old.slice(before, old.length - after);
    const added = parts.slice(before, parts.length - after);
    const next = old[old.length - after];
    const home = (before ? old[before - 1] : next)?.chunk;
    if (!home || added.length > CHUNK || home.size + added.length > 3 * CHUNK) return false;
    if ([...gone, ...added].some((part) => part.rest)) return false;
    // A chunk begins a row of its own: what would fit into fewer of them is drawn anew.
    const kept = [...old.slice(0, before), ...old.slice(old.length - after)];
    if ((new Set(kept.map((part) => part.chunk)).size - 1) * CHUNK >= parts.length) return false;
    for (const part of gone) {
      part.mirror?.remove();
      part.node?.remove();
      part.chunk.size -= 1;
    }
    const shift = old.length - parts.length;
    for (let k = 0; k < before; k++) this.#keep(old[k], parts[k]);
    for (let k = parts.length - after; k < parts.length; k++) this.#keep(old[k + shift], parts[k]);
    this.parts = [...old.slice(0, before), ...added, ...old.slice(old.length - after)];
    this.#insert(added, home, next, before);
    return true;
  }

  #insert(added, home, next, before) {
    const below = this.parts.slice(before + added.length).find((part) => part.mirror)?.mirror || this.tail;
    below.before(...added.map(spanOf).filter(Boolean));
    for (const part of added) part.chunk = home;
    home.size += added.length;
    if (home.filled) {
      const nodes = added.map((part) => this.#drawPart(part));
      if (next?.chunk === home) next.node.before(...nodes);
      else home.append(...nodes);
    }
    oneTabStop(this.chips, "button");
  }

  /** The part that is on the page now stands for the new one: its place may have moved, its look has not. */
  #keep(part, fresh) {
    const start = this.result.tokens[fresh.members[0]]?.start;
    const moved = part.members[0] !== fresh.members[0] || start !== part.start;
    part.members = fresh.members;
    part.segment = fresh.segment;
    for (const index of part.members) this.homes[index] = part;
    if (colourOf(part) !== part.colour) {
      for (const node of [part.mirror, ...(part.chips || [])]) node?.classList.replace(part.colour, colourOf(part));
      part.colour = colourOf(part);
    }
    if (moved && part.chips) this.#label(part);
  }

  #drawPart(part) {
    if (part.gap !== undefined) {
      const lost = /\S/.test(part.text);
      part.node = make("span", lost ? "gap lost" : "gap", part.gap);
      const what = lost ? "dropped by the tokenizer: no token stands for it" : "whitespace that no token stands for";
      part.node.title = what;
      return part.node;
    }
    part.colour = colourOf(part);
    part.chips = part.members.map((index) => drawChip(this.result.tokens[index], part));
    this.#label(part);
    part.node = part.chips[0];
    if (part.chips.length > 1) {
      part.node = make(
        "span",
        "group",
        ...part.chips,
        make("span", "whole", `= ${visiblePiece(part.text.trim() || part.text)}`),
      );
      part.node.title = `${part.members.length} tokens share ${part.text}`;
    }
    return part.node;
  }

  #label(part) {
    part.start = this.result.tokens[part.members[0]].start;
    const said = (k) => sentenceOf(this.result.tokens[part.members[k]]);
    for (const [k, chip] of part.chips.entries()) chip.setAttribute("aria-label", said(k));
  }
}

/** The part's text in the mirror; null where it has none. */
function spanOf(part) {
  part.colour = colourOf(part);
  part.mirror = part.segment === null ? null : make("span", part.colour, part.text);
  if (part.mirror && !part.rest && part.gap === undefined) part.mirror.home = part;
  return part.mirror;
}

function drawChip(token, part) {
  const chip = makeButton(
    `pg-chip ${part.colour} ${marksOf(token).join(" ")}`,
    make("span", "piece", token.shown),
    null,
  );
  chip.tabIndex = -1;
  chip.append(make("span", "id", token.id));
  return Object.assign(chip, { home: part });
}
