/** The board: made for a projector. With the teacher's key a presenter's keys move the class. */

import { addressOfClass, keyOf } from "../shared/class_key.js";
import { make, makeSvg } from "../shared/dom.js";
import { bars, Followed, question, signs, texts } from "./draw.js";
import { Room, sentence } from "./room.js";

const { root = "", code = "", address = "" } = document.body.dataset;
const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const room = new Room(root, code);
room.secret = keyOf(code);
const MOST_BARS = 12; // with what is said of them, that the last row can read
const FEWEST_BARS = 3;
const LONG = 60; // a reply stands in a column of its own
const RING = 2 * Math.PI * 42;

/** Where to join, as large as there is room for. */
function invitation() {
  const at = addressOfClass(root, code, address);
  const picture = make("img", "cl-qr");
  picture.src = `${root}class/${code}/qr.svg?of=${encodeURIComponent(at)}`;
  picture.alt = `QR code of ${at}`;
  return make("section", "cl-invitation", picture, make("p", "cl-address", at.replace(/^https?:\/\//, "")));
}

/** How many have answered, of those who are here. */
function ring(answered, present) {
  const of = Math.max(answered, present);
  const svg = makeSvg("svg", { viewBox: "0 0 100 100", class: "cl-ring", role: "img" });
  svg.setAttribute("aria-label", `${answered} of ${of} have answered`);
  const circle = { cx: 50, cy: 50, r: 42, fill: "none", "stroke-width": 10 };
  const done = { "stroke-dasharray": `${of ? (answered / of) * RING : 0} ${RING}`, transform: "rotate(-90 50 50)" };
  svg.append(makeSvg("circle", { ...circle, class: "cl-ring-all" }));
  svg.append(makeSvg("circle", { ...circle, ...done, class: "cl-ring-done" }));
  svg.append(makeSvg("text", { x: 50, y: 56, "text-anchor": "middle" }, `${answered}`));
  svg.append(makeSvg("text", { x: 50, y: 70, "text-anchor": "middle", class: "cl-ring-of" }, `of ${of}`));
  return svg;
}

function choices(names) {
  const isLong = names.some((name) => name.length > LONG);
  const isNumbered = names.some((name) => /^\d/.test(name)); // "1. 1 star" would be read as 1.1
  const rows = names.map((name) => make("li", "", name));
  return names.length ? make(isNumbered ? "ul" : "ol", `cl-names ${isLong ? "is-long" : ""}`, ...rows) : "";
}

class Board {
  /** @type {any} */
  screen = null;
  invites = false;
  drawn = "";
  line = make("span", "cl-line");
  top = make("header", "cl-top");
  body = make("div", "cl-body");
  said = make("p", "cl-said");
  followed = new Followed(root, "What is shown", "&present");
  invitation = invitation(); // made once, so that its picture needn't be drawn anew at each answer

  show(screen = this.screen) {
    this.screen = screen;
    const key = JSON.stringify([{ ...screen, version: 0 }, this.invites]);
    if (!screen || key === this.drawn) return;
    this.drawn = key;
    const here = `${screen.present ?? 0} here`;
    if (!this.followed.node.isConnected) main.replaceChildren(this.top, this.body, this.followed.node, this.said);
    this.top.replaceChildren(make("h1", "", `Class ${code}`), make("span", "", here), this.line);
    const link = this.invites || screen.ended ? "" : ({ link: screen.link, follow: screen.follow }[screen.shows] ?? "");
    this.followed.show(link);
    this.body.hidden = Boolean(link);
    if (!link) this.fit(screen);
  }

  /** As many bars as leave room for all that is said of them: nobody scrolls a projector. */
  fit(screen) {
    for (let most = MOST_BARS; most >= FEWEST_BARS; most--) {
      this.body.replaceChildren(this.content(screen, most));
      if (!screen.reveal || document.documentElement.scrollHeight <= innerHeight) return;
    }
  }

  content(screen, most) {
    if (screen.ended) return make("h1", "", "This class is over.");
    if (this.invites || !screen.shows) return this.invitation;
    if (screen.shows === "writing") return texts(screen.writing);
    const { asked, reveal } = screen;
    const box = make("div", "cl-asked", question(asked));
    if (reveal) box.append(bars(reveal, asked, -1, most));
    else
      box.append(
        choices(asked.choices),
        signs(asked.kind, asked.choices),
        asked.state === "closed" ? make("p", "cl-fact", "Closed: no more answers are taken.") : "",
        make("div", "cl-count", ring(screen.answered, screen.present), this.invitation),
      );
    return box;
  }

  /** A presenter's keys: forward reveals, then goes on with the class's vote. */
  async press(key) {
    if (key === "q" || key === "PageUp" || key === "ArrowLeft") this.invites = !this.invites;
    if (key === "d") theme();
    if (key === "f") document.documentElement.requestFullscreen?.();
    const act = this.forward(key);
    this.said.textContent = "";
    if (act)
      await room.post(act, act === "continue" ? { how: "vote" } : {}).catch((error) => this.complain(sentence(error)));
    this.show();
  }

  forward(key) {
    if (!room.secret || !["PageDown", "ArrowRight", " ", "r", "c"].includes(key)) return "";
    const asked = this.screen?.asked;
    if (!asked) return "";
    if (key === "r") return "reveal";
    if (key === "c") return "continue";
    if (asked.state !== "revealed") return "reveal";
    return ["next_word", "one_of_top"].includes(asked.kind) ? "continue" : "";
  }

  complain(text) {
    this.said.textContent = text;
  }
}

function theme() {
  const { classList } = document.documentElement;
  const isDark =
    classList.contains("dark") || (!classList.contains("light") && matchMedia("(prefers-color-scheme: dark)").matches);
  classList.toggle("dark", !isDark);
  classList.toggle("light", isDark);
}

const board = new Board();
addEventListener("resize", () => {
  board.drawn = "";
  board.show();
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (["PageDown", "PageUp", " ", "ArrowRight", "ArrowLeft"].includes(event.key)) event.preventDefault();
  board.press(event.key.length === 1 ? event.key.toLowerCase() : event.key);
});
room.follow(
  "board",
  (screen) => board.show(screen),
  (connected) => board.line.replaceChildren(connected ? "" : "no connection"),
);
