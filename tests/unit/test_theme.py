"""The theme's own colours: what can be pressed is seen, chosen or not."""

import re
from pathlib import Path

import pytest

from tabs.theme import THEME

ASSETS = Path(__file__).parents[2] / "assets"
READ = 4.5  # WCAG 2.2, 1.4.3: letters on their ground

SEEN = 3.0  # WCAG 2.2, 1.4.11: what tells a control from what is around it


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, from 0 to 1. Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_wcags():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["", "_dark"])
@pytest.mark.parametrize("ground", ["block_background_fill", "button_secondary_background_fill"])
@pytest.mark.parametrize("state", ["", "_hover"])
def test_the_ring_of_a_radio_or_checkbox_that_is_off_is_seen(scheme, ground, state):
    ring = getattr(THEME, f"checkbox_border_color{state}{scheme}")
    assert contrast(ring, getattr(THEME, f"{ground}{state if 'button' in ground else ''}{scheme}")) >= SEEN


def colours(scheme: str) -> dict[str, str]:
    """The custom properties of the page, by name, in ``:root`` or ``.dark``."""
    css = (ASSETS / "style.css").read_text(encoding="utf-8")
    light, dark = (re.search(rf"^{rule} {{(.+?)^}}", css, re.MULTILINE | re.DOTALL) for rule in (":root", r"\.dark"))
    found = dict(re.findall(r"--(pg-[\w-]+): (#[0-9a-f]{6});", light[1]))
    return found | (dict(re.findall(r"--(pg-[\w-]+): (#[0-9a-f]{6});", dark[1])) if scheme else {})


@pytest.mark.parametrize("scheme", ["", "_dark"])
@pytest.mark.parametrize(("file", "steps"), [("view.css", "t[1-5]"), ("twin.css", "k[0-4]")])
def test_tokens_are_read_on_every_tint(scheme, file, steps):
    found = colours(scheme)
    rule = rf"\.{steps} {{ background: var\(--([\w-]+)\);(?: color: var\(--([\w-]+)\);)? }}"
    tints = re.findall(rule, (ASSETS / "views/generation" / file).read_text(encoding="utf-8"))
    assert len(tints) == 5
    for ground, ink in tints:
        assert contrast(found[ground], found[ink or "pg-ink"]) >= READ - 0.005, (ground, ink)


@pytest.mark.parametrize("scheme", ["", "_dark"])
def test_numbers_are_read_on_every_step_that_a_matrix_takes(scheme):
    found = colours(scheme)
    for step in (0, 1, 2, 3, 4, 6, 7, 8):
        assert contrast(found[f"pg-seq-{step}"], found["pg-ink" if step < 5 else "pg-surface"]) >= READ - 0.005, step


def test_a_view_follows_the_theme_by_its_colours_alone():
    """Its rules hold below its own element, so that none of them can ask what the page around it is."""
    rules = [path.read_text(encoding="utf-8") for path in (ASSETS / "views").glob("*/*.css")]
    assert len(rules) > 20 and not [rule for rule in rules if re.search(r"\.dark\b", rule)]


def test_no_rule_that_looks_into_what_it_holds_restyles_all_of_it():
    """Whatever changes inside of such an element, as a token that arrives, would restyle each element beside it."""
    wide = re.compile(r":has\([^()]*> (\*|:not\()|:has\(.*\s\*\s*$", re.S)  # as an argument, or as what is drawn
    for file in sorted(ASSETS.rglob("*.css")):
        lists = re.findall(r"^[^{}@/]*:has\([^{}]*(?=\{)", file.read_text(encoding="utf-8"), re.M)
        selectors = [one for several in lists for one in re.split(r",\s*(?![^()]*\))", several)]
        assert [one.strip() for one in selectors if wide.search(one)] == [], file.name
