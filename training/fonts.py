"""Makes ``assets/fonts``: the page's two families as small woff2 files, and a style sheet for each.

A reader of one script downloads only that script's file. What is built in cannot be switched off by a style sheet or
forgotten on a canvas: figures of one width, an l with a tail, an I with serifs, and no ligature that shows other
characters than the ones that stand there (``->`` stays two characters).

    python -m pip install fontpkg-inter==4.1.post1 fontpkg-jetbrains-mono==2.211 fonttools==4.68.0 brotli==1.2.1
    python -m training.fonts
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

FONTS = Path(__file__).parents[1] / "assets" / "fonts"
WEIGHTS = (400, 700)
KEPT = ("kern", "ccmp", "locl", "mark", "mkmk", "frac", "case", "zero")

LATIN = (
    "20-FF 131 152-153 2BB-2BC 2C6-2C7 2D8-2DD 2000-206F 2070-209F 20AC 2113 2122 2126 2190-21FF 2202-2265 2423 "
    "2500 2502 250C 2514 251C 2581-2588 25A0-25FF 2713 2717 27E8-27E9 FEFF FFFD"
)
SUBSETS = {  # a character belongs to the first subset that names it
    "latin": LATIN,
    "latin-ext": "100-17F 218-21B 237 259 1E80-1E85 1E9E 1EF2-1EF3 20A0-20BF",
    "vietnamese": "1A0-1A1 1AF-1B0 300-303 306 308-309 323 1EA0-1EF9 20AB",
    "greek": "370-3FF 1F00-1FFF",
    "cyrillic": "400-52F 1C80-1C88 2116 2DE0-2DFF A640-A69F",
}


@dataclass(frozen=True)
class Family:
    """Where a family comes from, and what is built into its files.

    ``fallback`` are fonts of the reader's own machine, shown until ours arrive; ``stretch`` makes their letters as wide
    as ours (the average width of English text in both, as a percentage), so that nothing moves when they are replaced.
    """

    name: str
    package: str
    file: str
    built_in: tuple[str, ...]
    pinned: dict[str, float]
    fallback: tuple[str, ...]
    stretch: float


FAMILIES = (
    Family(
        "Inter",
        "fontpkg_inter",
        "Inter[opsz,wght].ttf",
        ("tnum", "cv05", "cv08"),
        {"opsz": 20},
        ("Arial", "Liberation Sans", "Helvetica Neue", "Roboto"),
        104.8,
    ),
    Family(
        "JetBrains Mono",
        "fontpkg_jetbrains_mono",
        "JetBrainsMono[wght].ttf",
        (),
        {},
        ("Menlo", "DejaVu Sans Mono", "Liberation Mono", "Courier New"),
        100.0,
    ),
)


def main() -> None:
    """Writes every file anew."""
    for old in FONTS.glob("*.woff2"):
        old.unlink()
    for family in FAMILIES:
        write_family(family)


def write_family(family: Family) -> None:
    """Writes the family's files, the style sheet that names them, and the licence."""
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    source = Path(str(importlib.import_module(family.package).__file__)).parent
    slug = family.name.lower().replace(" ", "-")
    shutil.copyfile(source / "LICENSE", FONTS / f"{slug}-OFL.txt")
    font = TTFont(source / "files" / family.file, recalcTimestamp=False)
    font = instancer.instantiateVariableFont(font, {**family.pinned, "wght": WEIGHTS})
    build_in(font, family.built_in)
    metrics = font["hhea"].ascent, font["hhea"].descent, font["head"].unitsPerEm
    covered: set[int] = set()
    rules = []
    for subset, wanted in SUBSETS.items():
        characters = (characters_of(wanted) & set(font.getBestCmap())) - covered
        covered |= characters
        data = subset_of(font, characters)
        file = FONTS / f"{slug}-{subset}.{hashlib.sha256(data).hexdigest()[:8]}.woff2"
        file.write_bytes(data)
        rules.append(face(family.name, file.name, characters))
    rules.append(fallback_face(family, metrics, covered))
    (FONTS / f"{slug}.css").write_text("/* Written by training/fonts.py */\n" + "".join(rules), encoding="utf-8")


def build_in(font, features: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]  # fontTools.ttLib.TTFont
    """Makes the glyphs of these features (each swaps one glyph for one other) the ones that characters get.

    Figures of one width are for digits: the same feature would make a hyphen as wide as a digit, in every word.
    """
    table = font["GSUB"].table
    lookups = {
        (index, record.FeatureTag)
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag in features
        for index in record.Feature.LookupListIndex
    }
    for index, feature in sorted(lookups):
        for part in table.LookupList.Lookup[index].SubTable:
            swapped = getattr(part, "ExtSubTable", part).mapping
            for cmap in font["cmap"].tables:
                meant = set(map(ord, "0123456789")) if feature == "tnum" else set(cmap.cmap)
                cmap.cmap |= {code: swapped.get(glyph, glyph) for code, glyph in cmap.cmap.items() if code in meant}


def subset_of(font, characters: set[int]) -> bytes:  # type: ignore[no-untyped-def]  # fontTools.ttLib.TTFont
    """The woff2 file of these characters alone."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    part = TTFont(BytesIO(bytes_of(font)), recalcTimestamp=False)
    subsetter = Subsetter(Options(layout_features=list(KEPT), hinting=False, notdef_outline=True))
    subsetter.populate(unicodes=characters)
    subsetter.subset(part)
    part.flavor = "woff2"
    return bytes_of(part)


def bytes_of(font) -> bytes:  # type: ignore[no-untyped-def]  # fontTools.ttLib.TTFont
    """The file."""
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def characters_of(ranges: str) -> set[int]:
    """``"41-43 61"`` -> 0x41, 0x42, 0x43, 0x61."""
    found: set[int] = set()
    for one in ranges.split():
        first, _, last = one.partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


def ranges_of(characters: set[int]) -> str:
    """The same the other way round, in the form of CSS.

    >>> ranges_of({0x41, 0x42, 0x43, 0x61})
    'U+41-43, U+61'
    """
    runs: list[list[int]] = []
    for code in sorted(characters):
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return ", ".join(f"U+{first:X}" + (f"-{last:X}" if last > first else "") for first, last in runs)


def face(name: str, file: str, characters: set[int]) -> str:
    """The rule for one file. Its address is relative to gradio's ``theme.css``."""
    return (
        f"@font-face {{ font-family: '{name}'; font-weight: {WEIGHTS[0]} {WEIGHTS[1]}; font-display: swap; "
        f"src: url('fonts/{file}') format('woff2');\n  unicode-range: {ranges_of(characters)}; }}\n"
    )


def fallback_face(family: Family, metrics: tuple[int, int, int], characters: set[int]) -> str:
    """The rule for a font of the reader's machine with our heights and widths."""
    ascent, descent, em = metrics
    scale = family.stretch / 100
    local = ", ".join(f"local('{name}')" for name in family.fallback)
    return (
        f"@font-face {{ font-family: '{family.name} Fallback'; src: {local};\n"
        f"  size-adjust: {family.stretch}%; ascent-override: {ascent / em / scale:.2%}; "
        f"descent-override: {-descent / em / scale:.2%}; line-gap-override: 0%;\n"
        f"  unicode-range: {ranges_of(characters)}; }}\n"
    )


if __name__ == "__main__":
    main()
