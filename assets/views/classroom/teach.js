/** The teacher's page: asks the class, counts, reveals, goes on, and takes home what was said. */

import { pasteAtOnce } from "../page/pasting.js";
import { addressOfClass, handedOn, keyOf } from "../shared/class_key.js";
import { make, makeButton } from "../shared/dom.js";
import { download } from "../shared/download.js";
import { isolated } from "../shared/format.js";
import { bars, question, redraw, stands, TOLD, texts } from "./draw.js";
import { FIELDS, KINDS, readFields } from "./kinds.js";
import { Room, sentence } from "./room.js";

const { root = "", code = "", address = "" } = document.body.dataset;
const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const room = new Room(root, code);
room.secret = keyOf(code);

class Desk {
  said = make("p", "cl-said");
  state = make("p", "cl-state");
  now = make("div", "cl-now");
  finds = make("ul", "cl-finds");
  names = Object.assign(make("input"), { type: "checkbox" });
  namesShown = false; // as the room had it last
  drawn = "";
  /** @type {any} */
  screen = null;
  /** @type {Element | null} */
  pressed = null; // the row of buttons, or the form, of the last press
  /** @type {{ number: number, node: HTMLInputElement | HTMLSelectElement | null }} */
  known = { number: -1, node: null }; // what is typed of a question's right answer outlives a drawing

  start() {
    this.said.setAttribute("role", "alert");
    const pressed = ({ target }) => (this.pressed = /** @type {Element} */ (target).closest(".cl-row, .cl-form"));
    main.addEventListener("click", pressed, true);
    main.addEventListener("input", () => this.changed());
    const board = make("a", "cl-open", "Open the board");
    board.href = `board#key=${room.secret}`;
    board.target = `pg-board-${code}`;
    const app = make("a", "cl-open", "Open the playground"); // a window of this one's has its key, too
    app.href = root + handedOn(code, room.secret);
    app.target = `pg-app-${code}`;
    const at = addressOfClass(root, code, address);
    main.replaceChildren(
      make("header", "cl-top", make("h1", "", `Class ${code}`), make("nav", "", app, board)),
      make("p", "", "Your class opens ", make("strong", "cl-address", at)),
      this.state,
      this.said,
      make("div", "cl-desk", make("div", "", this.askForm(), this.sharing()), make("div", "", this.now, this.files())),
    );
    const line = (connected) => this.line(connected);
    room.follow("teacher", (screen) => this.show(screen), line);
  }

  /**
   * What is refused stands below what was pressed, and lies on nothing; what is true of the whole page at its top.
   *
   * @param {string} text
   * @param {Element} [place]
   */
  say(text, place = this.state) {
    if (text) place.after(this.said);
    this.said.textContent = text;
    if (text && place !== this.state) this.said.scrollIntoView({ block: "nearest" });
  }

  /** What was wrong is being changed. */
  changed() {
    if (!this.said.textContent?.startsWith("No connection")) this.say("");
  }

  /** What was refused stays to be read: every second there is a new screen. */
  line(connected) {
    if (!connected) this.say("No connection.");
    else if (this.said.textContent?.startsWith("No connection")) this.say("");
  }

  /** Does something, and says what went wrong with it. */
  async act(what, body = {}) {
    this.say("");
    main.setAttribute("aria-busy", "true");
    await room
      .post(what, body)
      .catch((error) => this.say(sentence(error), this.pressed?.isConnected ? this.pressed : this.state));
    main.removeAttribute("aria-busy");
  }

  askForm() {
    const kind = make("select");
    for (const [name, label] of Object.entries(KINDS))
      kind.append(Object.assign(make("option", "", label), { value: name }));
    const fields = make("div");
    const draw = () => fields.replaceChildren(...FIELDS[kind.value].map(fieldOf));
    kind.addEventListener("change", draw);
    draw();
    const node = make(
      "form",
      "cl-form",
      make("h2", "", "Ask the class"),
      make("label", "cl-field", make("span", "", "Kind"), kind),
    );
    node.append(fields, make("button", "cl-primary", "Ask"));
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      this.act("ask", { question: { type: kind.value, ...readFields(kind.value, fields) } });
    });
    return node;
  }

  sharing() {
    const link = Object.assign(make("input"), { maxLength: 5000, placeholder: "A link of Share" });
    const label = make("label", "cl-field", make("span", "", "Follow me: put this on all screens"), link);
    const lead = makeButton("", "Show it", () => this.act("follow", { link: link.value }));
    const letGo = makeButton("", "Let go", () => this.act("follow", { link: "" }));
    const found = make("h3", "", "Sent by students");
    return make("section", "cl-form", label, make("div", "cl-row", lead, letGo), found, this.finds);
  }

  files() {
    const take = (name, file) => async () => download(file, await room.file(name));
    this.names.addEventListener("change", () => this.act("names", { shown: this.names.checked }));
    return make(
      "section",
      "cl-form",
      make("label", "cl-check", this.names, "Show nicknames, also in the files"),
      make(
        "div",
        "cl-row",
        makeButton("", "Answers (CSV)", take("answers.csv", `class-${code}.csv`)),
        makeButton("", "Texts", take("class.txt", `class-${code}.txt`)),
        this.ending(),
      ),
    );
  }

  /** Ending forgets everything, so it is asked twice. */
  ending() {
    const node = makeButton("cl-end", "End the class", () => {
      if (node.dataset.sure) return this.act("end");
      node.dataset.sure = "yes";
      node.textContent = "End and forget everything?";
    });
    node.addEventListener("blur", () => {
      delete node.dataset.sure;
      node.textContent = "End the class";
    });
    return node;
  }

  show(screen) {
    this.screen = screen;
    const { asked, reveal, writing, ended } = screen;
    if (ended)
      return redraw(main, () => [make("h1", "", "This class is over."), make("p", "", "Nothing of it is kept.")]);
    const counts = asked ? `, ${screen.answered} answered` : "";
    const names = screen.names.length ? `. Joined: ${screen.names.map(isolated).join(", ")}` : "";
    const here = screen.joined ? `${screen.present} here of ${screen.joined}` : "Nobody here yet";
    this.state.textContent = `${here}${counts}${names}`;
    if (screen.names_shown !== this.namesShown) this.names.checked = screen.names_shown;
    this.namesShown = screen.names_shown;
    const found = JSON.stringify([screen.finds, screen.shows, screen.link]);
    if (found !== this.finds.dataset.drawn) redraw(this.finds, () => screen.finds.map((one) => this.find(one)));
    this.finds.dataset.drawn = found;
    const key = JSON.stringify([asked, reveal, writing]);
    if (key === this.drawn) return;
    this.drawn = key;
    redraw(this.now, () => {
      const parts = [];
      if (writing) parts.push(texts(writing));
      if (stands(screen)) parts.push(question(asked), reveal && bars(reveal, asked));
      if (asked) parts.push(this.ways(asked));
      return parts.filter(Boolean);
    });
  }

  find({ number, link, name }) {
    const open = make("a", "", name ? `${number}, ${name}` : `Link ${number}`);
    open.href = `${root}${link}`;
    open.target = "_blank";
    const isOn = this.screen.shows === "link" && this.screen.link === link;
    const press = () => this.act("board", { find: isOn ? 0 : number });
    const way = makeButton("", isOn ? "Off the board" : "To the board", press, { value: String(number) });
    return make("li", "", open, way);
  }

  ways(asked) {
    const row = make("div", "cl-row");
    const goesOn = ["next_word", "one_of_top"].includes(asked.kind);
    if (asked.state === "open") row.append(makeButton("", "Close", () => this.act("close")));
    if (asked.state !== "revealed") row.append(makeButton("cl-primary", "Reveal", () => this.reveal(asked)));
    if (asked.state !== "revealed" && TOLD.includes(asked.kind)) row.append(this.right(asked));
    if (asked.state === "revealed" && goesOn) {
      const heat = Object.assign(make("input"), { type: "number", min: 0.1, max: 100, step: 0.1, value: 1 });
      row.append(makeButton("cl-primary", "Go on with the vote", () => this.act("continue", { how: "vote" })));
      const draw = () => this.act("continue", { how: "draw", temperature: Number(heat.value) });
      row.append(makeButton("", "Draw", draw), make("label", "cl-heat", "at temperature", heat));
    }
    if (goesOn && asked.added) row.append(makeButton("", "Both texts", () => this.act("texts")));
    return row;
  }

  /** What is right, where no model answers. */
  right(asked) {
    if (this.known.node && this.known.number === asked.number) return this.known.node;
    const node = asked.kind === "choice" ? make("select", "cl-answer-known") : make("input", "cl-answer-known");
    node.setAttribute("aria-label", "The right answer");
    if (node instanceof HTMLInputElement)
      Object.assign(node, {
        type: asked.kind === "word" ? "text" : "number",
        step: "any",
        placeholder: "right answer",
      });
    else
      node.append(
        Object.assign(make("option", "", "right answer: none"), { value: "" }),
        ...asked.choices.map((name, place) => Object.assign(make("option", "", name), { value: place })),
      );
    this.known = { number: asked.number, node };
    return node;
  }

  reveal(asked) {
    const known = /** @type {HTMLInputElement | null} */ (this.now.querySelector(".cl-answer-known"));
    const given = TOLD.includes(asked.kind) && known?.value ? known.value : null;
    this.act("reveal", { right: given === null || asked.kind === "word" ? given : Number(given) });
  }
}

/** @param {any[]} field */
function fieldOf([name, label, type, value, bounds = {}]) {
  const node =
    type === "text" ? make("textarea") : Object.assign(make("input"), { type: type === "line" ? "text" : type });
  Object.assign(node, { name, value, required: name !== "unit" });
  if (node instanceof HTMLInputElement) Object.assign(node, { step: "any", ...bounds });
  return make("label", "cl-field", make("span", "", label), node);
}

pasteAtOnce(document, new AbortController().signal); // as long as the page stands
if (room.secret) new Desk().start();
else
  main.replaceChildren(
    make("h1", "", "This is the teacher's page."),
    make("p", "", "It opens by the teacher's address alone, which ends in #key=…"),
  );
