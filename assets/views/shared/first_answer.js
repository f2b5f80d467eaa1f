/** Whether a view may ask for its example when it is first seen: not while a link asks for something else. */

const OPENING = "data-opening-link";

/** @param {boolean} isOpening  a link is being opened */
export const sayOpening = (isOpening) => document.documentElement.toggleAttribute(OPENING, isOpening);

/** True if nothing else is on its way to be asked. */
export const mayAskFirst = () => !document.documentElement.hasAttribute(OPENING);
