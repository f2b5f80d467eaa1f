/** A student's page: joins, answers, and sees what the class said. It keeps its seat over reloads and lost lines. */

import { pasteAtOnce } from "../page/pasting.js";
import { make, makeButton } from "../shared/dom.js";
import { stopped } from "../shared/format.js";
import { asRead, bars, Followed, moreOf, onSlider, question, redraw, signs, stands, texts } from "./draw.js";
import { openRoom, Refused, Room, sentence } from "./room.js";
import { dropSeat, keepSeat, seatIn } from "./seats.js";

const { root = "", code = "" } = document.body.dataset;
const main = /** @type {HTMLElement} */ (document.querySelector("main"));

function field(label, options = {}) {
  const input = Object.assign(make("input"), options);
  return { input, box: make("label", "cl-field", make("span", "", label), input) };
}

/** A form whose failures stand below it until something is changed. */
function form(parts, button, send) {
  const said = make("p", "cl-said");
  said.setAttribute("role", "alert");
  const press = make("button", "cl-primary", button);
  const node = make("form", "cl-form", ...parts, press, said);
  node.addEventListener("input", () => said.replaceChildren());
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      await send();
    } catch (error) {
      said.textContent = sentence(error);
    }
  });
  return node;
}

/** Asks for the code; a teacher can open a room. */
function askForCode() {
  const typed = field("Code of your class", {
    autocomplete: "off",
    maxLength: 12,
    required: true,
    className: "cl-code",
  });
  const go = () => {
    const signs = typed.input.value.replace(/[^\p{L}\p{N}]/gu, "").toUpperCase();
    if (!signs) throw new Refused(400, "A code is of letters and digits.");
    location.href = `${root}class/${encodeURIComponent(signs)}`;
  };
  const open = async () => {
    const opened = await openRoom(root);
    location.href = `${root}class/${opened.code}/teach#key=${opened.key}`;
  };
  main.replaceChildren(
    make("h1", "", "Join a class"),
    form([typed.box], "Join", async () => go()),
    make("hr"),
    make("p", "", "You teach? Open a room: it prints a code for your class, and is forgotten when you end it."),
    form([], "Open a room", open),
  );
  typed.input.focus();
}

class Page {
  room = new Room(root, code);
  kept = seatIn(code);
  /** @type {Record<string, any>} */
  answers = {};
  drawn = "";
  /** @type {any} */
  screen = null;
  line = make("p", "cl-line");
  body = make("div", "cl-body");
  followed = new Followed(root, "On your teacher's screen");
  free = make("details");
  typing = { key: "", node: make("section") }; // what is half typed outlives a drawing
  sending = Promise.resolve();

  async start() {
    if (!this.kept.seat) return this.askForName();
    try {
      await this.join(this.kept.name ?? "");
    } catch (error) {
      if (error instanceof Refused) return this.askForName(sentence(error));
      setTimeout(() => this.start(), 1000);
    }
  }

  keep() {
    if (!this.screen?.ended) keepSeat(code, this.kept);
  }

  askForName(said = "") {
    const name = field("Nickname, or none", { maxLength: 40, autocomplete: "nickname" });
    main.replaceChildren(
      make("h1", "", `Class ${code}`),
      make("p", "", "No account is needed, and nothing is kept when the class is over."),
      form([name.box], "Join", () => this.join(name.input.value).then(() => this.body.focus())),
      said && make("p", "cl-said", said),
    );
    name.input.focus();
  }

  async join(name) {
    const joined = await this.room.post("join", { name, seat: this.kept.seat ?? "" });
    this.kept = { ...this.kept, seat: joined.seat, name: joined.name };
    this.keep();
    this.room.secret = joined.seat;
    this.answers = joined.answers;
    this.line.setAttribute("role", "status");
    this.body.tabIndex = -1;
    this.free = this.own();
    main.replaceChildren(
      make("header", "cl-top", `Class ${code}`, make("span", "", joined.name)),
      this.line,
      this.body,
      this.followed.node,
      this.free,
    );
    if (this.kept.pending) this.send(this.kept.pending.question, this.kept.pending.answer);
    this.room.follow(
      "student",
      (screen) => this.show(screen),
      (connected) =>
        this.line.replaceChildren(connected ? "" : "No connection. Your answers are kept here until it is back."),
    );
  }

  show(screen) {
    this.screen = screen;
    const { asked, reveal, writing, follow, ended } = screen;
    this.followed.show(follow ?? "");
    if (ended) dropSeat(code);
    this.free.hidden = Boolean(ended); // nothing can be sent any more
    const key = JSON.stringify([ended, asked?.number, asked?.state, writing, reveal]);
    if (key === this.drawn) return;
    this.drawn = key;
    if (reveal && asked.number in this.answers) this.findOwn(asked, reveal);
    const parts = [];
    if (ended) parts.push(make("h1", "", "This class is over."), make("p", "", "Everything about it is forgotten."));
    else if (!writing && !asked)
      parts.push(make("h1", "", "You are in."), make("p", "", "Your teacher's question will stand here."));
    else if (writing) parts.push(texts(writing));
    if (stands(screen)) parts.push(question(asked), reveal ? bars(reveal, asked) : this.control(asked));
    redraw(this.body, () => parts);
  }

  /** Marks the own answer among the bars, once the room has said where it counts. */
  async findOwn(asked, reveal) {
    const { place } = await this.room.get("mine").catch(() => ({ place: -1 }));
    if (place >= 0 && this.screen.asked?.number === asked.number && this.screen.reveal)
      this.body.querySelector(".cl-reveal")?.replaceWith(bars(reveal, asked, place));
  }

  /** An answer as people read it. */
  said(asked) {
    const given = this.answers[asked.number];
    if (given === undefined) return "";
    if (asked.choices.length) return asked.choices[given];
    return typeof given === "number" ? asRead(given, asked.unit) : given;
  }

  control(asked) {
    const key = `${asked.number} ${asked.state}`;
    if (key !== this.typing.key) this.typing = { key, node: this.fields(asked) };
    return this.typing.node;
  }

  fields(asked) {
    const open = asked.state === "open";
    const said = make("p", "cl-said");
    said.setAttribute("role", "status");
    const tell = (text) => said.replaceChildren(text);
    const give = (answer) => this.send(asked.number, answer, tell);
    const given = this.said(asked);
    if (!open) tell(`${given ? `You said: ${stopped(given)}` : "No more answers."} ${moreOf(asked.kind)}`);
    else tell(this.counts(asked));
    const place = this.answers[asked.number];
    const fits = asked.choices.length ? choices(asked, place, open, give) : typed(asked, place ?? "", open, give);
    fits.addEventListener("input", () => this.kept.pending || tell(this.counts(asked))); // what was refused is changed
    return make("section", "cl-answer", fits, signs(asked.kind, asked.choices), said);
  }

  /** Which answer counts by now, if any. */
  counts(asked) {
    const given = this.said(asked);
    return given && `You said: ${stopped(given)} You can change it.`;
  }

  /** Sends an answer once the one before it has arrived; one that was changed meanwhile needn't. */
  async send(number, answer, tell = (_) => {}) {
    const own = { question: number, answer };
    const isWanted = () => this.kept.pending === own;
    this.kept = { ...this.kept, pending: own };
    this.keep();
    tell("Sending …");
    const before = this.sending;
    this.sending = before.then(() => this.arrive(own, isWanted, tell));
    await this.sending;
    if (isWanted()) delete this.kept.pending;
    this.keep();
  }

  async arrive(own, isWanted, tell) {
    try {
      const sent = await this.room.deliver("answers", own, isWanted);
      if (!sent) return;
      this.answers[own.question] = sent.answer;
      const asked = this.screen?.asked;
      if (asked?.number === own.question && isWanted()) tell(this.counts(asked));
    } catch (error) {
      tell(sentence(error));
    }
  }

  /** To work freely, and to show what was found. */
  own() {
    const app = Object.assign(make("a", "cl-open", "Open the playground"), { href: root || "./", target: "_blank" });
    const link = field("A link of Share", { maxLength: 5000, required: true });
    const done = make("p", "cl-said");
    const send = async () => {
      done.textContent = "";
      await this.room.post("finds", { link: link.input.value });
      link.input.value = "";
      done.textContent = "Sent to your teacher.";
    };
    const told = make(
      "p",
      "",
      app,
      ": what you find there goes to your teacher by the button beside Share, or as a link:",
    );
    const found = make("summary", "", "Look what I found");
    return make("details", "cl-find", found, told, form([link.box], "Send", send), done);
  }
}

/** A button for each choice. */
function choices(asked, given, open, give) {
  const box = make("div", "cl-choices");
  const mark = (place) =>
    [...box.children].forEach((node, at) => {
      node.setAttribute("aria-pressed", String(at === place));
    });
  for (const [place, name] of asked.choices.entries()) {
    const press = () => {
      mark(place);
      give(place);
    };
    const node = makeButton("", name, press);
    node.disabled = !open;
    box.append(node);
  }
  mark(given);
  return box;
}

/** A word, a number, or a position. */
function typed(asked, given, open, give) {
  const isSlider = asked.kind === "slider";
  const isCount = asked.kind === "token_count";
  const isNumber = isSlider || isCount || asked.kind === "number";
  const options = isSlider
    ? {
        type: "range",
        min: asked.low,
        max: asked.high,
        step: "any",
        value: given === "" ? (asked.low + asked.high) / 2 : given,
      }
    : {
        type: isNumber ? "number" : "text",
        value: given,
        maxLength: 60,
        required: true,
        autocomplete: "off",
        autocapitalize: "none",
      };
  const { input, box } = field(isNumber ? "Your number" : "Your word", options);
  input.disabled = !open;
  if (isCount) input.min = "1";
  else input.step = "any";
  const unit = make("output", "cl-value");
  const number = () => (isSlider ? onSlider(Number(input.value), asked) : Number(input.value));
  const say = () => unit.replaceChildren(isSlider ? asRead(number(), asked.unit) : "");
  input.addEventListener("input", say);
  say();
  const node = form([box, unit], "Send", async () => give(isNumber ? number() : input.value));
  /** @type {HTMLButtonElement} */ (node.querySelector("button")).disabled = !open;
  return node;
}

pasteAtOnce(document, new AbortController().signal); // as long as the page stands
if (code) new Page().start();
else askForCode();
