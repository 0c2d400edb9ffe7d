"""What people say in more words than the grammar has, or in fewer: each comes down to words that it knows."""

from __future__ import annotations

import re

from PIL import ImageColor

_THE = r"(?:the |my |our |this )?"
_WHO = "subject|person|people|foreground"
_SUBJECT = rf"{_THE}(?:main )?({_WHO})"
_OBJECT = rf"{_THE}(?:it|me|us|her|him|them|{_WHO}|object|item|product|thing)"
_COLOURS = r"(?:the |all )*colou?rs?\b(?! temp| contrast| cast)"
_MEASURES = r"(contrast|saturation|brightness|exposure|sharpness|warmth|vibrance|temperature)"
_BETWEEN = r"((?:(?! and | then )[^,;.]){0,80}?)"
_VERY = r"(?: (?:a bit|a little|quite|rather|very|so|really|too))*"
_TOO = (
    rf"\b(?:(?:way |much |far |a bit |a little )?too|(?:image|picture|photo|pic|shot|this) (?:is|looks|seems){_VERY})"
)

_SIGNS_AND_LISTS = (
    (r"\bw/", "with "),
    (r"(?:^|\s)\d[.)]\s", " ; "),
    (r"(\d) ?per ?cent\b", r"\1%"),
    (r"\b\w+ \((#[0-9a-f]{3,8})\)", r"\1"),
    (r"\bby half\b", "by 50%"),
    (r"\bby (\d+)\b(?! ?%)", r"by \1%"),
    (rf"\+ ?(\d+)%? {_MEASURES}", r"more \1% \2"),
    (rf"\b{_MEASURES} ?\+ ?(\d+)%?", r"more \2% \1"),
    (rf"\b{_MEASURES} ?[-\u2212] ?(\d+)%?", r"less \2% \1"),
    (r"^(?:the )?sky ?(?:->|:|=|should be|should look|to)", "change the sky to"),
)
_PARTS = (
    (rf"\b(?:everything|all) (?:except|but|apart from|besides)(?: for)? {_SUBJECT}\b", "background"),
    (rf"(?:\b(?:keep|leave|with|only|just) )?\b{_SUBJECT} in colou?r\b", r", keep the \1,"),
    (rf"\b(keep|keeping|leave|leaving)\b{_BETWEEN} (?:sharp|crisp|in focus)\b", r"\1\2"),
    (rf"^(?:(?:i )?(?:keep|leave|want|need) )?(?:only|just) {_SUBJECT}(?=[,;.]|$)", "cut out the subject"),
    (rf"^(?:keep |leave )?{_SUBJECT} only$", "cut out the subject"),
    (
        rf"\b(?:put|place|set)(?: {_OBJECT})? (?:on|onto|over)\b(?! {_THE}(?:picture|image|photo|sky))",
        "make background",
    ),
    (r"\blittle (?=object|thing|item)", ""),
    (rf"\b(remove|delete|erase) {_THE}(?:(?:{'|'.join(ImageColor.colormap)}) )+(?=background|backdrop|bg)", r"\1 "),
)
_LOOKS = (
    (r"\b(?:portrait mode|(?:shallow )?depth of field)", "blurred background"),
    (r"\b(?:colou?r splash|selective colou?r)", "black and white background"),
    (r"\bday(?:time)? (?:in)?to night(?:time)?\b", "night"),
    (r"\bsunny(?: day| weather)?\b(?! sk)", "sunny sky"),
    (r"\b(sunset|sunrise|dusk|dawn) gradient", r"\1"),
    (r"\b(?:no|without|without any|free of|free from) clouds?\b", "clear"),
    (r"\bblu(?:e)?ish\b", "blue"),
    (r"\breddish\b", "red"),
    (r"\bpurpl(?:e)?ish\b", "purple"),
    (r"\b(pink|green|yellow|gr[ae]y|brown|orange)ish\b", r"\1"),
    (r"\b(to|into|with|by) something\b", r"\1"),
    (r"\binstead of .*?(?=[,;.]| and | then |$)", ""),
)
_AMOUNTS = (
    (rf"\b(?:take|drain|pull) {_COLOURS} (?:out of|from)", "greyscale"),
    (r"\b(?:completely|fully|totally) desaturated?\b|\bdesaturate (?:completely|fully|totally)\b", "greyscale"),
    (rf"\b{_MEASURES} down\b", r"less \1"),
    (rf"\b(?:no saturation|(?:remove|no|without) {_COLOURS})", "greyscale"),
    (rf"\b(?:boost|enhance|intensify|increase|richer|stronger|more) {_COLOURS}", "more saturation"),
    (rf"\b(?:lower|drop|reduce|decrease|pull back) (?:the )?(?={_MEASURES})", "less "),
)
# With what they are about in the middle.
_VERBS_IN_TWO_PARTS = (
    (rf"\bcut {_BETWEEN} out\b", r"cut out \1"),
    (rf"\b(?:take|get) {_BETWEEN} (?:out|away)\b(?! of focus)", r"take out \1"),
    (rf"\b(?:turn|bring|tone|dial)\b{_BETWEEN} down\b", r"less\1"),
    (rf"\b(cool|dim|darken)\b{_BETWEEN} down\b", r"\1\2"),
    # "Tone down the colours" is "less the colours" by now.
    (rf"\b(?:reduce|mute|less|fewer) {_COLOURS}", "less saturation"),
    (r"\b(?:don't|do not) want\b", "remove"),
)
# For what would be right.
_COMPLAINTS = (
    (rf"{_TOO} (?:dark|dim)\b|\bunderexposed\b", "brighter"),
    (rf"{_TOO} (?:bright|light)\b|\boverexposed\b", "darker"),
    (rf"{_TOO} (?:blurry|soft)\b", "sharper"),
    (rf"{_TOO} warm\b", "cooler"),
    (rf"{_TOO} (?:cold|cool)\b", "warmer"),
    (rf"{_TOO} (?:saturated|colou?rful|vivid|vibrant)\b", "less saturation"),
    (rf"{_TOO} (?:busy|cluttered|messy|distracting|boring)\b", ""),
    (rf"\btoo much (?={_MEASURES})", "less "),
    (rf"\b(?:too little|not enough) (?={_MEASURES})", "more "),
    (r"\b(?:not|isn't|aren't) (?:so|too|as) ", "less "),
    (r"\b(?:not|isn't|aren't) (\w+) enough\b", r"more \1"),
    (r"\btoo (?=(?:an? )?(?:\w+ )?(?:sky|sunset|night|gradient|studio)\b)", "to "),
)
_IDIOMS = tuple(
    (re.compile(said), meant)
    for said, meant in (*_SIGNS_AND_LISTS, *_PARTS, *_LOOKS, *_AMOUNTS, *_VERBS_IN_TWO_PARTS, *_COMPLAINTS)
)


def plain(prompt: str) -> str:
    """The prompt in lower case and in words that the vocabulary has, as far as they are known to mean the same."""
    text = prompt.lower().replace("\u2019", "'")
    for idiom, meaning in _IDIOMS:
        text = idiom.sub(meaning, text)
    return text
