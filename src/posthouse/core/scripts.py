"""Tells whether a domain label is written in one script and so may be shown in its own letters."""

import unicodedata

# A label may mix these sets and no others (the "highly restrictive" level of UTS #39, 5.2).
_MAY_STAND_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)

# The first word of a character's Unicode name is its script, but for these.
_SAME_SCRIPT = {"IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "KATAKANA", "ARABIC-INDIC": "ARABIC"}
_NO_SCRIPT = frozenset({"DIGIT", "HYPHEN-MINUS", "COMBINING", "MIDDLE"})

# Letters that a reader takes for Latin ones: a label of nothing else imitates a Latin name.
_LOOK_LATIN = frozenset("асԁеһіјӏорԛѕԝхуѵьгпшѡαικνορτυχωγη")


def _script(character: str) -> str | None:
    word = unicodedata.name(character, "UNNAMED").split(" ", 1)[0]
    return None if word in _NO_SCRIPT else _SAME_SCRIPT.get(word, word)


def reads_as_itself(label: str) -> bool:
    """Whether a U-label uses one script (or an accepted mix) and does not pass for a Latin name."""
    scripts = {script for character in label if (script := _script(character))}
    if len(scripts) > 1 and not any(scripts <= mix for mix in _MAY_STAND_TOGETHER):
        return False
    letters = [character for character in label if character.isalpha()]
    return not letters or not all(letter in _LOOK_LATIN for letter in letters)
