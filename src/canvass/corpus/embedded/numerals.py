"""Numbers as people say them: round ones mostly, in digits or in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canvass.corpus.embedded.dice import Dice

SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
TWENTY, HUNDRED, THOUSAND = 20, 100, 1000

PERCENT = (*range(5, 101, 5), *range(10, 101, 10), 20, 30, 50, 50, 80)
CELSIUS = (*range(16, 26), 19, 20, 20, 21, 21, 22, 19.5, 20.5, 21.5)
FAHRENHEIT = (*range(60, 79), 66, 68, 70, 72)
# What is usually asked for; a number of the list's whole range is drawn now and then.
USUAL: dict[str, tuple[float, ...]] = {
    "timer_hours": (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10, 12, 24),
    "timer_minutes": (*range(1, 11), 5, 5, 10, 10, 12, 18, *range(15, 51, 5), 15, 20, 30, 90),
    "timer_seconds": (5, 10, 10, 15, 20, 20, 25, 30, 30, 30, 40, 45, 45, 50, 60, 90),
    "temperature": CELSIUS + FAHRENHEIT,
    "brightness": PERCENT,
    "position": PERCENT,
    "fan_speed": PERCENT,
    "volume": PERCENT,
    "volume_step_up": (5, 5, 10, 10, 15, 20, 25, 30),
    "volume_step_down": (5, 5, 10, 10, 15, 20, 25, 30),
    "color_temperature": (2200, *range(2500, 6501, 500), 2700, 2700, 3000, 4000),
}
UNUSUAL = 0.08
IN_WORDS = 0.35
MOST_IN_WORDS = 100


def in_words(number: int, hyphen: str = " ") -> str:
    """Spell a whole number below ten thousand.

    >>> in_words(45, "-"), in_words(2700), in_words(0)
    ('forty-five', 'two thousand seven hundred', 'zero')
    """
    if number < TWENTY:
        return SMALL[number]
    if number < HUNDRED:
        tens, rest = divmod(number, 10)
        return TENS[tens - 2] + (hyphen + SMALL[rest] if rest else "")
    unit, name = (THOUSAND, "thousand") if number >= THOUSAND else (HUNDRED, "hundred")
    count, rest = divmod(number, unit)
    return f"{in_words(count, hyphen)} {name}" + (f" {in_words(rest, hyphen)}" if rest else "")


def numeral(list_name: str, numbers: range, dice: Dice) -> str:
    """Draw a number of a list and write it in digits or in words."""
    number = dice.pick(numbers) if dice.chance(UNUSUAL) else dice.pick(USUAL.get(list_name, numbers))
    if number != int(number):
        return f"{in_words(int(number))} and a half" if dice.chance(IN_WORDS) else f"{number:g}"
    # Nobody spells out a colour temperature.
    if number <= MOST_IN_WORDS and dice.chance(IN_WORDS):
        return in_words(int(number), "-" if dice.chance(UNUSUAL) else " ")
    return f"{int(number)}"
