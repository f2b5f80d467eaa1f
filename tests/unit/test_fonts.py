"""The files of ``assets/fonts``: what the style sheets promise is in them, and how they are served."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tabs.fonts import FONTS, MONO, SANS, FontPreload, font_route
from tabs.theme import THEME

FILES = sorted(FONTS.glob("*.woff2"))
RULE = re.compile(r"url\('fonts/([^']+)'\) format\('woff2'\);\s+unicode-range: ([^;]+);")


def promised(ranges: str) -> set[int]:
    """The characters of a ``unicode-range``."""
    found: set[int] = set()
    for first, last in re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", ranges):
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


@pytest.fixture(scope="module")
def rules() -> dict[str, set[int]]:
    """File name -> the characters that its rule promises."""
    sheets = "".join(path.read_text(encoding="utf-8") for path in FONTS.glob("*.css"))
    return {name: promised(ranges) for name, ranges in RULE.findall(sheets)}


def test_every_file_has_a_rule_and_every_rule_a_file(rules):
    assert sorted(rules) == [path.name for path in FILES]
    assert len(FILES) == 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_the_characters_that_its_rule_promises(path, rules):
    assert set(TTFont(path).getBestCmap()) == rules[path.name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_name_holds_the_hash_of_the_content_so_that_a_browser_may_keep_the_file(path):
    assert path.name.split(".")[1] == hashlib.sha256(path.read_bytes()).hexdigest()[:8]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_every_weight_that_the_page_uses(path):
    axes = {axis.axisTag: (axis.minValue, axis.maxValue) for axis in TTFont(path)["fvar"].axes}
    assert axes == {"wght": (400, 700)}


def glyph(font: TTFont, character: str) -> tuple[int, bytes]:
    """The advance width and the outline of a character."""
    name = font.getBestCmap()[ord(character)]
    return font["hmtx"][name][0], font["glyf"][name].compile(font["glyf"])


@pytest.mark.parametrize("family", ["inter", "jetbrains-mono"])
def test_figures_have_one_width_and_no_two_letters_look_the_same(family):
    font = TTFont(next(FONTS.glob(f"{family}-latin.*.woff2")))
    assert len({glyph(font, digit)[0] for digit in "0123456789"}) == 1
    assert len({glyph(font, letter)[1] for letter in "1lI|"}) == 4
    assert len({glyph(font, letter)[1] for letter in "0O"}) == 2


def test_inter_has_an_l_with_a_tail_and_an_i_with_serifs():
    font = TTFont(next(FONTS.glob("inter-latin.*.woff2")))
    widths = {letter: glyph(font, letter)[0] for letter in "lIi-0"}
    assert widths["l"] > widths["i"]  # a bare stem is narrower than an i
    assert widths["I"] > 1.5 * widths["i"]
    assert widths["-"] < widths["0"]  # figures of one width are for digits, not for hyphens


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_ligature_shows_other_characters_than_the_ones_that_stand_there(path):
    table = TTFont(path).get("GSUB")
    features = {record.FeatureTag for record in table.table.FeatureList.FeatureRecord} if table else set()
    assert not features & {"calt", "liga", "clig", "dlig", "rlig"}


def test_the_theme_uses_them_and_names_no_other_file():
    assert THEME.font.startswith("'Inter', 'Inter Fallback'")
    assert THEME.font_mono.startswith("'JetBrains Mono', 'JetBrains Mono Fallback'")
    css = THEME._get_theme_css()
    assert sorted(re.findall(r"url\('([^']+)'\)", css)) == [f"fonts/{path.name}" for path in FILES]
    assert THEME._stylesheets == []


def test_all_of_it_is_licensed_in_the_folder_and_named_in_the_notice():
    notice = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
    for font in (SANS[0], MONO[0]):
        licence = FONTS / f"{font.name.lower().replace(' ', '-')}-OFL.txt"
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence.read_text(encoding="utf-8")
        assert font.name in notice
        assert f"assets/fonts/{licence.name}" in notice


@pytest.fixture
def served() -> TestClient:
    """A page with the fonts, as `launch_options` sets it up."""
    page = Route("/", lambda request: HTMLResponse("<p>"))
    other = Route("/other", lambda request: HTMLResponse("<p>"))
    return TestClient(Starlette(routes=[page, other, font_route()], middleware=[Middleware(FontPreload)]))


def test_the_page_asks_for_the_latin_files_at_once(served):
    link = served.get("/").headers["link"]
    addresses = re.findall(r"<([^>]+)>; rel=preload; as=font; type=font/woff2; crossorigin", link)
    assert [address.split(".")[0] for address in addresses] == ["fonts/inter-latin", "fonts/jetbrains-mono-latin"]
    for address in addresses:
        answer = served.get(f"/{address}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "font/woff2"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "link" not in served.get("/other").headers


def test_only_font_files_are_kept_for_a_year(served):
    assert "cache-control" not in served.get("/fonts/inter.css").headers
    assert served.get("/fonts/../theme.py").status_code == 404
