"""Generated texts for property tests: ordinary requests, and everything Unicode can throw at a tokeniser."""

from hypothesis import strategies as st

NOTABLE = [
    "", " ", "\t\n", "a", "'s", "’s", "'", "''s", "tobymac's", "rock'n'roll", "o’clock", "İstanbul", "ΟΔΟΣ", "ß ẞ",
    "Å Å Å", "é é", "\u0301", "a\u0301\u0323", " \u0301a", "हिन्दी में गाना बजाओ", "สวัสดีครับ", "音楽を流して", "コーヒーを飲む",
    "ကျေးဇူး", "អរគុណ", "ສະບາຍດີ", "한국어 음악", "\u1112\u1161\u11ab", "❤️ 👍🏽 👩‍👩‍👧", "7pm", "McDonald", "３時", "²½",
    "a\u3000b", "a\u00a0b", "a\x1cb", "x\u2028y", "Ⱥ Ⱦ", "ǅ", "ﬁn", "\u2126", "\u212a", "𠀀𠀁", "\U0002f800", "𝐀𝐛", "a\u200db",
    "play river by joni mitchell", "wake me at 7:30 a.m., please!",
]  # fmt: skip

words = st.sampled_from(
    [
        "play",
        "River",
        "by",
        "joni",
        "MITCHELL",
        "tobymac's",
        "7:30",
        "p.m.",
        "café",
        "Łódź",
        "歌",
        "เพลง",
        "गाना",
        "!",
        "👍🏽",
        "’s",
    ]
)
requests = st.lists(words, max_size=9).map(" ".join)
anything = st.text(st.characters(codec="utf-8"), max_size=40)
texts = st.one_of(
    requests, anything, st.sampled_from(NOTABLE), st.lists(st.sampled_from(NOTABLE), max_size=4).map("".join)
)
