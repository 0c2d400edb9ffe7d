"""Text that others wrote (the service, file names, prompts), made harmless for a terminal."""

import unicodedata

LONGEST = 500


def clean(text: str, longest: int = LONGEST) -> str:
    """Untrusted text on one line, with nothing in it that a terminal would act on.

    C0 controls become `^X`; DEL, C1, bidirectional and other invisible characters become `\\uXXXX`.
    """
    safe = "".join(map(_visible, text[: longest + 1]))
    return safe if len(safe) <= longest else safe[: longest - 3] + "..."


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return f"^{chr(code + 64)}"
    if code == 0x7F:
        return "^?"
    if character != " " and unicodedata.category(character) in _UNSAFE:
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    return character


_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
