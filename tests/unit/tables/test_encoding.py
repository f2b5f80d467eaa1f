"""Files in the encodings of the world; a bad byte costs its own line."""

from __future__ import annotations

import pytest

from playground.errors import InputError
from playground.tables import ENCODINGS, read_file

TEXTS = {
    "utf-8": ["Отличный фильм 👍🏽", "这家餐厅很好", "Das Essen war schön"],
    "utf-16": ["Отличный фильм 👍🏽", "这家餐厅很好", "Das Essen war schön"],
    "cp1251": ["Отличный фильм, очень понравилось.", "Суп был холодный, а официант так и не пришёл.", "Ужасно."],
    "koi8-r": ["Отличный фильм, очень понравилось.", "Суп был холодный, а официант так и не пришёл.", "Ужасно."],
    "gb18030": ["这家餐厅的服务非常好，下次还会再来。", "电影很无聊，浪费时间。", "质量不错，价格也合理。"],
    "big5": ["這家餐廳的服務非常好，下次還會再來。", "電影很無聊，浪費時間。", "質量不錯，價格也合理。"],
    "cp932": ["この映画はとても面白かったです。", "サービスが悪くて、もう行きません。", "値段のわりに良い商品です。"],
    "euc_jp": ["この映画はとても面白かったです。", "サービスが悪くて、もう行きません。", "値段のわりに良い商品です。"],
    "cp949": ["이 영화는 정말 재미있었어요.", "서비스가 너무 나빠서 다시는 안 갈 거예요.", "가격이 좋아요."],
    "cp1252": [
        "Le café était très bon, merci à l\u2019équipe.",
        "Das Essen war schön, aber zu teuer.",
        "Año nuevo, niño.",
    ],
    "cp1250": [
        "Zupa była zimna, a kelner nigdy nie wrócił.",
        "Příliš žluťoučký kůň úpěl ďábelské ódy.",
        "Świetny film.",
    ],
    "cp1253": ["Η σούπα ήταν κρύα και ο σερβιτόρος δεν επέστρεψε ποτέ.", "Εξαιρετική ταινία."],
    "cp1255": ["המרק היה קר והמלצר לא חזר.", "סרט נהדר, מומלץ מאוד."],
    "cp1256": ["كان الحساء باردا ولم يعد النادل أبدا.", "فيلم رائع جدا"],
}


def write(tmp_path, data: bytes, name="a.csv"):
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


def content(texts) -> str:
    return "text,label\n" + "".join(f'"{text}",{n % 2}\n' for n, text in enumerate(texts))


@pytest.mark.parametrize("encoding", TEXTS)
def test_every_encoding_is_found(tmp_path, encoding):
    table = read_file(write(tmp_path, content(TEXTS[encoding]).encode(encoding)))
    assert table.column("text") == TEXTS[encoding]
    assert table.format.encoding == encoding


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_can_be_chosen(tmp_path, encoding):
    texts = TEXTS.get(encoding, ["plain"])
    table = read_file(write(tmp_path, content(texts).encode(encoding)), encoding=encoding)
    assert table.column("text") == texts and table.format.encoding == encoding


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl"])
def test_unicode_with_and_without_a_byte_order_mark(tmp_path, codec, name):
    text = {"a.csv": "text\ncafé 语\n", "a.txt": "café 语\n", "a.jsonl": '{"text": "café 语"}\n'}[name]
    assert read_file(write(tmp_path, text.encode(codec), name)).rows == (("café 语",),)


@pytest.mark.parametrize("word", ["café", "naïve", "Größe", "niño", "“so”", "schön; gut"])
def test_a_single_word_beyond_ascii_is_western(tmp_path, word):
    assert read_file(write(tmp_path, f"text\n{word}\n".encode("cp1252"))).rows == ((word,),)


@pytest.mark.parametrize(
    ("name", "data", "rows", "line"),
    [
        ("a.csv", "text,label\nschön,1\n?,0\nмир,1\n", ["schön", "мир"], 3),
        ("a.csv", 'text,label\n"zwei\nschöne ?\nZeilen",1\nмир,1\n', ["мир"], 3),
        ("a.jsonl", '{"text": "schön"}\n{"text": "?"}\n{"text": "мир"}\n', ["schön", "мир"], 2),
        ("a.txt", "schön\n?\nмир\n", ["schön", "мир"], 2),
    ],
)
def test_a_bad_byte_costs_its_own_row_and_its_line_is_named(tmp_path, name, data, rows, line):
    table = read_file(write(tmp_path, data.encode().replace(b"?", b"\xff"), name))
    assert [row[0] for row in table.rows] == rows and table.format.encoding == "utf-8"
    assert [(bad.line, "0xFF" in bad.reason) for bad in table.bad_rows] == [(line, True)]


def test_a_nul_costs_its_own_row(tmp_path):
    lines = "text\n" + "good\n" * 400 + "ba\0d\n"
    table = read_file(write(tmp_path, lines.encode()))
    assert len(table.rows) == 400 and table.bad_rows[0].line == 402


@pytest.mark.parametrize("encoding", ["idna", "zlib_codec", "unicode_escape", "no such", "rot13", "\0"])
def test_other_codecs_of_python_are_refused(tmp_path, encoding):
    with pytest.raises(InputError, match="Use utf-8") as caught:
        read_file(write(tmp_path, b"text\na\n"), encoding=encoding)
    assert "cp1251" in caught.value.fix


def test_a_choice_that_can_not_be_right_is_refused(tmp_path):
    with pytest.raises(InputError, match="not in the encoding utf-8"):
        read_file(write(tmp_path, b"text\n" + b"\xe9\n" * 10_001), encoding="utf-8")
