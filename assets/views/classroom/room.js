/** A room as its pages reach it: what is sent arrives in the end, and every change is heard, whatever the line does. */

const FIRST_MS = 5000; // a proxy that hasn't let the first event through holds events back: then the page asks
const SILENT_MS = 12_000; // and so does one that lets no more through: the server says every 5 seconds that it is there
const ASK_MS = 1500;
const TEACHER_MS = 1000;
const HELD_MS = 60_000; // then it listens again; each time in vain it waits twice as long
const PATIENCE_MS = 10_000; // for what the server answers at once
const AGAIN_MS = [300, 600, 1200, 2500, 4000];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What the server refused; `status` is that of its answer. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** What to say of a failure; what isn't refused is a line that was lost. */
export const sentence = (error) => (error instanceof Refused ? error.message : "No connection. Try again.");

export class Room {
  secret = "";
  isOver = false;
  hurry = () => {}; // ends a pause between two looks

  /**
   * @param {string} root  the way to the app, from this page
   * @param {string} code
   */
  constructor(root, code) {
    this.base = `${root}class/api/rooms/${encodeURIComponent(code)}`;
  }

  /** @returns {Record<string, string>} */
  get headers() {
    return this.secret ? { Authorization: `Bearer ${this.secret}` } : {};
  }

  /** Sends once, and waits for the answer: a model may have to be loaded for it. */
  async post(what, body = {}, patience = 300_000) {
    const headers = { ...this.headers, "Content-Type": "application/json" };
    const signal = AbortSignal.timeout(patience);
    const sent = { method: "POST", headers, body: JSON.stringify(body), signal };
    const found = await read(await fetch(`${this.base}/${what}`, sent));
    this.isOver ||= what === "end";
    this.hurry();
    return found;
  }

  /** Looks once. */
  async get(what) {
    return read(
      await fetch(`${this.base}/${what}`, { headers: this.headers, signal: AbortSignal.timeout(PATIENCE_MS) }),
    );
  }

  /** Sends until it has arrived, or is refused for good, or isn't wanted any more: then there is no answer. */
  async deliver(what, body, isWanted = () => true) {
    for (let tries = 0; isWanted(); tries += 1) {
      try {
        return await this.post(what, body, PATIENCE_MS);
      } catch (error) {
        if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
        await pause(AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]);
      }
    }
    return null;
  }

  /** A file of the room. */
  async file(name) {
    const answer = await fetch(`${this.base}/${name}`, { headers: this.headers });
    if (!answer.ok) await read(answer);
    return answer.blob();
  }

  /**
   * Calls `show` with each new screen until the class is over or the room is gone.
   *
   * A teacher's pages ask every second: a browser has six connections to a server, and she has many windows, each of
   * which may need some. What stays open in all of them would leave none to send anything by.
   *
   * @param {string} role  student, board or teacher
   * @param {(screen: any) => void} show
   * @param {(connected: boolean) => void} line
   */
  async follow(role, show, line) {
    let [asksUntil, heldFor, tries] = [role === "teacher" ? Number.POSITIVE_INFINITY : 0, HELD_MS, 0];
    const look = (screen) => {
      tries = 0;
      line(true);
      show(screen);
      return screen.ended;
    };
    for (;;) {
      try {
        if (this.isOver) return show({ ended: true });
        if (performance.now() >= asksUntil) {
          const held = await this.listen(role, look);
          if (held === null) return;
          asksUntil = held ? performance.now() + heldFor : 0;
          if (held) heldFor *= 2;
        }
        if (look(await this.get(`state?as=${role}`))) return;
        await this.rest(role === "teacher" ? TEACHER_MS : ASK_MS);
      } catch (error) {
        if (error instanceof Refused && error.status === 403) return show({ ended: true });
        line(false);
        await pause(AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)]);
      }
    }
  }

  rest(milliseconds) {
    return new Promise((done) => {
      setTimeout(done, milliseconds);
      this.hurry = () => done(null);
    });
  }

  /** Whether events are held back; null when the class is over. Throws when the connection is lost. */
  async listen(role, look) {
    const stop = new AbortController();
    let [heard, silent] = [false, false];
    const giveUp = () => {
      silent = true;
      stop.abort();
    };
    let timer = setTimeout(giveUp, FIRST_MS);
    const wake = () => document.visibilityState === "visible" && heard && stop.abort();
    document.addEventListener("visibilitychange", wake);
    try {
      const url = `${this.base}/events?as=${role}`;
      const answer = await fetch(url, { headers: this.headers, signal: stop.signal });
      if (!answer.ok || !answer.body) await read(answer);
      for await (const data of eventsOf(/** @type {ReadableStream<Uint8Array>} */ (answer.body))) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, SILENT_MS);
        heard = true;
        if (data && look(JSON.parse(data))) return null;
      }
      return false;
    } catch (error) {
      if (silent) return true;
      throw error;
    } finally {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
    }
  }
}

/**
 * The data of server-sent events, an empty text for a comment.
 *
 * @param {ReadableStream<Uint8Array>} body
 */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + part.value).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) yield event.startsWith("data: ") ? event.slice(6) : "";
  }
}

async function read(answer) {
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, content.detail ?? "That didn't work. Try again.");
  return content;
}

/** Opens a room: its code and the teacher's key. */
export async function openRoom(root) {
  const headers = { "Content-Type": "application/json" };
  return read(await fetch(`${root}class/api/rooms`, { method: "POST", headers, body: "{}" }));
}
