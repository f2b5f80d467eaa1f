"""Every letter on the page comes from the page's own two families, whatever its weight and its script."""

from __future__ import annotations

import pytest

from tabs import TABS
from tests.browser.rest import at_rest
from training.fonts import FAMILIES

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
SAMPLES = {
    "Latin": "The quick brown fox: 1lI 0O8B, -> “café” façade 0123456789 → × −",
    "Latin of other languages": "Łódź ğüşİ čšž ăîâșț őű Ġ",
    "Greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι",
    "Cyrillic": "Все люди рождаются свободными ґєії ў",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do ẳợỗ",
}
ELEMENTS = {
    "title": ("#pg-brand h1", "Inter"),
    "bold text": (".pg-explain strong", "Inter"),
    "tab": ("#pg-tabs button[role=tab]", "Inter"),
    "label": ("[data-testid=block-info]", "Inter"),
    "button": ("button.primary", "Inter"),
    "badge": (".pg-badge", "Inter"),
    "heading in code": (".ps h4", "JetBrains Mono"),
    "code": ("code", "JetBrains Mono"),
    "pre": (".ps-out", "JetBrains Mono"),
}
CLONE = """([selector, weight, samples]) => {
  const model = document.querySelector(selector);
  for (const [script, text] of Object.entries(samples)) {
    const copy = model.cloneNode(false);
    Object.assign(copy, { textContent: text, id: "", className: model.className + " probe" });
    if (weight) copy.style.fontWeight = weight;
    model.after(copy);
    copy.dataset.script = script;
  }
  return document.fonts.ready.then(() => getComputedStyle(model).fontWeight);
}"""


def fonts_of(session, selector: str) -> list[list[tuple[str, int]]]:
    """Per element: (family, characters) that Chromium drew its text with; a font of the machine has a * at its end."""
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    nodes = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": selector})["nodeIds"]
    drawn = [session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"] for node in nodes]
    return [
        [(one["familyName"] + "*" * (not one["isCustomFont"]), round(one["glyphCount"])) for one in of] for of in drawn
    ]


@pytest.fixture
def styles(page):
    """A page whose first tab has answered, and a session of the browser's own inspector on it."""
    page.locator(".ps-out").first.wait_for()
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    return session


def test_every_letter_of_every_weight_is_ours(page, styles):
    for kind, (selector, family) in ELEMENTS.items():
        for weight in ("", "400", "500", "600", "700"):
            page.evaluate("document.querySelectorAll('.probe').forEach((probe) => probe.remove())")
            page.evaluate(CLONE, [selector, weight, SAMPLES])
            page.wait_for_function("document.fonts.status === 'loaded'")
            for script, found in zip(reversed(SAMPLES), fonts_of(styles, ".probe"), strict=True):
                said = f"{kind}, weight {weight or 'its own'}, {script}: {found}"
                assert [name for name, _ in found] == [family], said
                assert sum(count for _, count in found) > 20, said


# The page's text, each piece of it numbered, in a copy that no answer changes any more.
STILL = """() => {
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  const shown = document.querySelector(".gradio-container");
  const texts = [...shown.querySelectorAll("*")].filter(
    (one) => one.checkVisibility() && [...one.childNodes].some(isText));
  for (const one of texts) one.dataset.text = "";
  const copy = shown.cloneNode(true);
  for (const one of texts) delete one.dataset.text;
  copy.classList.add("still");
  shown.after(copy);
  shown.style.display = "none";
}"""
MOVING = """() => {
  const copy = document.querySelector(".still");
  copy.previousElementSibling.style.display = "";
  copy.remove();
}"""


def test_all_text_of_every_tab_is_ours(page, styles):
    for tab in TABS:
        page.get_by_role("tab", name=tab.TITLE, exact=True).first.click()
        at_rest(page)
        page.evaluate(STILL)
        page.wait_for_function("document.fonts.status === 'loaded'")
        found = fonts_of(styles, ".still [data-text]")
        texts = page.locator(".still [data-text]").all_inner_texts()
        assert len(found) > 20
        strangers = {
            text[:40]: names
            for text, fonts in zip(texts, found, strict=True)
            if (names := {name for name, _ in fonts}) - {"Inter", "JetBrains Mono"}
        }
        assert strangers == {}, tab.TITLE
        page.evaluate(MOVING)


def test_who_reads_latin_letters_downloads_two_files(page):
    page.locator(".ps-out").first.wait_for()
    page.wait_for_function("document.fonts.status === 'loaded'")
    files = page.evaluate("performance.getEntriesByType('resource').map((r) => r.name).filter((n) => /woff/.test(n))")
    names = [address.rsplit("/", 1)[1].split(".")[0] for address in files]
    assert sorted(names) == ["inter-latin", "jetbrains-mono-latin"], files
    assert all("/fonts/" in address for address in files)


def test_text_keeps_its_place_when_the_font_arrives(page, styles):
    sizes = page.evaluate("""() => {
      const probe = document.createElement("span");
      probe.textContent = "Each token as it arrives, how sure the model was and what it could have said instead";
      probe.style.cssText = "position: absolute; white-space: nowrap; line-height: normal; font-size: 16px";
      document.querySelector(".gradio-container").append(probe);
      const sizes = {};
      for (const name of ["Inter", "Inter Fallback", "JetBrains Mono", "JetBrains Mono Fallback"]) {
        probe.style.fontFamily = `'${name}'`;
        sizes[name] = [probe.getBoundingClientRect().width, probe.getBoundingClientRect().height];
      }
      probe.className = "stand-in";
      return sizes;
    }""")
    stands_in = fonts_of(styles, ".stand-in")[0][0][0].rstrip("*")
    if stands_in not in FAMILIES[1].fallback:
        pytest.skip(f"this machine has none of the fonts that stand in, only {stands_in}")
    for name in ("Inter", "JetBrains Mono"):
        ours, theirs = sizes[name], sizes[f"{name} Fallback"]
        assert theirs[0] == pytest.approx(ours[0], rel=0.02), sizes
        assert theirs[1] == pytest.approx(ours[1], abs=1), sizes
