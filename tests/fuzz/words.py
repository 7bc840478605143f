"""Texts that people type as codes, each with its meaning; the meaning is never parsed."""

from dataclasses import dataclass

CODE, RECOVERY, NOTHING, GARBAGE = "code", "recovery code", "nothing", "garbage"


@dataclass(frozen=True)
class Typed:
    """A text and its meaning; `value` is six digits or a recovery code's 20 symbols."""

    text: str
    means: str
    value: str = ""


BLANK = (Typed("", NOTHING), Typed("   ", NOTHING))
JUNK = tuple(
    Typed(text, GARBAGE)
    for text in (
        "12345",
        "1234567",
        "١٢٣٤٥",  # Arabic-Indic digits
        "१२३४५",  # Devanagari digits
        "𝟏𝟐𝟑𝟒𝟓",  # mathematical digits
        "①②③④⑤⑥",
        "12345\0",
        "\0\0\0\0\0\0",
        "123456\n000000",
        "+12345",
        "0x1234",
        "1e5",
        "-1",
        "' OR 1=1 --",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "café",
        "\ufffd",
        "0" * 65,
        "9" * 300_000,
        "ABCD-EFGH-JKMN-PQRS-TVW",
        "UUUU-UUUU-UUUU-UUUU-UUUU",  # no U in Crockford's alphabet
    )
)


def as_typed(digits: str, how: int = 0) -> Typed:
    """Six digits as people and phones write them."""
    spaced = f"{digits[:3]} {digits[3:]}"
    wide = "".join(chr(0xFF10 + int(digit)) for digit in digits)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in digits)
    dashed, dotted = f"{digits[:3]}\u2013{digits[3:]}", f"Code: {digits[:3]}.{digits[3:]}"
    texts = (digits, spaced, f"  {digits}\t", wide, dashed, arabic, dotted)
    return Typed(texts[how % len(texts)], CODE, digits)


def as_recovery(code: str, how: int = 0) -> Typed:
    """A recovery code as it is printed, or as people write it."""
    symbols = code.replace("-", "")
    sloppy = symbols.lower().replace("0", "o").replace("1", "l")
    texts = (code, symbols, sloppy, " ".join(symbols), code.lower())
    return Typed(texts[how % len(texts)], RECOVERY, symbols)
