/** What a student finds in the app: one press beside Share sends its link to her teacher. */
import { make, makeButton } from "../shared/dom.js";
import { Refused, Room, sentence } from "./room.js";
import { dropSeat } from "./seats.js";

export class Sending {
  /**
   * @param {import("./panel.js").Page} page
   * @param {{ code: string, seat: string }} sits
   */
  constructor(page, { code, seat }) {
    this.page = page;
    this.code = code;
    this.room = new Room("", code);
    this.room.secret = seat;
  }

  told = {
    /** A Share is there. */
    share: ({ id, row }) => {
      const about = this.page.places.find((one) => one.share === id);
      if (!about) return;
      const said = make("span", "sh-sent");
      said.setAttribute("role", "status");
      const press = () => this.send(about.place, said);
      row.prepend(said, makeButton("ct-beside", "Send to your teacher", press));
    },
  };

  async send(place, said) {
    said.textContent = "Sending …";
    try {
      await this.room.post("finds", { link: await this.page.link(place) });
      said.textContent = "Your teacher has it.";
    } catch (error) {
      const isOver = error instanceof Refused && error.status === 403;
      if (isOver) dropSeat(this.code);
      said.textContent = isOver ? "That class is over." : sentence(error);
    }
  }
}
