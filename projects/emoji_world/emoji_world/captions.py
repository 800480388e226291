"""A small grammar that says what a scene shows."""
from typing import List

from .concepts import concepts
from .dice import Dice
from .plans import Placed, Plan, cover

NUMBERS = ('no', 'one', 'two', 'three', 'four', 'five', 'six')
OPENINGS = ('', '', '', 'a photo of ', 'a picture of ', 'an image of ',
            'a drawing of ', 'a scene with ', 'here is ', 'this is ')
BESIDE = (' next to ', ' beside ', ' near ', ' with ', ' and ', ' and ')


def _place(placed: Placed, plan: Plan) -> str:
    """Where in the image an object is, or nothing if in between."""
    x = (placed.box[0] + placed.box[2]) / 2 / plan.width
    y = (placed.box[1] + placed.box[3]) / 2 / plan.height
    if x < 0.38:
        return ' on the left'
    if x > 0.62:
        return ' on the right'
    if y < 0.38:
        return ' at the top'
    if y > 0.62:
        return ' at the bottom'
    return ' in the middle'


def _sized(phrase: str, placed: Placed, dice: Dice) -> str:
    """Sometimes add "big" or "small" to a noun phrase with an article."""
    side = max(placed.box[2] - placed.box[0], placed.box[3] - placed.box[1])
    article, _, rest = phrase.partition(' ')
    if article not in ('a', 'an') or not dice.chance(0.3):
        return phrase
    if side > 92:
        return dice.choice(('a big ', 'a large ')) + rest
    if side < 54:
        return dice.choice(('a small ', 'a little ')) + rest
    return phrase


def _relation(a: Placed, b: Placed, plan: Plan, dice: Dice) -> str:
    """Words between two objects; true ones."""
    if dice.chance(0.5):
        return dice.choice(BESIDE)
    if cover(b.box, a.box) > 0.05:
        above = plan.objects.index(a) > plan.objects.index(b)
        return ' in front of ' if above else ' behind '
    dx = a.box[0] + a.box[2] - b.box[0] - b.box[2]
    dy = a.box[1] + a.box[3] - b.box[1] - b.box[3]
    if abs(dx) > abs(dy):
        return ' to the left of ' if dx < 0 else ' to the right of '
    return ' above ' if dy < 0 else ' below '


def enumerate_phrases(phrases: List[str]) -> str:
    """"x", "x and y", "x, y and z"."""
    if len(phrases) == 1:
        return phrases[0]
    return ', '.join(phrases[:-1]) + ' and ' + phrases[-1]


def _background(plan: Plan, dice: Dice) -> str:
    """Sometimes mention the background."""
    if not dice.chance(0.2):
        return ''
    kind, colour = plan.background.kind, plan.background.names[0]
    if kind == 'plain':
        return f'{dice.choice((" on a ", " in front of a "))}{colour} ' \
               f'{dice.choice(("background", "wall"))}'
    article = 'an' if kind[0] in 'aeiou' else 'a'
    return f' on {article} {kind} background'


def _subject(plan: Plan, dice: Dice) -> str:
    """The objects, in random order, same ones counted together."""
    order = dice.shuffled(plan.objects)
    groups: dict = {}
    for placed in order:
        groups.setdefault(placed.concept, []).append(placed)
    phrases = []
    for concept, members in groups.items():
        noun = concepts()[concept]
        if len(members) > 1:
            phrases.append(f'{NUMBERS[len(members)]} {noun.many}')
        else:
            phrases.append(_sized(noun.one, members[0], dice))
    if len(groups) == len(order) == 1:
        return phrases[0] + (_place(order[0], plan)
                             if dice.chance(0.2) else '')
    if len(groups) == len(order) and dice.chance(0.6):
        join = _relation(order[0], order[1], plan, dice)
        related = phrases[0] + join + phrases[1]
        if len(phrases) == 2:
            return related
        return f'{related}, and {enumerate_phrases(phrases[2:])}'
    return enumerate_phrases(phrases)


def caption(plan: Plan, key: str) -> str:
    """A sentence about the scene.

    Args:
        plan: The scene.
        key: Seed; another key words the same scene differently.
    """
    dice = Dice(key)
    opening, subject = dice.choice(OPENINGS), _subject(plan, dice)
    if subject.split(' ')[0] in NUMBERS and opening.endswith('is '):
        opening = 'here are '
    text = opening + subject + _background(plan, dice)
    return text + ('.' if dice.chance(0.5) else '')
