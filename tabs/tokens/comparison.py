"""Compare, a part of the Tokens tab: two to four tokenizers on the same text, and what each costs per language.

What to try: the Thai sentence; a long number; code with indentation; see who falls back to bytes and who to [UNK].
"""

from __future__ import annotations

from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError
from tabs.page import explain, friendly, publish, receipt_panel, receipt_values, view
from tabs.tokens import api

EMBEDDED = (
    "sentence-transformers/all-MiniLM-L6-v2",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "playground/word-association",
)
# The first article of the Universal Declaration of Human Rights (its first sentence), so that all say the same.
SAMPLES = (
    ("English", "All human beings are born free and equal in dignity and rights."),
    ("French", "Tous les êtres humains naissent libres et égaux en dignité et en droits."),
    ("German", "Alle Menschen sind frei und gleich an Würde und Rechten geboren."),
    ("Spanish", "Todos los seres humanos nacen libres e iguales en dignidad y derechos."),
    ("Portuguese", "Todos os seres humanos nascem livres e iguais em dignidade e em direitos."),
    ("Italian", "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti."),
    ("Turkish", "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar."),
    ("Finnish", "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan."),
    ("Russian", "Все люди рождаются свободными и равными в своем достоинстве и правах."),
    ("Greek", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."),
    ("Arabic", "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق."),
    ("Hebrew", "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם."),
    ("Hindi", "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।"),
    ("Chinese", "人人生而自由,在尊严和权利上一律平等。"),
    ("Japanese", "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"),
    ("Korean", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."),
    ("Thai", "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"),
    ("Vietnamese", "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi."),
    ("Numbers", "3.14159265, 1,234,567 and 2024-02-29 07:45"),
    ("Code", 'for i in range(10):\n    print(f"{i:>3}")  # indented'),
    ("Emoji", "🎉 Well done! 👍🏽 👩‍👩‍👧 🇫🇷 ❤️"),
)
START = "Unbelievably, tokenizers disagree: 12,345 playgrounds, naïve cafés, 👍🏽 and Straßen."
NO_SPACES = ("Chinese", "Japanese", "Thai")


def format_comparison(result: pg.Comparison, titles: list[str]) -> dict[str, Any]:
    """What the comparison view draws: per tokenizer the cells that make up the text."""
    cuts = sorted({0, len(result.text)} | {s.start for item in result.results for s in item.segments})
    return {
        "names": titles,
        "letters": list(result.text),
        "cuts": cuts,
        "agreed": list(result.agreed),
        "contested": list(result.contested),
        "rows": [_cells(item) for item in result.results],
        "totals": [
            [
                title,
                item.algorithm,
                f"{size:,}",
                f"{item.counts.tokens:,}",
                f"{item.counts.unknown_tokens:,}",
                "–" if item.counts.tokens_per_word is None else f"{item.counts.tokens_per_word:.2f}",
            ]
            for title, size, item in zip(titles, result.vocabulary_sizes, result.results, strict=True)
        ],
    }


def _cells(result: pg.Tokenization) -> list[dict[str, Any]]:
    """Segments as cells. A space in front of a word is cut off its cell, so that words stand under each other."""
    cells = []
    for segment in result.segments:
        body = segment.text.lstrip() if segment.tokens else ""
        start = segment.end - len(body) if body else segment.start
        pieces = [result.tokens[index] for index in segment.tokens]
        cells.append(
            {
                "start": start,
                "end": segment.end,
                "tokens": len(pieces),
                "unknown": any(token.unknown for token in pieces),
                "title": " + ".join(f"{token.shown} ({token.token_id})" for token in pieces),
            }
        )
    return cells


def format_languages(rows: list[tuple[str, list[pg.Counts]]]) -> list[list[str]]:
    """One row per sample: tokens, and tokens per word where the language writes spaces; ``?`` counts unknown tokens."""
    table = []
    for name, counts in rows:
        cells = []
        for count in counts:
            rate = "" if name in NO_SPACES or not count.tokens_per_word else f" · {count.tokens_per_word:.2f}/word"
            unknown = f" · {count.unknown_tokens} unknown" if count.unknown_tokens else ""
            cells.append(f"{count.tokens}{rate}{unknown}")
        table.append([name, str(counts[0].characters), *cells])
    return table


def build_section(playground: pg.Playground, tab: gr.Tab) -> None:
    """Lays out the section inside the current Blocks."""
    specs = [spec for spec in playground.catalog if spec.source != "hub" or playground.settings.hub != "off"]
    chosen = [spec.id for spec in specs if spec.id in EMBEDDED] or [spec.id for spec in specs[:2]]

    def title_of(model_id: str) -> str:
        spec = playground.catalog.find(model_id)
        return spec.title if spec else model_id

    def compare(text: str, model_ids: list[str]) -> tuple[dict[str, Any], str, str]:
        request = pg.CompareRequest(text, tuple(model_ids))
        result = playground.compare_tokenizers(request)
        shown = format_comparison(result, [title_of(model_id) for model_id in model_ids])
        return shown, *receipt_values(playground.token_receipt(request))

    def languages(model_ids: list[str]) -> Any:
        if not model_ids:
            raise InputError("No tokenizer is chosen.", "Pick at least one.")
        rows = [
            (
                name,
                [
                    playground.tokenize(pg.TokenizeRequest(text, model_id, add_special_tokens=False)).counts
                    for model_id in model_ids
                ],
            )
            for name, text in SAMPLES
        ]
        headers = ["sample", "characters", *[title_of(model_id) for model_id in model_ids]]
        return gr.Dataframe(format_languages(rows), headers=headers)

    def both(text: str, model_ids: list[str]) -> tuple[Any, ...]:
        return *compare(text, model_ids), languages(model_ids)

    def open_tab(drawn: dict[str, Any] | None, text: str, model_ids: list[str]) -> tuple[Any, ...]:
        return (gr.skip(),) * 4 if drawn and drawn.get("names") else both(text, model_ids)

    def compare_tokenizers(text: str, model_ids: list[str]) -> api.TokenizersCompared:
        """One text under two to four tokenizers, with the character offsets on whose boundaries they differ.

        Args:
            text: up to 20,000 characters.
            model_ids: two to four different ids.

        Returns:
            agreed and contested boundaries, and per model_id: tokens, counts.
        """
        result = playground.compare_tokenizers(pg.CompareRequest(text, tuple(model_ids)))
        results = tuple(
            api.ComparedTokenizer(
                model_id=item.model_id,
                tokens=tuple(token.piece for token in item.tokens),
                input_ids=item.input_ids,
                tokens_per_word=item.counts.tokens_per_word,
                unknown_tokens=item.counts.unknown_tokens,
            )
            for item in result.results
        )
        return api.TokenizersCompared(result.agreed, result.contested, results)

    explain(
        "The same text, cut in different ways. **Thick orange edges** are boundaries that only some tokenizers have."
        " A vocabulary learned on English needs more tokens for other languages: more to pay, and less fits into the"
        " context."
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            text = gr.Textbox(START, label="text", lines=3, max_lines=8)
        with gr.Column(scale=2, min_width=300):
            models = gr.Dropdown(
                [(spec.title, spec.id) for spec in specs],
                value=chosen[:3],
                multiselect=True,
                max_choices=4,
                label="tokenizers",
                info="Two to four.",
                allow_custom_value=playground.settings.hub == "any" and not playground.settings.public,
            )
    gr.Examples(
        [[sample] for _, sample in SAMPLES],
        text,
        example_labels=[name for name, _ in SAMPLES],
        label="The same sentence in many languages, and more",
        examples_per_page=30,
        api_visibility="private",
    )
    shown = view("tokenizer-comparison", {}, elem_id="pg-tokens-compare")
    gr.Markdown("**What each sample costs**: tokens, and tokens per word where words are set apart by spaces.")
    table = gr.Dataframe(headers=["sample", "characters"], interactive=False, show_label=False, max_height=560)
    code, notebook = receipt_panel()

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    tab.select(friendly(open_tab), [shown, text, models], [shown, code, notebook, table], **quiet)
    text.change(friendly(compare), [text, models], [shown, code, notebook], trigger_mode="always_last", **quiet)
    models.input(friendly(both), [text, models], [shown, code, notebook, table], trigger_mode="always_last", **quiet)
    publish(compare_tokenizers)
