import assert from "node:assert/strict";
import test from "node:test";
import { spokenPiece, visiblePiece } from "../../../assets/views/shared/tokens.js";

test("a piece shows its spaces, line ends and what can't be seen", () => {
  const pieces = [" cat", "a\nb", "\t", "\r", "\x7f", "\u200d", "\u00a0", "é👍"];
  assert.deepEqual(pieces.map(visiblePiece), ["·cat", "a↵b", "→", "␍", "␡", "⟨U+200D⟩", "⟨U+00A0⟩", "é👍"]);
});

test("a screen reader hears a new line", () => {
  assert.equal(spokenPiece(" a\n"), "' anew line'");
});
