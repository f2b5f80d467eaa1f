"""What the page says is read as a person reads it: no "1 tokens", no two sentences glued together, nothing undefined.

`words_of` gives what is visible now, and `faults` what is wrong with it: a test of any tab can ask after whatever it
has pressed.
"""

from __future__ import annotations

import re

import pytest

THINGS = (
    "tokens|words|texts|rows|people|persons|labels|steps|heads|layers|models|pieces|characters|bytes|seconds|minutes|"
    "messages|sentences|pairs|samples|columns|files|lines|branches|replies|stars|beams|cells|parameters|ids|times"
)
FAULTS = {
    "one is not many": re.compile(rf"(?<![\d.,−-])\b1 (?:more |other )?(?:{THINGS})\b"),
    "many are not one": re.compile(r"(?<![\d.,])\b(?:0|[2-9]|[1-9]\d+) (?:token|word|message|person|reply|sample)\b"),
    "a promise glued to a beginning": re.compile(
        r"\b(?:Working out|Loading|Reading|Measuring|Computing|Getting|Writing|Waiting)\b[^.…!?:\n]*"
        r"\b(?:appears?|shows|stands?|comes?|follows?) (?:here|below|there|beside)\b"
    ),
    "no space between sentences": re.compile(r"[a-z]{2}[.!?][A-Z][a-z]+ [a-z]"),
    "two full stops": re.compile(r"(?<!\.)\.\.(?!\.)"),
    "a word twice": re.compile(r"\b([A-Za-z]{2,}) \1\b"),
    "a hyphen for a minus": re.compile(r"(?<![\w.,:/%)\]–−-])-\d"),
    "a line may end between a number and its unit": re.compile(r"\d (?:%|[kMGT]B|nats|s|min|h)(?![\w/])"),
    "a value that isn't one": re.compile(r"\bundefined\b|\bNaN\b|\[object |\bInfinity\b"),
}
# What people and models wrote, and code, is theirs; of tables, numbers are ours. Attributes are what a screen reader
# says.
READ = """() => {
    const code = ".cm-editor, code, pre, .ps-logits, .ps-out, .pp-said";
    const theirs = `.gen-text, .gen-column-text, .gen-turn, .gen-tail, table, ${code}`;
    const shown = (node) => node.checkVisibility({visibilityProperty: true}) && !node.closest(theirs);
    const lines = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!shown(node)) continue;
        for (const name of ["title", "aria-label", "placeholder"])
            if (node.getAttribute(name)) lines.push(node.getAttribute(name));
        const own = [...node.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
        const inside = [...node.childNodes].filter((one) => !(one instanceof Element) || !one.matches(theirs));
        const apart = (one) => one instanceof Element && !getComputedStyle(one).display.startsWith("inline");
        const text = inside.map((one) => (apart(one) ? " | " : one.textContent)).join("");
        if (own) lines.push(text.replace(/[^\\S\u00a0]+/g, " "));
    }
    for (const cell of document.querySelectorAll("td.num"))
        if (cell.checkVisibility({visibilityProperty: true})) lines.push(cell.textContent);
    return lines.join("\\n");
}"""
SETTLED = """(still) => {
    const words = document.body.innerText;
    const now = performance.now();
    if (window.pgWords !== words) Object.assign(window, {pgWords: words, pgSince: now});
    return now - window.pgSince > still;
}"""


def words_of(page, still_ms: int = 1500) -> str:
    """What the page says once it has stopped changing, a line for each piece."""
    page.wait_for_function(SETTLED, arg=still_ms, timeout=90_000, polling=250)
    return page.evaluate(READ)


def faults(words: str) -> list[str]:
    """Each fault with the line that it stands in."""
    return [
        f"{name}: {line}"
        for line in dict.fromkeys(words.splitlines())
        for name, pattern in FAULTS.items()
        if pattern.search(line)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "max_new_tokens reached after 1 tokens.",
        "Working out the model's whole distribution over the next token appears here, and you choose.",
        "The first words are the same.They part at once and for all.",
        "It has ended.. Try again",
        "2 message in this chat",
        "Choose the the best one",
        "perplexity NaN",
        "keeps 77.3 % of it",
        "takes 538 MB",
        "Cosine -0.07",
        "a difference of (-3)",
    ],
)
def test_a_fault_is_seen(line):
    assert faults(line)


@pytest.mark.parametrize(
    "line",
    [
        "1 token, 21 tokens, 1.1 tokens/s, 0.1 seconds, 11 rows",
        "Layer 1 looks at the token before.",
        "Working out how probable each token is… The answer appears here.",
        "e.g. from transformers.AutoModel, and so on...",
        "−0.07 of MiniLM-L6-v2, 8-bit, 2024-02-29",
        "77.3\u00a0% in 1\u00a0min 2\u00a0s, with 3 heads of 8",
    ],
)
def test_what_is_right_is_left_alone(line):
    assert faults(line) == []


def all_tabs(page):
    """Opens every tab, and every tab inside of it; says which one is open."""
    top = page.locator("#pg-tabs > .tab-wrapper [role=tab], #pg-tabs > .tab-nav [role=tab]")
    inner = page.locator("#pg-tabs [role=tabpanel]:visible [role=tab]:visible")
    top.first.wait_for()
    for name in top.all_text_contents():
        top.get_by_text(name, exact=True).click()
        yield name
        seen: set[str] = set()
        while inside := [label for label in inner.all_text_contents() if label not in seen]:
            inner.get_by_text(inside[-1], exact=True).click()  # the innermost first: others would hide it
            seen.add(inside[-1])
            yield f"{name}, {inside[-1]}"


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.embedded
def test_every_tab_speaks_well(page):
    for _ in all_tabs(page):
        page.wait_for_timeout(250)  # each begins what it does on the first look
    seen = {name: faults(words_of(page, 400)) for name in all_tabs(page)}
    assert len(seen) > 5, "the tabs were not found"
    assert page.locator(".toast-body").all_inner_texts() == []
    assert {name: found for name, found in seen.items() if found} == {}


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.embedded
def test_generation_speaks_well_by_hand_and_side_by_side(page):
    page.get_by_role("tab", name="Generation", exact=True).click()
    field = page.get_by_label("number input for max_new_tokens")
    words_of(page)
    field.fill("1")
    field.press("Tab")
    page.locator("[data-act=start]").click()
    assert "max_new_tokens reached after 1 token." in (words := words_of(page))
    assert faults(words) == []
    page.locator("[data-how=compare]").click()
    assert "Press Compare: each of the settings above" in words_of(page)
    page.locator("[data-act=start]").click()
    assert "1 token · perplexity" in (words := words_of(page))
    assert faults(words) == []
    page.locator("[data-how=step]").click()
    assert "What comes next?" in (words := words_of(page))
    assert faults(words) == []
    page.locator("[data-how=write]").click()  # by hand, nothing reached the number that the settings say
    assert "1 token so far: Continue goes on from here." in words_of(page)
